"""Steps given up at any moment, and stores that fail then: nobody waits for what nobody does."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from bot.engine.engine import Engine
from bot.engine.journal.journal import Journal
from bot.engine.journal.rows import RootClaim, Taken
from bot.states import State
from bot.store.database import Database
from bot.store.tables import Run, Step, Wait
from resources import Resource, StepFailed, Workflow
from tests.engine.journals import CHANGING, journal_of
from tests.engine.model_things import SOON, Act, Disk, World, counted, until

A_MOMENT = 0.7
"""Seconds: much longer than anything here takes that ends at all."""

MINUTE = timedelta(minutes=1)


@pytest.fixture
async def world(sqlite_url: str) -> AsyncIterator[World]:
    async with Database(sqlite_url) as database:
        yield World(database)


async def result_of(engine: Engine, run_id: str, within: float = A_MOMENT) -> str | None:
    """Answer a run's result; fails where it does not end."""
    async with asyncio.timeout(within):
        return (await engine.outcome(run_id)).result


class Uses(Workflow):
    """Uses a disk; where `gate` is named it comes to that first, in each of its lives."""

    size: int = 1
    gate: str = ""

    async def define(self) -> str:
        if self.gate:
            await self.given(World).through(self.gate)
        return await self.do("disk", Disk(size=self.size))


# The very moment of a claim


class ChangesItsMind(Workflow):
    """Gives a disk up after some turns of the loop, and asks for it again."""

    turns: int
    then: int = 1

    async def define(self) -> str:
        asked = asyncio.ensure_future(self.do("disk", Disk()))
        for _ in range(self.turns):
            await asyncio.sleep(0)
        asked.cancel()
        await asyncio.gather(asked, return_exceptions=True)
        return await self.do("again", Disk(size=self.then))


@pytest.mark.parametrize("then", [1, 2])
async def test_who_gives_up_while_the_store_is_asked_leaves_nothing_behind(
    world: World, then: int
) -> None:
    async with world.engine() as engine:
        run_id = await engine.submit(ChangesItsMind(turns=2, then=then))
        assert await result_of(engine, run_id) == f'"a:{then}"'


class GivesUpLater(Workflow):
    turns: int

    async def define(self) -> None:
        asked = asyncio.ensure_future(self.do("disk", Disk()))
        for _ in range(self.turns):
            await asyncio.sleep(0)
            await self.given(World).database.read(lambda session: None)
        asked.cancel()
        await asyncio.gather(asked, return_exceptions=True)


async def test_whenever_a_step_is_given_up_its_identity_is_free_afterwards(world: World) -> None:
    async with world.engine() as engine:
        for turns in range(12):
            await engine.run(GivesUpLater(turns=turns))
            run_id = await engine.submit(Disk(size=turns + 2))
            assert await result_of(engine, run_id) == f'"a:{turns + 2}"'


# One parent, one child, two steps


class AsksTwice(Workflow):
    """Asks for one disk in two steps, and gives the second one up."""

    async def define(self) -> str:
        world = self.given(World)
        first = asyncio.ensure_future(self.do("first", Disk()))
        await world.reached("disk a 1")
        second = asyncio.ensure_future(self.do("second", Disk()))
        await world.gate("give up").wait()
        second.cancel()
        await asyncio.gather(second, return_exceptions=True)
        await asyncio.wait([first], timeout=A_MOMENT / 2)
        world.open("disk a 1")
        return f"{await first}"


async def test_a_step_gives_up_what_another_step_of_its_run_waits_for(world: World) -> None:
    world.close("disk a 1")
    async with world.engine() as engine:
        run_id = await engine.submit(AsksTwice())
        await until(lambda: bool(engine._watch.waited_for))
        world.open("give up")
        assert await result_of(engine, run_id) == '"a:1"'


class AsksInAnotherOrder(Workflow):
    async def define(self) -> str:
        world = self.given(World)
        names = ["first", "second"]
        if "restarted" in world.entries:
            names.reverse()
        await asyncio.gather(*(self.do(name, Disk()) for name in names))
        await world.through("end")
        return "done"


async def test_each_step_that_shares_a_child_is_remembered(world: World) -> None:
    world.close("disk a 1")
    async with world.engine() as engine:
        run_id = await engine.submit(AsksInAnotherOrder())
        await world.reached("disk a 1")
    world.note("restarted")
    world.open("disk a 1")
    async with world.engine() as engine:
        assert await result_of(engine, run_id, SOON) == '"done"'
    for name in ("first", "second"):
        step = await world.step(run_id, f"{name}[disk-a]")
        assert step is not None
        assert step.state is State.SUCCEEDED


class TwoSizes(Workflow):
    """The second branch asks for the identity first, as something comes before in the other."""

    async def define(self) -> None:
        async def large() -> None:
            await self.do("look", Act(name="look"))
            await self.do("large", Disk(size=2))

        await asyncio.gather(large(), self.do("small", Pair()))


class Pair(Resource):
    """A disk of two steps."""

    def identity(self) -> str:
        return "disk-a"

    async def define_update(self) -> None:
        await self.do("one", Act(name="one"))
        await self.do("two", Act(name="two"))


async def test_what_a_child_did_before_a_crash_is_not_done_again_as_its_sibling_was_faster(
    world: World,
) -> None:
    world.close("look", "two")
    async with world.engine() as engine:
        run_id = await engine.submit(TwoSizes())
        await world.reached("two")
        world.open("look")
        await world.has_runs("disk-a", "waiting")
    world.open("two")
    async with world.engine() as engine:
        assert await result_of(engine, run_id) == "null"
    assert world.entries.count("one") == 1


# Branches that are left going


class FailsInOneBranch(Workflow):
    async def define(self) -> None:
        await asyncio.gather(self.do("broken", Act(name="broken")), self.do("slow", self._slow))

    async def _slow(self) -> None:
        world = self.given(World)
        try:
            await world.through("slow")
        finally:
            world.note("slow has ended")


async def test_when_a_run_is_cancelled_each_of_its_branches_ends(world: World) -> None:
    world.breaks["broken"] = 1
    world.close("slow")
    async with world.engine() as engine:
        run_id = await engine.submit(FailsInOneBranch())
        await world.reached("slow")
        await world.in_store(lambda steps: len(steps) == 1, Step)
        await world.sql(f"UPDATE run SET cancelled_by = 'maya' WHERE id = '{run_id}'")  # noqa: S608
        assert (await engine.outcome(run_id)).state is State.CANCELLED
        await asyncio.sleep(0)
        assert "slow has ended" in world.entries


class SleepsInOneBranch(Workflow):
    async def define(self) -> None:
        await asyncio.gather(self.sleep("nap", MINUTE), self.do("act", Act(name="act")))


async def test_a_run_goes_on_after_a_failed_write_though_another_branch_waits(
    world: World,
) -> None:
    world.close("act")
    async with world.engine() as engine:
        await engine.submit(SleepsInOneBranch())
        await world.clock.somebody_sleeps(MINUTE)
        refusal = world.refusing("INSERT ON step WHEN new.name = 'act'")
        async with refusal, counted(world.database) as statements:
            world.open("act")
            await until(lambda: any("INSERT INTO step" in each for each in statements))
        async with asyncio.timeout(A_MOMENT):
            await world.reached("act", 2)


# A store that fails


async def test_what_is_up_to_date_and_could_not_be_written_is_looked_at_again(
    world: World,
) -> None:
    async with world.engine() as engine:
        await engine.run(Disk())
        refusal = world.refusing("UPDATE ON run WHEN new.state = 'skipped'")
        async with refusal, counted(world.database) as statements:
            run_id = await engine.submit(Disk())
            await until(lambda: any("result=" in each for each in statements))
        assert await result_of(engine, run_id) == '"a:1"'


async def test_who_could_not_leave_the_line_is_in_nobodys_way(world: World) -> None:
    world.close("disk a 1")
    async with world.engine() as engine:
        await engine.submit(Disk())
        await world.reached("disk a 1")
        impatient = await engine.submit(GivesUpWhenTold(size=2))
        await until(lambda: len(engine._watch.waited_for) == 2)
        behind = await engine.submit(Uses(size=3))
        await world.has_runs("disk-a", "waiting", 2)
        async with world.refusing("UPDATE ON run WHEN new.state = 'cancelled'"):
            world.open("give up")
            await engine.outcome(impatient)
        world.open("disk a 1")
        assert await result_of(engine, behind) == '"a:3"'


async def test_a_child_that_a_joiner_took_over_is_given_back_with_it(world: World) -> None:
    """Its parent comes back, and the store fails under the joiner."""
    world.close("disk a 1")
    async with world.engine() as engine:
        parent = await engine.submit(Uses(gate="parent"))
        await world.reached("disk a 1")
    world.close("parent")
    async with world.engine() as engine:
        joiner = await engine.submit(Uses())
        await world.reached("disk a 1", 2)
        async with world.refusing("INSERT ON step WHEN new.name = 'resize'"):
            world.open("disk a 1")
            await until(lambda: not engine._commands.live or joiner not in engine._roots)
        world.open("parent")
        assert await result_of(engine, joiner) == '"a:1"'
        assert await result_of(engine, parent) == '"a:1"'


async def test_a_child_that_was_asked_for_by_itself_is_given_back(world: World) -> None:
    """Somebody submits what a run does just now, and the store fails under it."""
    world.close("disk a 1")
    async with world.engine() as engine:
        parent = await engine.submit(Uses())
        await world.reached("disk a 1")
        child = await engine.submit(Disk())
        assert child == (await world.run_of("disk-a")).id
        async with world.refusing("INSERT ON step WHEN new.name = 'resize'"):
            world.open("disk a 1")
            await until(lambda: child not in engine._commands.live)
        assert await result_of(engine, child) == '"a:1"'
        assert await result_of(engine, parent) == '"a:1"'


class GivesUpWhenTold(Workflow):
    """Gives its disk up when the gate `give up` is open."""

    size: int = 1

    async def define(self) -> str:
        asked = asyncio.ensure_future(self.do("disk", Disk(size=self.size)))
        await self.given(World).gate("give up").wait()
        asked.cancel()
        await asyncio.gather(asked, return_exceptions=True)
        return "gave up"


async def test_what_waits_in_line_and_was_asked_for_by_itself_outlives_who_asked_first(
    world: World,
) -> None:
    world.close("disk a 1")
    async with world.engine() as engine:
        await engine.submit(Disk())
        await world.reached("disk a 1")
        first = await engine.submit(GivesUpWhenTold(size=2))
        await world.has_runs("disk-a", "waiting")
        asked = await engine.submit(Disk(size=2))
        world.open("give up")
        await engine.outcome(first)
        world.open("disk a 1")
        assert await result_of(engine, asked) == '"a:2"'


async def test_who_came_back_takes_the_turn_that_another_one_gave_up(world: World) -> None:
    """The row in line is the parent's; a joiner attended to it meanwhile, and went away."""
    world.close("disk a 1")
    async with world.engine() as engine:
        await engine.submit(Disk())
        await world.reached("disk a 1")
        parent = await engine.submit(Uses(size=2, gate="parent"))
        await world.has_runs("disk-a", "waiting")
    world.close("parent")
    async with world.engine() as engine:
        await world.reached("disk a 1", 2)
        joiner = await engine.submit(GivesUpWhenTold(size=2))
        row = await world.run_of("disk-a")
        await world.in_store(
            lambda runs: any(r.id == row.id and r.owner == engine.ownership.id for r in runs), Run
        )
        world.open("parent")
        await until(lambda: row.id in engine._watch.waited_for)
        world.open("give up")
        await engine.outcome(joiner)
        world.open("disk a 1")
        assert await result_of(engine, parent) == '"a:2"'


# Places


class NapsAndShares(Resource):
    def identity(self) -> str:
        return "naps"

    async def define_update(self) -> None:
        await self.do("before", Act(name="before"))
        await self.sleep("nap", MINUTE)

    async def output(self) -> str:
        return "rested"


class Shares(Workflow):
    gives_up: bool = False

    async def define(self) -> str:
        asked = asyncio.ensure_future(self.do("naps", NapsAndShares()))
        if self.gives_up:
            await self.given(World).gate("give up").wait()
            asked.cancel()
            await asyncio.gather(asked, return_exceptions=True)
            return "gave up"
        return await asked


async def test_a_child_that_outlives_its_root_takes_no_place_for_ever(world: World) -> None:
    world.close("before")
    async with world.engine(at_once=2) as engine:
        first = await engine.submit(Shares(gives_up=True))
        await world.reached("before")
        joiner = await engine.submit(Shares())
        await world.in_store(lambda waits: len(waits) == 1, Wait)
        world.open("give up")
        await engine.outcome(first)
        world.open("before")
        await world.clock.somebody_sleeps(MINUTE)
        world.clock.pass_by(MINUTE)
        assert await result_of(engine, joiner) == '"rested"'
        await until(lambda: not engine._roots)
        assert engine._places._free._value == 2


class WaitsInBranches(Workflow):
    async def define(self) -> str:
        async def early() -> None:
            await self.sleep("early", MINUTE)
            await self.do("after-early", Act(name="after early"))

        async def late() -> None:
            await self.do("work", Act(name="work"))
            await self.sleep("late", MINUTE)
            await self.do("after-late", Act(name="after late"))

        await asyncio.gather(early(), late())
        return "done"


async def test_two_branches_that_come_back_while_there_is_no_room_take_one_place(
    world: World,
) -> None:
    world.close("work", "other")
    async with world.engine(at_once=1) as engine:
        run_id = await engine.submit(WaitsInBranches())
        await world.reached("work")
        await world.clock.somebody_sleeps(MINUTE)
        other = await engine.submit(Act(name="other"))
        await world.reached("other")
        world.clock.pass_by(MINUTE)
        await until(lambda: not world.clock.sleeping)
        world.open("work")
        await world.clock.somebody_sleeps(MINUTE)
        world.clock.pass_by(MINUTE)
        await until(lambda: not world.clock.sleeping)
        world.open("other")
        assert await result_of(engine, other) == '"other done"'
        assert await result_of(engine, run_id, SOON) == '"done"'
        await until(lambda: not engine._roots)
        assert engine._places._free._value == 1


# Once more, as the answer was lost


async def written_twice(journal: Journal, claim: Any, together: Any) -> list[Any]:
    return [await journal._database.write_together(together, claim) for _ in range(2)]


async def test_a_run_of_the_queue_that_is_claimed_twice_is_taken(world: World) -> None:
    world.close("disk a 1")
    async with world.engine(at_once=1) as engine:
        await engine.submit(Disk())
        await world.reached("disk a 1")
        run_id = await engine.submit(Disk(name="b"))
        await world.has_runs("disk-b", "queued")
        journal = journal_of(engine.ownership.id, world.database)
        claim = RootClaim(run_id, world.clock.now(), check=False, changing=CHANGING)
        answers = await written_twice(journal, claim, journal._root_claims.claim_roots)
    assert [type(answer) for answer in answers] == [Taken, Taken]


# What is left


async def test_after_many_runs_nothing_is_left_of_them(world: World) -> None:
    async with world.engine() as engine:
        for number in range(20):
            asked = [engine.run(Uses()), engine.run(Disk(name=f"{number}")), engine.run(Uses())]
            await asyncio.gather(*asked)
        await until(lambda: not engine._roots)
        left = (
            engine._ended,
            engine._commands.live,
            engine._watch.waited_for,
            engine._watch._signals.keys,
        )
        assert left == ({}, {}, set(), {})
        assert engine._polling is not None
        await until(lambda: not (engine._polling and engine._polling._looking))
        assert engine._places._free._value == 100
    assert await world.rows(Wait) == []
    assert not [run for run in await world.rows(Run) if not run.state.terminal]


# Pauses, and ends of the process


class TwoSteps(Workflow):
    async def define(self) -> str:
        await self.do("one", Act(name="one"))
        await self.do("two", Act(name="two"))
        return "done"


async def test_a_step_may_end_while_the_process_drains_and_the_next_one_is_left(
    world: World,
) -> None:
    world.close("one")
    async with world.engine(grace=timedelta(seconds=3)) as engine:
        run_id = await engine.submit(TwoSteps())
        await world.reached("one")
        asyncio.get_running_loop().call_later(0.05, world.open, "one")
    assert world.entries == ["one"]
    async with world.engine() as engine:
        assert await result_of(engine, run_id, SOON) == '"done"'
    assert world.entries == ["one", "two"]


async def test_a_paused_run_begins_no_step_and_occupies_no_place(world: World) -> None:
    world.close("one")
    async with world.engine(at_once=1) as engine:
        run_id = await engine.submit(TwoSteps())
        await world.reached("one")
        await world.sql(f"UPDATE run SET paused = 1 WHERE id = '{run_id}'")  # noqa: S608
        await until(lambda: engine._commands.live[run_id].gate.is_shut)
        world.open("one")
        assert await engine.run(Act(name="other")) == "other done"
        assert world.entries == ["one", "other"]
        await world.sql(f"UPDATE run SET paused = 0 WHERE id = '{run_id}'")  # noqa: S608
        assert await result_of(engine, run_id, SOON) == '"done"'
        await until(lambda: not engine._roots)
        assert engine._places._free._value == 1


async def test_a_paused_run_can_be_cancelled(world: World) -> None:
    world.close("one")
    async with world.engine(at_once=1) as engine:
        run_id = await engine.submit(TwoSteps())
        await world.reached("one")
        await world.sql(f"UPDATE run SET paused = 1 WHERE id = '{run_id}'")  # noqa: S608
        await until(lambda: engine._commands.live[run_id].gate.is_shut)
        world.open("one")
        await world.in_store(lambda steps: len(steps) == 1, Step)
        await world.sql(f"UPDATE run SET cancelled_by = 'maya' WHERE id = '{run_id}'")  # noqa: S608
        outcome = await engine.outcome(run_id)
        assert outcome.state is State.CANCELLED
        with pytest.raises(StepFailed, match="was cancelled by maya"):
            outcome.answer(str)
        assert await engine.run(Act(name="other")) == "other done"


async def test_who_waits_for_an_outcome_does_not_wait_for_ever_when_the_engine_ends(
    world: World,
) -> None:
    world.close("one")
    async with world.engine() as engine:
        asked = asyncio.ensure_future(engine.run(TwoSteps()))
        await world.reached("one")
    await asyncio.wait([asked], timeout=A_MOMENT)
    assert asked.done()
