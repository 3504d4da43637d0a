"""Waiting: for time, for what people say, for an identity; and until when."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import ClassVar

import pytest
from pydantic import BaseModel

from bot.engine.engine import Engine
from bot.states import State
from bot.store.database import Database
from bot.store.tables import Run, Signal, Step, Wait
from resources import IdentityBusy, Resource, StepFailed, TimedOut, Workflow
from tests.engine.model_things import Act, Disk, World, counted, until, with_a_look

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
A_LOT = 100
"""More statements than a look and a round need, and fewer than one look after another makes."""


@pytest.fixture
async def world(sqlite_url: str) -> AsyncIterator[World]:
    async with Database(sqlite_url) as database:
        yield World(database)


class Naps(Workflow):
    async def define(self) -> str:
        await self.do("before", Act(name="before"))
        await self.sleep("nap", HOUR)
        await self.do("after", Act(name="after"))
        return "rested"


class Approval(BaseModel):
    by: str
    yes: bool


class Asks(Workflow):
    """Waits for an approval, for a time, and then for a second one."""

    timeout: timedelta | None = None
    twice: bool = False

    async def define(self) -> list[str]:
        approved = [await self.wait_for("approval", Approval, timeout=self.timeout)]
        if self.twice:
            approved.append(await self.wait_for("approval", Approval))
        return [each.by for each in approved]


class AsksInside(Workflow):
    async def define(self) -> list[str]:
        return await self.do("inner", Asks())


class Limited(Workflow):
    """Has an hour."""

    deadline: ClassVar[timedelta] = HOUR

    async def define(self) -> str:
        await self.do("first", Act(name="first"))
        await self.do("second", Act(name="second"))
        return "in time"


class LimitedDisk(Disk):
    deadline: ClassVar[timedelta] = MINUTE


class Uses(Workflow):
    """Uses a disk of a size."""

    size: int = 1
    limited: bool = False

    async def define(self) -> str:
        disk = LimitedDisk(size=self.size) if self.limited else Disk(size=self.size)
        return await self.do("disk", disk)


class GivesUpWhenTold(Workflow):
    """Waits for a disk until the gate `give up` is open."""

    async def define(self) -> str:
        asked = asyncio.ensure_future(self.do("disk", Disk(size=2)))
        await self.given(World).gate("give up").wait()
        asked.cancel()
        await asyncio.gather(asked, return_exceptions=True)
        return "gave up"


async def asleep(world: World, run_id: str, step: str) -> None:
    await world.in_store(
        lambda steps: any(
            (s.run_id, s.name, s.state) == (run_id, step, State.WAITING) for s in steps
        ),
        Step,
    )


# Time


async def test_a_run_sleeps_as_long_as_it_said(world: World) -> None:
    async with world.engine() as engine:
        run_id = await engine.submit(Naps())
        await world.clock.somebody_sleeps(HOUR)
        world.clock.pass_by(HOUR - MINUTE)
        await asyncio.sleep(0)
        assert world.entries == ["before"]
        world.clock.pass_by(MINUTE)
        outcome = await engine.outcome(run_id)
    assert (outcome.result, world.entries) == ('"rested"', ["before", "after"])


async def test_a_restart_does_not_begin_a_sleep_anew(world: World) -> None:
    async with world.engine() as engine:
        run_id = await engine.submit(Naps())
        await asleep(world, run_id, "nap")
    world.clock.pass_by(HOUR - MINUTE)
    async with world.engine() as engine:
        await world.clock.somebody_sleeps(MINUTE)
        world.clock.pass_by(MINUTE)
        outcome = await engine.outcome(run_id)
    assert (outcome.result, world.entries) == ('"rested"', ["before", "after"])


async def test_a_sleep_that_ended_while_no_engine_was_there_is_over(world: World) -> None:
    async with world.engine() as engine:
        run_id = await engine.submit(Naps())
        await asleep(world, run_id, "nap")
    world.clock.pass_by(2 * HOUR)
    async with world.engine() as engine:
        assert (await engine.outcome(run_id)).result == '"rested"'


async def test_who_sleeps_occupies_no_place(world: World) -> None:
    async with world.engine(at_once=1) as engine:
        naps = [await engine.submit(Naps()) for _ in range(3)]
        for run_id in naps:
            await asleep(world, run_id, "nap")
        assert await with_a_look(engine, engine.run(Act(name="other"))) == "other done"
        world.clock.pass_by(HOUR + MINUTE)
        for run_id in naps:
            assert (await with_a_look(engine, engine.outcome(run_id))).result == '"rested"'


# What people say


async def test_a_run_waits_for_an_approval(world: World) -> None:
    async with world.engine() as engine:
        run_id = await engine.submit(Asks())
        await asleep(world, run_id, "approval")
        await world.send(run_id, "approval", '{"by": "maya", "yes": true}')
        assert (await engine.outcome(run_id)).result == '["maya"]'


async def test_an_approval_that_came_while_no_engine_was_there_counts(world: World) -> None:
    async with world.engine() as engine:
        run_id = await engine.submit(Asks(timeout=HOUR))
        await asleep(world, run_id, "approval")
    await world.send(run_id, "approval", '{"by": "maya", "yes": true}')
    world.clock.pass_by(2 * HOUR)
    async with world.engine() as engine:
        assert (await engine.outcome(run_id)).result == '["maya"]'


async def test_a_second_turn_waits_for_a_signal_of_its_own(world: World) -> None:
    async with world.engine() as engine:
        run_id = await engine.submit(Asks(twice=True))
        await asleep(world, run_id, "approval")
        await world.send(run_id, "approval", '{"by": "maya", "yes": true}')
        await asleep(world, run_id, "approval#2")
        await world.send(run_id, "approval#2", '{"by": "rowan", "yes": true}')
        assert (await engine.outcome(run_id)).result == '["maya","rowan"]'


async def test_a_workflow_inside_waits_under_the_name_of_its_step(world: World) -> None:
    async with world.engine() as engine:
        run_id = await engine.submit(AsksInside())
        await asleep(world, run_id, "inner/approval")
        await world.send(run_id, "inner/approval", '{"by": "maya", "yes": true}')
        assert (await engine.outcome(run_id)).result == '["maya"]'


async def test_a_signal_that_holds_something_else_fails_the_step(world: World) -> None:
    async with world.engine() as engine:
        run_id = await engine.submit(Asks())
        await world.send(run_id, "approval", '{"by": "maya"}')
        outcome = await engine.outcome(run_id)
    with pytest.raises(StepFailed, match="What is remembered of the signal `approval` does not"):
        outcome.answer(str)


async def test_nobody_answers_in_time_and_restarts_count(world: World) -> None:
    async with world.engine() as engine:
        run_id = await engine.submit(Asks(timeout=HOUR))
        await asleep(world, run_id, "approval")
    world.clock.pass_by(HOUR - MINUTE)
    async with world.engine() as engine:
        await world.clock.somebody_sleeps(MINUTE)
        world.clock.pass_by(MINUTE)
        outcome = await engine.outcome(run_id)
    with pytest.raises(StepFailed, match=r"Nobody sent the signal `approval` to .* in") as late:
        outcome.answer(str)
    assert isinstance(late.value.cause, TimedOut)


async def test_who_waits_for_an_approval_occupies_no_place(world: World) -> None:
    async with world.engine(at_once=1) as engine:
        run_id = await engine.submit(Asks())
        await asleep(world, run_id, "approval")
        assert await engine.run(Act(name="other")) == "other done"
        await world.send(run_id, "approval", '{"by": "maya", "yes": true}')
        assert (await engine.outcome(run_id)).state is State.SUCCEEDED


async def is_quiet(world: World, engine: Engine) -> bool:
    """Answer whether the store is left alone for a while in which nothing happens.

    On a busy machine a while may be many seconds, each with its heartbeat.
    """
    engine._look_again.ring()
    began = time.monotonic()
    async with counted(world.database) as statements:
        for _ in range(30):
            await asyncio.sleep(0.02)
            if len(statements) > A_LOT * max(1, time.monotonic() - began):
                return False
    return True


async def test_waiting_for_a_second_signal_costs_no_more_than_for_the_first(world: World) -> None:
    async with world.engine(look_every=HOUR) as engine:
        run_id = await engine.submit(Asks(twice=True))
        await world.send(run_id, "approval", '{"by": "maya", "yes": true}')
        await asleep(world, run_id, "approval#2")
        assert await is_quiet(world, engine)


async def test_waiting_for_a_paused_run_costs_next_to_nothing(world: World) -> None:
    world.close("disk a 1")
    async with world.engine(look_every=HOUR) as engine:
        first = await engine.submit(Disk())
        await world.reached("disk a 1")
        await engine.submit(Uses())
        await world.in_store(lambda waits: len(waits) == 1, Wait)
        await world.sql(f"UPDATE run SET paused = 1 WHERE id = '{first}'")  # noqa: S608
        assert await is_quiet(world, engine)


async def test_waiting_for_what_was_cut_off_costs_next_to_nothing(world: World) -> None:
    """Who held the identity is paused since, so that nobody takes it up."""
    world.close("disk a 1")
    async with world.engine() as engine:
        holder = await engine.submit(Uses())
        await world.reached("disk a 1")
    await world.sql(f"UPDATE run SET paused = 1 WHERE id = '{holder}'")  # noqa: S608
    async with world.engine(look_every=HOUR) as engine:
        await engine.submit(Uses(size=2))
        await world.has_runs("disk-a", "waiting")
        assert await is_quiet(world, engine)


async def test_asking_for_the_outcome_of_a_paused_run_costs_next_to_nothing(world: World) -> None:
    world.close("disk a 1")
    async with world.engine() as engine:
        run_id = await engine.submit(Disk())
        await world.reached("disk a 1")
    await world.sql(f"UPDATE run SET paused = 1 WHERE id = '{run_id}'")  # noqa: S608
    async with world.engine(look_every=HOUR) as engine:
        asked = asyncio.ensure_future(engine.outcome(run_id))
        assert await is_quiet(world, engine)
        asked.cancel()


# Until when


async def test_a_run_that_is_not_done_by_its_deadline_is_ended(world: World) -> None:
    world.close("second")
    async with world.engine() as engine:
        run_id = await engine.submit(Limited())
        await world.reached("second")
        world.clock.pass_by(HOUR)
        outcome = await engine.outcome(run_id)
    with pytest.raises(StepFailed) as failed:
        outcome.answer(str)
    assert isinstance(failed.value.cause, TimedOut)
    assert failed.value.reason == (
        f"{run_id} (run) was not done by its deadline, 2026-03-02 09:00:00 UTC, and was ended. "
        f"Finished steps are kept: `orbits retry {run_id}`."
    )


async def test_a_deadline_counts_from_when_the_run_was_asked_for(world: World) -> None:
    world.close("second")
    async with world.engine() as engine:
        run_id = await engine.submit(Limited())
        await world.reached("second")
    world.clock.pass_by(HOUR - MINUTE)
    async with world.engine() as engine:
        await world.reached("second", 2)
        world.clock.pass_by(MINUTE)
        assert (await engine.outcome(run_id)).state is State.FAILED


async def test_a_run_in_time_is_not_ended_later(world: World) -> None:
    async with world.engine() as engine:
        assert await engine.run(Limited()) == "in time"
        world.clock.pass_by(2 * HOUR)
        await asyncio.sleep(0)
        assert not world.clock.sleeping


async def test_the_deadline_of_a_child_is_a_failure_for_its_parent(world: World) -> None:
    world.close("disk a 1")
    async with world.engine() as engine:
        run_id = await engine.submit(Uses(limited=True))
        await world.reached("disk a 1")
        world.clock.pass_by(MINUTE)
        outcome = await engine.outcome(run_id)
    with pytest.raises(StepFailed, match=r"disk-a \(update\) was not done by its deadline") as late:
        outcome.answer(str)
    assert isinstance(late.value.cause, TimedOut)


async def test_a_deadline_counts_in_line_as_well(world: World) -> None:
    world.close("disk a 1")
    async with world.engine() as engine:
        await engine.submit(Disk())
        await world.reached("disk a 1")
        run_id = await engine.submit(Uses(size=2, limited=True))
        await world.has_runs("disk-a", "waiting")
        world.clock.pass_by(2 * MINUTE)
        async with asyncio.timeout(MINUTE.total_seconds()):
            await engine.outcome(run_id)


async def test_nothing_begins_after_the_deadline(world: World) -> None:
    """It passed while no engine was there, after the first of two steps."""
    world.close("first")
    async with world.engine() as engine:
        run_id = await engine.submit(Limited())
        await world.reached("first")
    world.open("first")
    world.clock.pass_by(2 * HOUR)
    async with world.engine() as engine:
        assert (await engine.outcome(run_id)).state is State.FAILED
    assert world.entries == ["first"]


# In line


async def test_patience_ends_and_says_who_holds_it_since_when(world: World) -> None:
    world.close("disk a 1")
    async with world.engine(patience=HOUR) as engine:
        holder = await engine.submit(Disk())
        await world.reached("disk a 1")
        run_id = await engine.submit(Uses(size=2))
        await world.clock.somebody_sleeps(HOUR)
        world.clock.pass_by(HOUR)
        outcome = await engine.outcome(run_id)
        with pytest.raises(StepFailed) as failed:
            outcome.answer(str)
        assert isinstance(failed.value.cause, IdentityBusy)
        assert failed.value.reason == (
            f"disk-a is held by its command update (run {holder}), since 2026-03-02 08:00:00 UTC; "
            "update has waited for 1:00:00 and was not started. See "
            f"`orbits status {holder}`, free it with `orbits cancel {holder}`, then retry."
        )
        world.open("disk a 1")
        assert (await engine.outcome(holder)).state is State.SUCCEEDED
    assert not [run for run in await world.rows(Run) if not run.state.terminal]


async def test_who_is_no_longer_in_line_is_in_nobodys_way(world: World) -> None:
    world.close("disk a 1")
    async with world.engine() as engine:
        await engine.submit(Disk())
        await world.reached("disk a 1")
        impatient = await engine.submit(GivesUpWhenTold())
        await until(lambda: len(engine._watch.waited_for) == 2)
        behind = await engine.submit(Uses(size=3))
        await world.has_runs("disk-a", "waiting", 2)
        world.open("give up")
        assert (await engine.outcome(impatient)).result == '"gave up"'
        world.open("disk a 1")
        assert (await engine.outcome(behind)).result == '"a:3"'


async def test_what_is_in_line_is_done_in_the_order_in_which_it_was_asked_for(
    world: World,
) -> None:
    world.close("disk a 1")
    async with world.engine() as engine:
        runs = [await engine.submit(Disk())]
        await world.reached("disk a 1")
        for size in (4, 2, 3):
            runs.append(await engine.submit(Uses(size=size)))
            await world.has_runs("disk-a", "waiting", len(runs) - 1)
        world.open("disk a 1")
        for run_id in runs:
            await engine.outcome(run_id)
    assert world.entries == ["disk a 1", "disk a 4", "disk a 2", "disk a 3"]


async def test_a_wait_leaves_nothing_behind(world: World) -> None:
    world.close("disk a 1")
    async with world.engine() as engine:
        first = await engine.submit(Uses())
        await world.reached("disk a 1")
        others = [await engine.submit(Uses()) for _ in range(3)]
        await world.in_store(lambda waits: len(waits) == 3, Wait)
        world.open("disk a 1")
        outcomes = [await engine.outcome(run_id) for run_id in (first, *others)]
        assert {outcome.result for outcome in outcomes} == {'"a:1"'}
        await until(lambda: not engine._roots)
        assert not engine._watch.waited_for
    assert await world.rows(Wait) == []
    assert await world.rows(Signal) == []
    assert world.entries == ["disk a 1"]


# What goes on for others


class Hall(Resource):
    """Something in two steps, that several may want."""

    def identity(self) -> str:
        return "hall"

    async def define_update(self) -> None:
        await self.do("build", Act(name="build"))
        await self.do("furnish", Act(name="furnish"))


class Feast(Workflow):
    name: str

    async def define(self) -> str:
        await self.do("hall", Hall())
        return self.name


async def test_what_was_begun_by_who_was_paused_and_cancelled_goes_on_for_others(
    world: World,
) -> None:
    world.close("build")
    async with world.engine() as engine:
        first = await engine.submit(Feast(name="wedding"))
        await world.reached("build")
        second = await engine.submit(Feast(name="ball"))
        await world.in_store(lambda waits: len(waits) == 1, Wait)
        await world.sql(f"UPDATE run SET paused = 1 WHERE id = '{first}'")  # noqa: S608
        await until(lambda: engine._commands.live[first].gate.is_shut)
        await world.sql(f"UPDATE run SET cancelled_by = 'maya' WHERE id = '{first}'")  # noqa: S608
        assert (await engine.outcome(first)).state is State.CANCELLED
        world.open("build")
        async with asyncio.timeout(MINUTE.total_seconds()):
            outcome = await engine.outcome(second)
    assert outcome.result == '"ball"'
    assert world.entries == ["build", "furnish"]
