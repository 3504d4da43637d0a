"""Runs that are never picked up again, answered wrongly, done twice or not at all."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from bot.engine.definitions import kinds
from bot.engine.engine import Engine
from bot.states import State
from bot.store.database import Database
from bot.store.tables import Run, Wait
from resources import Action, OrbitsError, Resource, StepFailed, Workflow
from tests.engine.conftest import NewEngine
from tests.engine.engines import engine_on
from tests.engine.things import Database as Disk
from tests.engine.things import Ledger

SOON = 5


# Skipping


async def test_a_root_that_is_skipped_stays_up_to_date(engine: Engine, ledger: Ledger) -> None:
    for _ in range(3):
        await engine.run(Disk(name="a"))
    assert ledger.entries == ["open a", "resize a to 1"]


async def test_what_is_forced_is_done_though_an_equal_unforced_run_waits(
    database: Database, ledger: Ledger
) -> None:
    async with engine_on(database, given=[ledger], at_once=1) as engine:
        await engine.run(Disk(name="a"))
        busy = await engine.submit(Disk(name="busy", gate="go"))
        await ledger.arrival("busy").wait()
        plain = await engine.submit(Disk(name="a"))
        forced = await engine.submit(Disk(name="a"), force=True)
        ledger.gate("go").set()
        for run in (busy, plain, forced):
            await engine.outcome(run)
    assert ledger.entries.count("resize a to 1") == 2


class Site(Resource):
    """Its install and its update do different things."""

    def identity(self) -> str:
        return "site"

    async def define_install(self) -> None:
        self.given(Ledger).note("installed")

    async def define_update(self) -> None:
        self.given(Ledger).note("updated")


async def test_an_install_alone_does_not_make_the_update_superfluous(
    engine: Engine, ledger: Ledger
) -> None:
    await engine.run(Site(), "install")
    await engine.run(Site())
    assert ledger.entries == ["installed", "updated"]


class Text(Resource):
    def identity(self) -> str:
        return "report"

    async def define_update(self) -> None:
        self.given(Ledger).note("written")

    async def output(self) -> str:
        return "a text"


class Number(Text):
    async def output(self) -> int:  # type: ignore[override]
        return 7


async def test_a_recorded_output_that_the_code_of_today_cannot_read_is_made_anew(
    engine: Engine, ledger: Ledger
) -> None:
    """A release that changes what `output` answers must not make every tenant fail for ever."""
    Text.__qualname__ = Number.__qualname__ = "Written"
    globals()["Written"] = Text
    kinds.class_of.cache_clear()
    kinds.kind_of.cache_clear()
    await engine.run(Text())
    kinds.class_of.cache_clear()
    globals()["Written"] = Number
    assert await engine.run(Number()) == 7


# Ends that are never told


class Odd(Workflow):
    async def define(self) -> None:
        raise OrbitsError("it is not there", where=Path("/srv"))  # type: ignore[arg-type]


async def test_a_failure_with_facts_that_are_no_json_ends_the_run(engine: Engine) -> None:
    async with asyncio.timeout(SOON):
        with pytest.raises(StepFailed, match="it is not there"):
            await engine.run(Odd())


class Latin(Workflow):
    async def define(self) -> None:
        raise ValueError("no file caf\udce9")


async def test_a_failure_whose_words_are_no_unicode_ends_the_run(engine: Engine) -> None:
    async with asyncio.timeout(SOON):
        with pytest.raises(StepFailed):
            await engine.run(Latin())


class Unreadable(Resource):
    def identity(self) -> str:
        return "unreadable"

    async def intact(self) -> bool:
        raise PermissionError("/srv/unreadable")

    async def define_update(self) -> None:
        self.given(Ledger).note("updated")


async def test_a_resource_that_cannot_tell_whether_it_is_intact_does_not_hang(
    engine: Engine, ledger: Ledger
) -> None:
    async with asyncio.timeout(SOON):
        await engine.run(Unreadable())
        try:
            await engine.run(Unreadable())
        except StepFailed:
            return
    assert ledger.entries == ["updated", "updated"]


class AwaitsACancelledTask(Workflow):
    async def define(self) -> None:
        async def step() -> None:
            task = asyncio.ensure_future(asyncio.Event().wait())
            task.cancel()
            await task

        await self.do("step", step)


async def test_a_step_that_raises_a_cancellation_of_its_own_ends_the_run(engine: Engine) -> None:
    async with asyncio.timeout(SOON):
        with pytest.raises(StepFailed):
            await engine.run(AwaitsACancelledTask())


async def test_a_run_whose_asker_went_away_while_it_was_written_is_carried_out(
    engine: Engine, database: Database
) -> None:
    asking = asyncio.ensure_future(engine.submit(Quick()))
    await asyncio.sleep(0)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    await database.write(lambda session: None)
    runs = await database.read(lambda session: session.exec(select(Run)).all())
    async with asyncio.timeout(SOON):
        for run in runs:
            await engine.outcome(run.id)


class Quick(Action):
    async def run(self) -> str:
        return "done"


# Steps that were given up


class GivesUp(Workflow):
    """Gives a disk up in the middle, as a timeout would, and goes on."""

    then: int = 0

    async def define(self) -> str:
        ledger = self.given(Ledger)
        asked = asyncio.ensure_future(self.do("disk", Disk(name="a", size=1, gate="never")))
        await ledger.arrival("a").wait()
        await ledger.gate("give up").wait()
        asked.cancel()
        await asyncio.gather(asked, return_exceptions=True)
        if self.then:
            return await self.do("other-disk", Disk(name="a", size=self.then))
        return "gave up"


async def test_after_a_step_was_given_up_its_resource_can_be_worked_on(
    engine: Engine, ledger: Ledger
) -> None:
    ledger.gate("give up").set()
    async with asyncio.timeout(SOON):
        assert await engine.run(GivesUp(then=2)) == "db://a?size=2"


class Uses(Workflow):
    async def define(self) -> str:
        return await self.do("disk", Disk(name="a", size=1, gate="never"))


async def somebody_joined(database: Database) -> None:
    """Return when a run waits for one that another one began."""
    async with asyncio.timeout(SOON):
        while not await database.read(  # noqa: ASYNC110 (another table tells it)
            lambda session: session.exec(select(Wait)).all()
        ):
            await asyncio.sleep(0)


async def test_a_shared_run_outlives_the_one_that_started_it(
    engine: Engine, ledger: Ledger, database: Database
) -> None:
    starter = await engine.submit(GivesUp())
    await ledger.arrival("a").wait()
    joiner = await engine.submit(Uses())
    await somebody_joined(database)
    ledger.gate("give up").set()
    await engine.outcome(starter)
    ledger.gate("never").set()
    async with asyncio.timeout(SOON):
        outcome = await engine.outcome(joiner)
    assert (outcome.state, outcome.result) == (State.SUCCEEDED, '"db://a?size=1"')


class LateBranch(Workflow):
    async def define(self) -> None:
        ledger = self.given(Ledger)

        async def explode() -> None:
            raise ValueError("no")

        async def later() -> None:
            await ledger.gate("later").wait()
            try:
                await self.do("late-disk", Disk(name="late"))
            finally:
                ledger.gate("tried").set()

        await asyncio.gather(self.do("explode", explode), later())


async def test_no_step_begins_after_its_run_has_ended(
    engine: Engine, ledger: Ledger, database: Database
) -> None:
    with pytest.raises(StepFailed):
        await engine.run(LateBranch())
    ledger.gate("later").set()
    await ledger.gate("tried").wait()
    assert ledger.entries == []


class FiresAndForgets(Workflow):
    async def define(self) -> None:
        ledger = self.given(Ledger)
        task = asyncio.ensure_future(self.do("disk", Disk(name="a", size=1, gate="never")))
        ledger.gates["task"] = task  # type: ignore[assignment]


async def test_a_child_of_an_ended_run_does_not_keep_its_resource_for_ever(
    new_engine: NewEngine, ledger: Ledger, database: Database
) -> None:
    async with new_engine() as engine:
        await engine.run(FiresAndForgets())
        async with asyncio.timeout(SOON):
            try:
                await asyncio.wait_for(ledger.arrival("a").wait(), 1)
            except TimeoutError:
                return
        task: Any = ledger.gates["task"]
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    async with new_engine() as engine, asyncio.timeout(SOON):
        assert await engine.run(Disk(name="a", size=2)) == "db://a?size=2"


# After an upgrade


class Grows(Workflow):
    """Asks for a larger disk after the restart, as a new release may."""

    async def define(self) -> str:
        size = 2 if "restarted" in self.given(Ledger).entries else 1
        return await self.do("disk", Disk(name="a", size=size, gate="go"))


async def test_a_release_that_asks_for_other_arguments_does_not_wait_for_ever(
    new_engine: NewEngine, ledger: Ledger
) -> None:
    async with new_engine() as engine:
        run_id = await engine.submit(Grows())
        await ledger.arrival("a").wait()
    ledger.note("restarted")
    ledger.gate("go").set()
    async with new_engine() as engine, asyncio.timeout(SOON):
        outcome = await engine.outcome(run_id)
    assert outcome.state in {State.SUCCEEDED, State.FAILED}
