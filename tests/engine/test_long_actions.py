"""Operations that go on elsewhere: begun once, asked about until done, also after a crash."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from bot.engine.logs.step_log import printed_by
from bot.states import State
from bot.store.database import Database
from resources import InterruptedOnce, Retry, StepFailed, TimedOut, Workflow
from tests.engine.model_things import (
    SOON,
    FindsHandle,
    Limited,
    Provision,
    Receipt,
    Repeatable,
    World,
    until,
)

TEN_SECONDS = timedelta(seconds=10)


class Order(Workflow):
    """Does one long action of a kind, and answers its receipt."""

    kind: str = "plain"
    attempts: int = 1

    async def define(self) -> Receipt:
        kinds: dict[str, type[Provision]] = {
            "plain": Provision,
            "finds": FindsHandle,
            "repeatable": Repeatable,
            "limited": Limited,
            "stuck": Stuck,
        }
        retry = Retry(attempts=self.attempts, first=timedelta(seconds=1), jitter=0)
        return await self.do("order", kinds[self.kind](name="vm"), retry=retry)


class Stuck(Provision):
    """Hangs while it is asked about."""

    timeout = timedelta(milliseconds=50)

    async def check(self, handle: str) -> Receipt:
        await self.given(World).gate("never").wait()
        return Receipt(number=0)


@pytest.fixture
async def world(sqlite_url: str) -> AsyncIterator[World]:
    async with Database(sqlite_url) as database:
        yield World(database)


async def cut_off_at(world: World, gate: str, order: Order) -> str:
    """Begin an order, and end the engine while it is at that gate."""
    world.close(gate)
    async with world.engine() as engine:
        run_id = await engine.submit(order)
        await world.reached(gate)
    world.open(gate)
    return run_id


async def test_it_is_started_once_and_asked_about_until_it_is_done(world: World) -> None:
    async with world.engine() as engine:
        asked = asyncio.ensure_future(engine.run(Order()))
        for times in (1, 2):
            await world.reached("check operation 1", times)
            await world.clock.somebody_sleeps(TEN_SECONDS)
            world.clock.pass_by(TEN_SECONDS)
        await world.reached("check operation 1", 3)
        world.open("finished")
        await world.clock.somebody_sleeps(TEN_SECONDS)
        world.clock.pass_by(TEN_SECONDS)
        assert await asked == Receipt(number=1)
    assert world.entries == ["start vm", *["check operation 1"] * 4]


async def test_its_progress_is_told_once_for_each_change(world: World) -> None:
    async with world.engine() as engine:
        run_id = await engine.submit(Order())
        for times in (1, 2, 3):
            await world.reached("check operation 1", times)
            await world.clock.somebody_sleeps(TEN_SECONDS)
            world.clock.pass_by(TEN_SECONDS)
        world.open("finished")
        world.clock.pass_by(TEN_SECONDS)
        await engine.outcome(run_id)
    printed = await printed_by(world.database, run_id)
    assert "".join(piece.text for piece in printed) == "half done\n"


async def test_after_a_crash_it_is_asked_and_not_started_again(world: World) -> None:
    run_id = await cut_off_at(world, "check operation 1", Order())
    world.open("finished")
    async with world.engine() as engine:
        outcome = await engine.outcome(run_id)
    assert outcome.answer(Receipt.model_validate_json) == Receipt(number=1)
    assert world.entries == ["start vm", "check operation 1", "check operation 1"]


async def test_cut_off_while_it_was_started_it_is_found_by_what_it_knows(world: World) -> None:
    run_id = await cut_off_at(world, "start vm", Order(kind="finds"))
    world.open("finished")
    async with world.engine() as engine:
        outcome = await engine.outcome(run_id)
    assert outcome.answer(Receipt.model_validate_json) == Receipt(number=7)
    assert world.entries == ["start vm", "looked for it", "check operation 7"]


async def test_cut_off_while_it_was_started_and_without_a_trace_it_fails_clearly(
    world: World,
) -> None:
    run_id = await cut_off_at(world, "start vm", Order())
    async with world.engine() as engine:
        outcome = await engine.outcome(run_id)
    with pytest.raises(StepFailed, match="Provision was cut off while it ran") as failed:
        outcome.answer(str)
    assert isinstance(failed.value.cause, InterruptedOnce)
    assert world.entries == ["start vm"]


async def test_what_may_be_repeated_is_started_again(world: World) -> None:
    run_id = await cut_off_at(world, "start vm", Order(kind="repeatable"))
    world.open("finished")
    async with world.engine() as engine:
        outcome = await engine.outcome(run_id)
    assert outcome.answer(Receipt.model_validate_json) == Receipt(number=2)


async def test_what_fails_elsewhere_fails_the_step(world: World) -> None:
    world.breaks["check operation 1"] = 1
    async with world.engine() as engine:
        with pytest.raises(StepFailed, match="RuntimeError: check operation 1 broke"):
            await engine.run(Order())


async def test_another_attempt_starts_another_operation(world: World) -> None:
    world.breaks["check operation 1"] = 1
    world.open("finished")
    async with world.engine() as engine:
        asked = asyncio.ensure_future(engine.run(Order(attempts=2)))
        await world.clock.somebody_sleeps(timedelta(seconds=1))
        world.clock.pass_by(timedelta(seconds=1))
        assert await asked == Receipt(number=2)


async def test_it_takes_no_longer_than_it_may_and_crashes_count(world: World) -> None:
    run_id = await cut_off_at(world, "check operation 1", Order(kind="limited"))
    world.clock.pass_by(timedelta(minutes=9))
    async with world.engine() as engine:
        await world.reached("check operation 1", 2)
        await world.clock.somebody_sleeps(TEN_SECONDS)
        world.clock.pass_by(timedelta(minutes=1))
        outcome = await engine.outcome(run_id)
    with pytest.raises(StepFailed) as failed:
        outcome.answer(str)
    assert isinstance(failed.value.cause, TimedOut)
    assert "was started at 2026-03-02 08:00:00 UTC and is not done yet" in failed.value.reason


async def test_each_attempt_has_the_whole_time(world: World) -> None:
    world.breaks["check operation 1"] = 1
    world.close("check operation 1")
    async with world.engine() as engine:
        asked = asyncio.ensure_future(engine.run(Order(kind="limited", attempts=2)))
        await world.reached("check operation 1")
        world.clock.pass_by(timedelta(minutes=9))
        world.open("check operation 1")
        await world.clock.somebody_sleeps(timedelta(seconds=1))
        world.clock.pass_by(timedelta(minutes=1))
        await world.reached("check operation 2")
        world.open("finished")
        await world.clock.somebody_sleeps(TEN_SECONDS)
        world.clock.pass_by(TEN_SECONDS)
        assert await asked == Receipt(number=2)


async def test_one_that_hangs_while_it_is_asked_about_is_ended_in_time(world: World) -> None:
    async with world.engine() as engine:
        run_id = await engine.submit(Order(kind="stuck"))
        await world.reached("start vm")
        world.clock.pass_by(timedelta(minutes=1))
        async with asyncio.timeout(SOON / 10):
            outcome = await engine.outcome(run_id)
    assert outcome.state is State.FAILED


async def test_attempts_are_counted_though_a_crash_came_between_them(world: World) -> None:
    """Two attempts are allowed: the second was cut off while it was asked about."""
    world.breaks["check operation 1"] = 1
    world.close("check operation 2")
    async with world.engine() as engine:
        run_id = await engine.submit(Order(attempts=2))
        await world.clock.somebody_sleeps(timedelta(seconds=1))
        world.clock.pass_by(timedelta(seconds=1))
        await world.reached("check operation 2")
    world.open("check operation 2")
    world.breaks["check operation 2"] = 1
    async with world.engine() as engine:
        outcome = asyncio.ensure_future(engine.outcome(run_id))
        await until(lambda: outcome.done() or bool(world.clock.sleeping))
        assert outcome.done()
    assert world.entries.count("start vm") == 2


async def test_cut_off_while_it_was_started_again_it_is_not_started_a_third_time(
    world: World,
) -> None:
    """Failed once, cut off while it waited, and then cut off while it was started."""
    world.breaks["check operation 1"] = 1
    async with world.engine() as engine:
        run_id = await engine.submit(Order(kind="finds", attempts=2))
        await world.clock.somebody_sleeps(timedelta(seconds=1))
    world.clock.pass_by(timedelta(seconds=1))
    world.close("start vm")
    async with world.engine():
        await world.reached("start vm", 2)
    world.open("start vm", "finished")
    async with world.engine() as engine:
        outcome = await engine.outcome(run_id)
    assert outcome.answer(Receipt.model_validate_json) == Receipt(number=7)
    assert world.entries.count("start vm") == 2
