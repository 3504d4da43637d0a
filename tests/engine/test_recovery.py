"""What is left when an engine stops in the middle, and how the next one goes on."""

import asyncio
import shutil
from pathlib import Path

import pytest
from sqlmodel import col, select

from bot.engine.clock import SystemClock
from bot.engine.control.intervention import RunNotFound
from bot.engine.definitions.kinds import Wanted
from bot.engine.engine import Engine
from bot.engine.happenings import Happening, StepEnded
from bot.states import State
from bot.store.database import Database
from bot.store.tables import Run
from resources import Action, StepFailed, Workflow
from tests.engine.conftest import NewEngine
from tests.engine.engines import engine_on, enqueued
from tests.engine.things import Database as Disk
from tests.engine.things import Fleet, Ledger, OpenAccount

NAMES = ("acme", "globex", "hooli")


class Stop:
    """Stops whoever waits for it after a number of steps."""

    def __init__(self, after: int) -> None:
        self.after = after
        self.reached = asyncio.Event()

    def hear(self, happening: Happening) -> None:
        if isinstance(happening, StepEnded):
            self.after -= 1
            if self.after == 0:
                self.reached.set()


async def stopped_after(steps: int, database: Database, ledger: Ledger) -> str | None:
    """Run a fleet until so many steps are durable, then cut it off; answer the run's id."""
    stop = Stop(steps)
    async with engine_on(database, given=[ledger], listeners=[stop.hear]) as engine:
        run_id = await engine.submit(Fleet(names=NAMES))
        ended = asyncio.ensure_future(engine.outcome(run_id))
        reached = asyncio.ensure_future(stop.reached.wait())
        await asyncio.wait([ended, reached], return_when=asyncio.FIRST_COMPLETED)
        reached.cancel()
        return None if ended.done() else run_id


async def test_a_run_goes_on_at_its_first_unfinished_step_wherever_it_was_cut_off(
    tmp_path: Path, migrated_file: Path
) -> None:
    """Cut off after one step, after two, ... until it is no longer cut off."""
    for steps in range(1, 100):
        path = shutil.copy(migrated_file, tmp_path / f"{steps}.db")
        ledger = Ledger()
        async with Database(f"sqlite:///{path}") as database:
            run_id = await stopped_after(steps, database, ledger)
            if run_id is None:
                assert steps > 5, "it was cut off at fewer steps than it has"
                return
            async with engine_on(database, given=[ledger]) as engine:
                outcome = await engine.outcome(run_id)
            assert outcome.state is State.SUCCEEDED
            assert ledger.entries.count("resize shared to 1") == 1
            started = sorted(entry for entry in ledger.entries if entry.startswith("start"))
            assert started == [f"start {name} on db://shared?size=1" for name in NAMES]
            live = await database.read(
                lambda session: session.exec(select(Run).where(col(Run.state) == "running")).all()
            )
            assert not live
    pytest.fail("the run never came to its end")


class Pay(Action):
    """Moves money: doing it twice would be worse than not doing it."""

    repeatable = False
    knows: bool

    async def run(self) -> str:
        ledger = self.given(Ledger)
        ledger.note("paid")
        ledger.gate("paid").set()
        await ledger.gate("answer").wait()
        return "receipt"

    async def interrupted(self) -> str:
        if not self.knows:
            return await super().interrupted()  # type: ignore[no-any-return]
        return "receipt found"


class Purchase(Workflow):
    knows: bool

    async def define(self) -> str:
        return await self.do("pay", Pay(knows=self.knows))


async def cut_off_while_paying(new_engine: NewEngine, ledger: Ledger, *, knows: bool) -> str:
    async with new_engine() as engine:
        run_id = await engine.submit(Purchase(knows=knows))
        await ledger.gate("paid").wait()
    return run_id


async def test_what_may_not_be_repeated_is_asked_what_became_of_it(
    new_engine: NewEngine, ledger: Ledger
) -> None:
    run_id = await cut_off_while_paying(new_engine, ledger, knows=True)
    async with new_engine() as engine:
        outcome = await engine.outcome(run_id)
    assert (outcome.state, outcome.result) == (State.SUCCEEDED, '"receipt found"')
    assert ledger.entries == ["paid"]


async def test_what_may_not_be_repeated_and_cannot_tell_fails_clearly(
    new_engine: NewEngine, ledger: Ledger
) -> None:
    run_id = await cut_off_while_paying(new_engine, ledger, knows=False)
    async with new_engine() as engine:
        outcome = await engine.outcome(run_id)
        with pytest.raises(StepFailed, match="Pay was cut off while it ran, may not be repeated"):
            outcome.answer(str)
    assert ledger.entries == ["paid"]


async def test_what_was_cut_off_goes_on_before_what_came_later(
    new_engine: NewEngine, ledger: Ledger
) -> None:
    async with new_engine() as engine:
        first = await engine.submit(Disk(name="a", size=1, gate="first"))
        await ledger.arrival("a").wait()
        second = await engine.submit(Disk(name="a", size=2))
    ledger.gate("first").set()
    async with new_engine() as engine:
        await engine.outcome(second)
        await engine.outcome(first)
    done = [entry for entry in ledger.entries if entry.startswith("resize")]
    assert done == ["resize a to 1", "resize a to 2"]


class Changed(Workflow):
    """Its code asks for other arguments after the restart."""

    async def define(self) -> str:
        ledger = self.given(Ledger)
        size = 2 if "restarted" in ledger.entries else 1
        try:
            await self.do("disk", Disk(name="a", size=size))
        except StepFailed:
            return "swallowed"

        async def wait() -> None:
            ledger.gate("reached").set()
            await ledger.gate("never").wait()

        await self.do("wait", wait)
        return "done"


async def test_a_memory_that_does_not_fit_the_code_is_never_used(
    new_engine: NewEngine, ledger: Ledger
) -> None:
    async with new_engine() as engine:
        run_id = await engine.submit(Changed())
        await ledger.gate("reached").wait()
    ledger.note("restarted")
    ledger.gate("never").set()
    async with new_engine() as engine:
        outcome = await engine.outcome(run_id)
        with pytest.raises(StepFailed, match="Its memory cannot be used"):
            outcome.answer(str)
    assert ledger.entries.count("resize a to 2") == 0


class Shrinks(Workflow):
    """Its code does not ask for its first step any more after the restart."""

    async def define(self) -> str:
        ledger = self.given(Ledger)
        if "restarted" not in ledger.entries:
            await self.do("open", OpenAccount(name="acme"))
            ledger.gate("reached").set()
            await ledger.gate("never").wait()
        return await self.do("inner", Inner())


class Inner(Workflow):
    async def define(self) -> str:
        account = await self.do("open", OpenAccount(name="inner"))
        return f"{account.number}"


async def test_a_step_that_was_done_and_is_not_asked_for_any_more_is_named(
    new_engine: NewEngine, ledger: Ledger
) -> None:
    async with new_engine() as engine:
        run_id = await engine.submit(Shrinks())
        await ledger.gate("reached").wait()
    ledger.note("restarted")
    async with new_engine() as engine:
        outcome = await engine.outcome(run_id)
    with pytest.raises(StepFailed, match="`open` was done, and its code of today does not ask"):
        outcome.answer(str)


class Nested(Workflow):
    async def define(self) -> str:
        ledger = self.given(Ledger)
        number = await self.do("inner", Inner())

        async def wait() -> None:
            ledger.gate("reached").set()
            await ledger.gate("go").wait()

        await self.do("wait", wait)
        return number


async def test_the_steps_of_a_workflow_that_is_done_need_not_be_asked_for_again(
    new_engine: NewEngine, ledger: Ledger
) -> None:
    async with new_engine() as engine:
        run_id = await engine.submit(Nested())
        await ledger.gate("reached").wait()
    ledger.gate("go").set()
    async with new_engine() as engine:
        outcome = await engine.outcome(run_id)
    assert (outcome.state, outcome.result) == (State.SUCCEEDED, '"5"')
    assert ledger.entries == ["open inner"]


async def test_a_run_of_a_class_that_is_gone_fails_with_its_name(
    database: Database, engine: Engine
) -> None:
    gone = Wanted("gone", "run", "", "tests.engine.things:Gone", "{}")
    run = await enqueued(database, gone, SystemClock().now())
    engine.wake()
    outcome = await engine.outcome(run)
    with pytest.raises(
        StepFailed, match=r"a run of tests\.engine\.things:Gone, which this release"
    ):
        outcome.answer(str)


async def test_a_run_that_does_not_exist_is_not_waited_for(engine: Engine) -> None:
    with pytest.raises(RunNotFound, match="There is no run 7f3c in the store"):
        await engine.outcome("7f3c")
