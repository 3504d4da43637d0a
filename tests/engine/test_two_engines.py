"""Two engines on one database: what they share, wait for, and take over from each other."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import col, delete

from bot.engine.engine import Engine
from bot.states import State
from bot.store.database import Database
from bot.store.tables import Owner, Run, Wait
from resources import Resource, StepFailed, Workflow
from tests.engine.model_things import AT_ONCE, SOON, Act, Disk, World, until

A_DAY = timedelta(days=1)


class Uses(Workflow):
    """Uses a disk; a higher `turn` makes it another run."""

    size: int = 1
    name: str = "a"
    turn: int = 0

    async def define(self) -> str:
        return await self.do("disk", Disk(name=self.name, size=self.size))


class Mirror(Resource):
    """Waits for its counterpart, which waits for it."""

    name: str

    def identity(self) -> str:
        return f"mirror-{self.name}"

    async def define_update(self) -> None:
        world = self.given(World)
        world.arrival(self.name).set()
        for name in ("left", "right"):
            await world.arrival(name).wait()
        await self.do("other", Mirror(name="right" if self.name == "left" else "left"))


class Holds(Workflow):
    name: str

    async def define(self) -> None:
        await self.do("mirror", Mirror(name=self.name))


class Pair:
    """Two engines, each with the database open for itself."""

    def __init__(self, world: World, first: Engine, second: Engine) -> None:
        self.world = world
        self.first = first
        self.second = second
        self.all = (first, second)

    def __iter__(self) -> Any:
        return iter(self.all)


@pytest.fixture
async def world(sqlite_url: str) -> AsyncIterator[World]:
    async with Database(sqlite_url) as database:
        yield World(database)


@pytest.fixture
async def pair(world: World, sqlite_url: str) -> AsyncIterator[Pair]:
    async with AsyncExitStack() as stack:
        engines = []
        for _ in range(2):
            database = await stack.enter_async_context(Database(sqlite_url))
            engine = world.engine(database=database, expiry=A_DAY)
            await engine.__aenter__()
            engines.append(engine)
        pair = Pair(world, *engines)
        yield pair
        for engine in pair:
            if not engine._commands.turns.closing:
                await engine.__aexit__()


async def bury(world: World, engine: Engine) -> None:
    """Count an engine as dead: whether it is or not."""
    owner = engine.ownership.id
    await world.database.write(
        lambda session: (
            session.connection().execute(delete(Owner).where(col(Owner.id) == owner)) and None
        )
    )


async def kill(world: World, engine: Engine) -> None:
    """End all that an engine does at once, as a kill would: it gives nothing back."""
    engine._commands.turns.closing = True
    tasks = [*engine._tasks, *engine._roots.values()]
    tasks += [run.task for run in engine._commands.live.values() if run.task is not None]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    engine._watch.close()
    await engine._open.aclose()
    await bury(world, engine)


async def ends(engine: Engine, run_id: str) -> str | None:
    """Answer a run's result, looking for runs all the time."""
    asked = asyncio.ensure_future(engine.outcome(run_id))
    async with asyncio.timeout(SOON / 2):
        while not asked.done():
            engine.wake()
            await asyncio.wait([asked], timeout=AT_ONCE.total_seconds())
    return asked.result().result


async def nothing_is_left(world: World) -> None:
    assert [run for run in await world.rows(Run) if not run.state.terminal] == []
    assert await world.rows(Wait) == []


async def test_what_both_ask_for_is_done_once(pair: Pair, world: World) -> None:
    world.close("disk a 1")
    first = await pair.first.submit(Uses())
    await world.reached("disk a 1")
    second = await pair.second.submit(Uses())
    await world.in_store(lambda waits: len(waits) == 1, Wait)
    world.open("disk a 1")
    assert await ends(pair.first, first) == await ends(pair.second, second) == '"a:1"'
    assert world.entries == ["disk a 1"]
    await nothing_is_left(world)


async def test_who_joins_at_the_last_moment_gets_the_result_as_well(
    pair: Pair, world: World
) -> None:
    for turn in range(20):
        runs = [(engine, await engine.submit(Uses(size=turn, turn=turn))) for engine in pair]
        for engine, run_id in runs:
            assert await ends(engine, run_id) == f'"a:{turn}"'
    assert world.entries == [f"disk a {turn}" for turn in range(20)]
    await nothing_is_left(world)


async def test_what_differs_takes_its_turn(pair: Pair, world: World) -> None:
    world.close("disk a 1")
    runs = [(pair.first, await pair.first.submit(Uses(size=1)))]
    await world.reached("disk a 1")
    for engine, size in ((pair.second, 4), (pair.first, 2), (pair.second, 3)):
        runs.append((engine, await engine.submit(Uses(size=size))))
        await world.has_runs("disk-a", "waiting", len(runs) - 1)
    world.open("disk a 1")
    for engine, run_id in runs:
        await ends(engine, run_id)
    assert world.entries == ["disk a 1", "disk a 4", "disk a 2", "disk a 3"]
    await nothing_is_left(world)


async def test_two_that_wait_for_each_other_across_engines_are_told_so(
    pair: Pair, world: World
) -> None:
    left = await pair.first.submit(Holds(name="left"))
    right = await pair.second.submit(Holds(name="right"))
    told = ""
    for engine, run_id in ((pair.first, left), (pair.second, right)):
        outcome = asyncio.ensure_future(engine.outcome(run_id))
        async with asyncio.timeout(SOON):
            try:
                (await outcome).answer(str)
            except StepFailed as failed:
                told += str(failed)
    assert "would wait for itself" in told
    await nothing_is_left(world)


async def test_who_joined_takes_over_from_one_that_was_killed(pair: Pair, world: World) -> None:
    world.close("disk a 1")
    first = await pair.first.submit(Uses())
    await world.reached("disk a 1")
    second = await pair.second.submit(Uses())
    await world.in_store(lambda waits: len(waits) == 1, Wait)
    await kill(world, pair.first)
    await world.reached("disk a 1", 2)
    world.open("disk a 1")
    assert await ends(pair.second, second) == '"a:1"'
    assert await ends(pair.second, first) == '"a:1"'
    assert world.entries == ["disk a 1"] * 2
    await nothing_is_left(world)


async def test_who_was_in_line_takes_its_turn_after_one_that_was_killed(
    pair: Pair, world: World
) -> None:
    world.close("disk a 1")
    first = await pair.first.submit(Uses())
    await world.reached("disk a 1")
    second = await pair.second.submit(Uses(size=2))
    await world.has_runs("disk-a", "waiting")
    await kill(world, pair.first)
    world.open("disk a 1")
    assert await ends(pair.second, first) == '"a:1"'
    assert await ends(pair.second, second) == '"a:2"'
    assert world.entries == ["disk a 1", "disk a 1", "disk a 2"]
    await nothing_is_left(world)


async def test_who_was_killed_in_line_is_in_nobodys_way(pair: Pair, world: World) -> None:
    world.close("disk a 1")
    holder = await pair.second.submit(Uses())
    await world.reached("disk a 1")
    first = await pair.first.submit(Uses(size=2))
    await world.has_runs("disk-a", "waiting")
    third = await pair.second.submit(Uses(size=3))
    await world.has_runs("disk-a", "waiting", 2)
    await kill(world, pair.first)
    world.open("disk a 1")
    assert await ends(pair.second, third) == '"a:3"'
    assert await ends(pair.second, first) == '"a:2"'
    assert await ends(pair.second, holder) == '"a:1"'
    await nothing_is_left(world)


async def test_what_ends_as_orderly_as_it_can_hands_its_runs_over(pair: Pair, world: World) -> None:
    world.close("disk a 1")
    first = await pair.first.submit(Uses())
    await world.reached("disk a 1")
    second = await pair.second.submit(Uses())
    await world.in_store(lambda waits: len(waits) == 1, Wait)
    await pair.first.__aexit__()
    world.open("disk a 1")
    assert await ends(pair.second, second) == '"a:1"'
    assert await ends(pair.second, first) == '"a:1"'
    await nothing_is_left(world)


async def test_one_that_is_counted_as_dead_and_lives_writes_nothing_more(
    pair: Pair, world: World
) -> None:
    world.close("disk a 1")
    first = await pair.first.submit(Uses())
    await world.reached("disk a 1")
    await bury(world, pair.first)
    pair.second.wake()
    await world.reached("disk a 1", 2)
    world.open("disk a 1")
    assert await ends(pair.second, first) == '"a:1"'
    await until(lambda: not pair.first._roots)
    run = next(each for each in await world.rows(Run) if each.id == first)
    assert (run.state, run.owner) == (State.SUCCEEDED, pair.second.ownership.id)
    await nothing_is_left(world)


async def test_one_whose_child_was_taken_over_while_it_slept_goes_on_with_its_end(
    pair: Pair, world: World
) -> None:
    """The joiner counted it as dead; its root was not taken yet, and it is heard again."""
    world.close("disk a 1")
    first = await pair.first.submit(Uses())
    await world.reached("disk a 1")
    second = await pair.second.submit(Uses())
    await world.in_store(lambda waits: len(waits) == 1, Wait)
    await world.sql(f"UPDATE run SET owner = NULL WHERE parent_id = '{first}'")  # noqa: S608
    await world.reached("disk a 1", 2)
    world.open("disk a 1")
    assert await ends(pair.second, second) == '"a:1"'
    assert await ends(pair.first, first) == '"a:1"'
    await until(lambda: not pair.first._roots)
    await nothing_is_left(world)


@pytest.mark.parametrize("seed", range(4))
async def test_whatever_happens_everything_ends(pair: Pair, world: World, seed: int) -> None:
    """Two engines share three disks; one is killed in the middle."""
    chance = random.Random(seed)  # noqa: S311 (nobody has to be unable to guess it)
    runs = []
    for turn in range(30):
        engine = chance.choice(pair.all)
        wanted = Uses(name=chance.choice("abc"), size=chance.randint(1, 3), turn=turn)
        runs.append(await engine.submit(wanted))
        if chance.random() < 0.3:
            await asyncio.sleep(0)
    for _ in range(chance.randint(0, 20)):
        await world.rows(Owner)
    await kill(world, pair.first)
    for run_id in runs:
        assert await ends(pair.second, run_id) is not None
    await nothing_is_left(world)


async def test_ids_rise_with_time(pair: Pair, world: World) -> None:
    runs = [await engine.submit(Act(name=f"{turn}")) for turn in range(10) for engine in pair]
    assert runs == sorted(runs)
    for run_id in runs:
        await ends(pair.first, run_id)
