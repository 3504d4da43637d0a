"""Resources that go through the queue: the unit of distribution, and what limits them."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import ClassVar

import pytest

from bot.engine.pace import Limits
from bot.states import State
from bot.store.database import Database
from bot.store.tables import Place, Run, Wait
from resources import OrbitsError, Resource, StepFailed, Workflow
from resources.errors import WaitsForItself
from tests.engine.model_things import Act, Disk, QueuedDisk, World, until, with_a_look

A_MOMENT = 0.7
A_DAY = timedelta(days=1)


class DiskFull(OrbitsError):
    """There is no room."""


class FullDisk(QueuedDisk):
    async def define_update(self) -> None:
        raise DiskFull("there is no room", left=0)


class Wobbly(QueuedDisk):
    """A disk that is never found intact."""

    name: str = "wobbly"

    async def intact(self) -> bool:
        return False


class Stack(Workflow):
    """Does queued disks, all at once."""

    names: tuple[str, ...] = ("a",)
    force: bool = False
    full: bool = False

    async def define(self) -> list[str]:
        kind = FullDisk if self.full else QueuedDisk
        disks = [self.do(f"disk-{name}", kind(name=name), force=self.force) for name in self.names]
        return list(await asyncio.gather(*disks))


class QueuedStack(Resource):
    """A queued resource of queued resources."""

    queued: ClassVar[bool] = True
    names: tuple[str, ...]

    def identity(self) -> str:
        return f"stack-{'-'.join(self.names)}"

    async def define_update(self) -> None:
        for name in self.names:
            await self.do("disk", QueuedDisk(name=name))
        await self.do("after", Act(name="after"))

    async def output(self) -> int:
        return len(self.names)


class Stacks(Workflow):
    async def define(self) -> list[int]:
        asked = (self.do(f"stack-{n}", QueuedStack(names=(f"{n}1", f"{n}2"))) for n in "xyz")
        return list(await asyncio.gather(*asked))


class Catches(Workflow):
    async def define(self) -> str:
        try:
            await self.do("disk", FullDisk())
        except StepFailed as failed:
            left = failed.cause.facts["left"] if isinstance(failed.cause, DiskFull) else "?"
            return f"{left} left"
        return "room"


class Site(Resource):
    """Asks for another state of itself, through the queue."""

    queued: ClassVar[bool] = True
    inner: bool = False

    def identity(self) -> str:
        return "site"

    async def define_update(self) -> None:
        if not self.inner:
            await self.do("inner", Site(inner=True))


@pytest.fixture
async def world(sqlite_url: str) -> AsyncIterator[World]:
    async with Database(sqlite_url) as database:
        yield World(database)


@pytest.fixture
async def beside(sqlite_url: str, world: World) -> AsyncIterator[Database]:
    """The same database, as another process would have it open."""
    async with Database(sqlite_url) as database:
        yield database


async def test_it_is_a_run_of_its_own_in_the_queue(world: World) -> None:
    async with world.engine() as engine:
        run_id = await engine.submit(Stack())
        outcome = await with_a_look(engine, engine.outcome(run_id))
    assert outcome.result == '["a:1"]'
    child = await world.run_of("disk-a")
    assert (child.root_id, child.parent_id) == (child.id, run_id)


async def test_a_parent_that_waits_occupies_no_place(world: World) -> None:
    async with world.engine(at_once=1) as engine:
        answer = await with_a_look(engine, engine.run(Stack(names=("a", "b", "c"))))
    assert answer == ["a:1", "b:1", "c:1"]


async def test_queued_children_of_queued_children_finish_in_one_place(world: World) -> None:
    async with world.engine(at_once=1) as engine:
        assert await with_a_look(engine, engine.run(Stacks())) == [2, 2, 2]
        await until(lambda: not engine._roots)
        assert engine._places._free._value == 1
    assert len([entry for entry in world.entries if entry.startswith("disk")]) == 6


async def test_lanes_limit_how_many_go_on_at_once(world: World) -> None:
    names = ("a", "b", "c", "d")
    world.close(*(f"disk {name} 1" for name in names))
    async with world.engine(limits=Limits(by_kind={"account": 2})) as engine:
        asked = asyncio.ensure_future(with_a_look(engine, engine.run(Stack(names=names))))
        await until(lambda: len(world.entries) == 2)
        for _ in range(3):
            engine.wake()
            await world.database.read(lambda session: None)
        assert len(world.entries) == 2
        world.open(world.entries[0])
        await until(lambda: len(world.entries) == 3)
        world.open(*(f"disk {name} 1" for name in names))
        await asked
    assert await world.rows(Place) == []


async def test_what_is_not_intact_waits_for_its_lane_to_be_done_again(world: World) -> None:
    async with world.engine() as engine:
        await engine.run(Wobbly())
    world.close("disk other 1", "disk wobbly 1")
    async with world.engine(limits=Limits(by_kind={"account": 1})) as engine:
        other = await engine.submit(QueuedDisk(name="other"))
        await world.reached("disk other 1")
        wobbly = await engine.submit(Wobbly())
        for _ in range(3):
            engine.wake()
            await world.database.read(lambda session: None)
        assert world.entries == ["disk wobbly 1", "disk other 1"]
        world.open("disk other 1", "disk wobbly 1")
        outcomes = [await with_a_look(engine, engine.outcome(each)) for each in (other, wobbly)]
    assert [outcome.state for outcome in outcomes] == [State.SUCCEEDED] * 2
    assert world.entries[2:] == ["disk wobbly 1"]
    assert await world.rows(Place) == []


async def test_one_lane_for_parents_and_children_is_enough(world: World) -> None:
    async with world.engine(limits=Limits(overall=1)) as engine:
        assert await with_a_look(engine, engine.run(Stacks())) == [2, 2, 2]
    assert await world.rows(Place) == []


async def test_what_is_more_urgent_is_taken_sooner(world: World) -> None:
    world.close("disk busy 1")
    async with world.engine(at_once=1) as engine:
        busy = await engine.submit(Disk(name="busy"))
        await world.reached("disk busy 1")
        runs = [busy]
        for name, priority in (("a", 0), ("b", 5), ("c", -1), ("d", 5)):
            runs.append(await engine.submit(Disk(name=name), priority=priority))
        await world.has_runs("disk-d", "queued")
        world.open("disk busy 1")
        for run_id in runs:
            await with_a_look(engine, engine.outcome(run_id))
    assert world.entries == [f"disk {name} 1" for name in ("busy", "b", "d", "a", "c")]


async def test_what_an_urgent_run_hands_to_the_queue_is_as_urgent(world: World) -> None:
    world.close("disk a 1")
    async with world.engine() as engine:
        run_id = await engine.submit(Stack(), priority=5)
        await world.has_runs("disk-a", "queued")
        assert (await world.run_of("disk-a")).rank == -5
        world.open("disk a 1")
        await with_a_look(engine, engine.outcome(run_id))


async def test_what_is_handed_to_the_queue_is_taken_at_once(world: World) -> None:
    """Nobody has to wait for the next look of whoever works alone."""
    async with world.engine() as engine:
        async with asyncio.timeout(A_MOMENT):
            assert await engine.run(Stack()) == ["a:1"]


async def test_a_full_engine_takes_the_next_run_when_one_has_ended(world: World) -> None:
    async with world.engine(at_once=1) as engine:
        runs = [await engine.submit(Disk(name=name)) for name in "abc"]
        async with asyncio.timeout(A_MOMENT):
            for run_id in runs:
                await engine.outcome(run_id)


async def test_the_failure_of_a_queued_child_reaches_its_parent_in_its_own_type(
    world: World,
) -> None:
    async with world.engine() as engine:
        assert await with_a_look(engine, engine.run(Catches())) == "0 left"


async def test_force_does_a_queued_child_that_is_up_to_date(world: World) -> None:
    async with world.engine() as engine:
        await with_a_look(engine, engine.run(Stack()))
        asked = asyncio.ensure_future(engine.run(Stack(force=True)))
        for _ in range(10):
            engine.wake()
            await asyncio.wait([asked], timeout=0.02)
        assert asked.done()
        assert asked.result() == ["a:1"]
    assert world.entries == ["disk a 1", "disk a 1"]


async def test_a_queued_child_of_ones_own_identity_is_refused(world: World) -> None:
    async with world.engine() as engine:
        run_id = await engine.submit(Site())
        asked = asyncio.ensure_future(engine.outcome(run_id))
        await asyncio.wait([asked], timeout=A_MOMENT)
        assert asked.done()
        with pytest.raises(StepFailed, match="would wait for itself") as failed:
            asked.result().answer(str)
        assert isinstance(failed.value.cause, WaitsForItself)


async def test_a_queued_child_that_is_given_up_is_not_begun(world: World) -> None:
    world.close("disk busy 1")
    limits = Limits(overall=1)
    async with world.engine(limits=limits) as engine:
        await engine.submit(QueuedDisk(name="busy"))
        await world.reached("disk busy 1")
        run_id = await engine.submit(Stack())
        await world.has_runs("disk-a", "queued")
        await world.sql(f"UPDATE run SET cancelled_by = 'maya' WHERE id = '{run_id}'")  # noqa: S608
        assert (await engine.outcome(run_id)).state is State.CANCELLED
        assert (await world.run_of("disk-a")).state is State.CANCELLED
        world.open("disk busy 1")
        busy = await world.run_of("disk-busy")
        await engine.outcome(busy.id)
    assert world.entries == ["disk busy 1"]
    assert await world.rows(Place) == []


async def test_a_lane_is_free_after_who_held_it_was_cancelled_and_dead(world: World) -> None:
    world.close("disk a 1")
    limits = Limits(by_kind={"account": 1})
    async with world.engine(limits=limits) as engine:
        run_id = await engine.submit(QueuedDisk(name="a"))
        await world.reached("disk a 1")
    await world.sql(f"UPDATE run SET cancelled_by = 'maya' WHERE id = '{run_id}'")  # noqa: S608
    async with world.engine(limits=limits) as engine:
        assert (await engine.outcome(run_id)).state is State.CANCELLED
        async with asyncio.timeout(A_MOMENT):
            assert await engine.run(QueuedDisk(name="b")) == "b:1"


async def test_who_was_cancelled_by_a_person_is_told_so_though_its_process_was_dead(
    world: World,
) -> None:
    world.close("disk a 1")
    async with world.engine() as engine:
        run_id = await engine.submit(QueuedDisk(name="a"))
        await world.reached("disk a 1")
    await world.sql(f"UPDATE run SET cancelled_by = 'maya' WHERE id = '{run_id}'")  # noqa: S608
    async with world.engine() as engine:
        outcome = await engine.outcome(run_id)
    with pytest.raises(StepFailed, match="was cancelled by maya"):
        outcome.answer(str)


# Two processes


async def test_a_child_whose_parent_crashed_hands_its_result_to_it(
    world: World, beside: Database
) -> None:
    world.close("disk a 1")
    async with world.engine(expiry=A_DAY) as first:
        run_id = await first.submit(Stack())
        await with_a_look(first, world.reached("disk a 1"))
    # Cut off: the child is taken up by another process before the parent is.
    await world.sql(f"UPDATE run SET paused = 1 WHERE id = '{run_id}'")  # noqa: S608
    async with world.engine(database=beside, expiry=A_DAY):
        await world.reached("disk a 1", 2)
        await world.sql(f"UPDATE run SET paused = 0 WHERE id = '{run_id}'")  # noqa: S608
        async with world.engine(database=world.database, expiry=A_DAY) as third:
            await asyncio.sleep(0)
            world.open("disk a 1")
            outcome = await with_a_look(third, third.outcome(run_id))
    assert outcome.result == '["a:1"]'
    assert world.entries == ["disk a 1", "disk a 1"]
    assert await world.rows(Wait) == []


async def test_a_child_that_ended_while_its_parent_was_dead_is_not_asked_for_again(
    world: World,
) -> None:
    world.close("disk a 1")
    async with world.engine() as first:
        run_id = await first.submit(Stack())
        await with_a_look(first, world.reached("disk a 1"))
    await world.sql(f"UPDATE run SET paused = 1 WHERE id = '{run_id}'")  # noqa: S608
    world.open("disk a 1")
    async with world.engine() as second:
        child = await world.run_of("disk-a")
        assert (await second.outcome(child.id)).state is State.SUCCEEDED
    await world.sql(f"UPDATE run SET paused = 0 WHERE id = '{run_id}'")  # noqa: S608
    async with world.engine() as third:
        assert (await third.outcome(run_id)).result == '["a:1"]'
    disks = [run for run in await world.rows(Run) if run.identity == "disk-a"]
    assert len(disks) == 1
    assert world.entries == ["disk a 1", "disk a 1"]
