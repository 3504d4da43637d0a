"""Steps that are tried again: how often, how long apart, and after a crash."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import ClassVar

import pytest

from bot.engine.logs.step_log import printed_by
from bot.states import State
from bot.store.database import Database
from resources import Action, Refused, Retry, StepFailed, TimedOut, Workflow
from tests.engine.model_things import Act, Careful, Disk, World, until

ONE, TWO, FOUR = (timedelta(seconds=seconds) for seconds in (1, 2, 4))
THRICE = Retry(attempts=3, first=ONE, jitter=0)


class Tries(Workflow):
    attempts: int = 3
    careful: bool = False

    async def define(self) -> str:
        retry = Retry(attempts=self.attempts, first=ONE, jitter=0)
        x = Careful(name="act") if self.careful else Act(name="act")
        return await self.do("act", x, retry=retry)


class Persistent(Action):
    """Says itself how often it is tried."""

    retry = THRICE

    async def run(self) -> str:
        await self.given(World).through("act")
        return "done"


class RefusedOnce(Persistent):
    async def run(self) -> str:
        self.given(World).note("refused")
        raise Refused("it is frozen")


class Slow(Persistent):
    timeout: ClassVar[timedelta] = timedelta(milliseconds=20)

    async def run(self) -> str:
        world = self.given(World)
        world.note("slow")
        if world.entries.count("slow") == 1:
            await world.gate("never").wait()
        return "done"


class DoesOne(Workflow):
    kind: str
    in_one_attempt: bool = False

    async def define(self) -> str:
        kinds = {"persistent": Persistent, "refused": RefusedOnce, "slow": Slow}
        if self.in_one_attempt:
            return await self.do("act", kinds[self.kind](), retry=Retry())
        return await self.do("act", kinds[self.kind]())


class TriesDisk(Workflow):
    async def define(self) -> str:
        return await self.do("disk", Disk(), retry=THRICE)


@pytest.fixture
async def world(sqlite_url: str) -> AsyncIterator[World]:
    async with Database(sqlite_url) as database:
        yield World(database)


async def wait_is_over(world: World, period: timedelta) -> None:
    await world.clock.somebody_sleeps(period)
    world.clock.pass_by(period)


async def test_a_step_is_tried_again_and_each_wait_is_longer(world: World) -> None:
    world.breaks["act"] = 2
    async with world.engine() as engine:
        asked = asyncio.ensure_future(engine.run(Tries()))
        await wait_is_over(world, ONE)
        await wait_is_over(world, TWO)
        assert await asked == "act done"
    assert world.entries == ["act"] * 3


async def test_the_failure_of_the_last_attempt_is_that_of_the_step(world: World) -> None:
    world.breaks["act"] = 3
    async with world.engine() as engine:
        asked = asyncio.ensure_future(engine.run(Tries()))
        await wait_is_over(world, ONE)
        await wait_is_over(world, TWO)
        with pytest.raises(StepFailed, match=r"`act` of .* failed: RuntimeError: act broke"):
            await asked
    assert world.entries == ["act"] * 3


async def test_what_failed_and_when_the_next_attempt_comes_is_told(world: World) -> None:
    world.breaks["act"] = 1
    async with world.engine() as engine:
        run_id = await engine.submit(Tries())
        await wait_is_over(world, ONE)
        await engine.outcome(run_id)
    printed = await printed_by(world.database, run_id)
    assert "".join(piece.text for piece in printed) == (
        "Attempt 1 of 3 failed: RuntimeError: act broke\nThe next one comes at 08:00:01.\n"
    )


async def test_an_action_says_itself_how_often_it_is_tried(world: World) -> None:
    world.breaks["act"] = 1
    async with world.engine() as engine:
        asked = asyncio.ensure_future(engine.run(DoesOne(kind="persistent")))
        await wait_is_over(world, ONE)
        assert await asked == "done"


async def test_the_step_says_it_before_its_action(world: World) -> None:
    world.breaks["act"] = 1
    async with world.engine() as engine:
        with pytest.raises(StepFailed):
            await engine.run(DoesOne(kind="persistent", in_one_attempt=True))
    assert world.entries == ["act"]


async def test_what_would_fail_in_the_same_way_is_not_tried_again(world: World) -> None:
    async with world.engine() as engine:
        with pytest.raises(StepFailed) as failed:
            await engine.run(DoesOne(kind="refused"))
    assert isinstance(failed.value.cause, Refused)
    assert world.entries == ["refused"]


async def test_what_took_too_long_is_tried_again(world: World) -> None:
    async with world.engine() as engine:
        asked = asyncio.ensure_future(engine.run(DoesOne(kind="slow")))
        await wait_is_over(world, ONE)
        assert await asked == "done"
    assert world.entries == ["slow", "slow"]


class TooSlow(Workflow):
    async def define(self) -> None:
        never = self.given(World).gate("never")
        await self.do("slow", never.wait, timeout=timedelta(milliseconds=10))


async def test_a_step_that_takes_too_long_fails_and_says_so(world: World) -> None:
    async with world.engine() as engine:
        with pytest.raises(StepFailed) as failed:
            await engine.run(TooSlow())
    assert isinstance(failed.value.cause, TimedOut)
    assert failed.value.reason == (
        "`slow` took longer than 0:00:00.010000 and was ended. Mend what kept it, or give it more "
        "time, and retry."
    )


async def test_a_crash_in_between_neither_forgets_attempts_nor_the_wait(world: World) -> None:
    world.breaks["act"] = 3
    async with world.engine() as engine:
        run_id = await engine.submit(Tries())
        await wait_is_over(world, ONE)
        await world.clock.somebody_sleeps(TWO)
    world.clock.pass_by(ONE)
    async with world.engine() as engine:
        await world.clock.somebody_sleeps(ONE)
        assert world.entries == ["act"] * 2
        world.clock.pass_by(ONE)
        outcome = await engine.outcome(run_id)
    assert outcome.state is State.FAILED
    assert world.entries == ["act"] * 3


async def test_who_waits_to_try_again_occupies_no_place(world: World) -> None:
    world.breaks["act"] = 1
    async with world.engine(at_once=1) as engine:
        waiting = await engine.submit(Tries())
        await world.clock.somebody_sleeps(ONE)
        assert await engine.run(Act(name="other")) == "other done"
        world.clock.pass_by(ONE)
        assert (await engine.outcome(waiting)).state is State.SUCCEEDED


async def test_a_resource_is_tried_again_as_a_run_of_its_own(world: World) -> None:
    world.breaks["disk a 1"] = 1
    async with world.engine() as engine:
        asked = asyncio.ensure_future(engine.run(TriesDisk()))
        await wait_is_over(world, ONE)
        assert await asked == "a:1"
    states = [run.state for run in await world.rows(type(await world.run_of("disk-a")))]
    assert sorted(states) == [State.FAILED, State.SUCCEEDED, State.SUCCEEDED]


async def test_a_crash_while_a_resource_waits_to_be_tried_again_forgets_nothing(
    world: World,
) -> None:
    world.breaks["disk a 1"] = 3
    async with world.engine() as engine:
        run_id = await engine.submit(TriesDisk())
        await wait_is_over(world, ONE)
        await world.clock.somebody_sleeps(TWO)
    world.clock.pass_by(TWO)
    async with world.engine() as engine:
        outcome = await engine.outcome(run_id)
    assert outcome.state is State.FAILED
    assert world.entries == ["disk a 1"] * 3


async def test_a_resource_that_failed_is_tried_again_whenever_the_store_fails(
    world: World,
) -> None:
    """The end of the child is durable, and what is to come of it could not be written."""
    world.breaks["disk a 1"] = 1
    async with world.engine() as engine:
        async with world.refusing("INSERT ON step WHEN new.state = 'waiting'"):
            asked = asyncio.ensure_future(engine.run(TriesDisk()))
            await world.has_runs("disk-a", "failed")
            await until(lambda: not engine._roots or asked.done())
        engine.wake()
        await until(lambda: asked.done() or bool(world.clock.sleeping))
        world.clock.pass_by(ONE)
        assert await asked == "a:1"


async def test_what_may_not_be_repeated_is_asked_about_after_a_crash_in_any_attempt(
    world: World,
) -> None:
    """Failed once, cut off while it waited, and then cut off while it was done again."""
    world.breaks["act"] = 1
    async with world.engine() as engine:
        run_id = await engine.submit(Tries(careful=True))
        await world.clock.somebody_sleeps(ONE)
    world.clock.pass_by(ONE)
    world.close("act")
    async with world.engine():
        await world.reached("act", 2)
    world.open("act")
    async with world.engine() as engine:
        outcome = await engine.outcome(run_id)
    assert outcome.result == '"act found"'
    assert world.entries == ["act", "act", "asked what became of act"]


async def test_attempts_at_what_may_not_be_repeated_are_counted_through_a_crash(
    world: World,
) -> None:
    """Two attempts are allowed: one failed, and the second one was cut off and then failed."""
    world.breaks["act"] = 1
    async with world.engine() as engine:
        run_id = await engine.submit(Tries(careful=True, attempts=2))
        await world.clock.somebody_sleeps(ONE)
        world.close("act")
        world.clock.pass_by(ONE)
        await world.reached("act", 2)
    step = await world.step(run_id, "act")
    assert step is not None
    assert '"attempts":1' in (step.result or "")
