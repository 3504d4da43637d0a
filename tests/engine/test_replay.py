"""Where a replay would answer something else than the first time, and requests that get lost."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from pydantic import BaseModel
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, select

from bot.engine.clock import SystemClock
from bot.engine.definitions.kinds import Wanted
from bot.engine.engine import Engine
from bot.states import State
from bot.store.database import Database
from bot.store.tables import Owner
from resources import Resource, StepFailed, Workflow
from tests.engine.conftest import NewEngine
from tests.engine.engines import engine_on, enqueued
from tests.engine.journals import buried, journal_of, taken
from tests.engine.things import Database as Disk
from tests.engine.things import Ledger

SOON = 5


class Numbered(Workflow):
    """A name of its own that would look like the second turn of another."""

    async def define(self) -> None:
        await self.do("wave#2", nothing)


async def nothing() -> None:
    return None


async def test_a_name_that_could_be_the_turn_of_another_is_refused(engine: Engine) -> None:
    with pytest.raises(StepFailed, match="`wave#2` is no name for a step"):
        await engine.run(Numbered())


class Seen(BaseModel):
    name: str


class SeenClosely(Seen):
    detail: str


class Looks(Workflow):
    async def define(self) -> str:
        ledger = self.given(Ledger)

        async def look() -> Seen:
            return SeenClosely(name="a", detail="b")

        seen = await self.do("look", look)
        ledger.gate("seen").set()
        await ledger.gate("go").wait()
        return type(seen).__name__


@pytest.mark.parametrize("restarted", [False, True])
async def test_a_result_is_of_the_type_that_a_replay_would_answer(
    new_engine: NewEngine, ledger: Ledger, *, restarted: bool
) -> None:
    async with new_engine() as engine:
        run_id = await engine.submit(Looks())
        await ledger.gate("seen").wait()
        if not restarted:
            ledger.gate("go").set()
            outcome = await engine.outcome(run_id)
    if restarted:
        ledger.gate("go").set()
        async with new_engine() as engine:
            outcome = await engine.outcome(run_id)
    assert outcome.result == '"Seen"'


def answering(kind: Any, value: Any) -> Callable[[], Any]:
    async def answer() -> kind:
        return value

    return answer


class Both(Workflow):
    async def define(self) -> str:
        await self.do("number", answering(int, 1))
        word: str = await self.do("word", answering(str, "one"))
        return word


async def test_functions_of_one_code_have_their_own_annotations(engine: Engine) -> None:
    assert await engine.run(Both()) == "one"


class GivesUp(Workflow):
    async def define(self) -> None:
        ledger = self.given(Ledger)
        asked = asyncio.ensure_future(self.do("disk", Disk(name="a", gate="go")))
        await ledger.gate("give up").wait()
        asked.cancel()
        await asyncio.gather(asked, return_exceptions=True)


async def test_what_was_asked_for_is_done_though_the_run_it_joined_was_given_up(
    engine: Engine, ledger: Ledger
) -> None:
    starter = await engine.submit(GivesUp())
    await ledger.arrival("a").wait()
    asked = await engine.submit(Disk(name="a", gate="go"))
    ledger.gate("give up").set()
    await engine.outcome(starter)
    ledger.gate("go").set()
    async with asyncio.timeout(SOON):
        outcome = await engine.outcome(asked)
    assert outcome.state is State.SUCCEEDED


async def test_an_interrupted_run_has_a_place_before_those_that_wait_for_it(
    database: Database, ledger: Ledger
) -> None:
    """One place, an older run that wants the resource, a younger one that was cut off in it."""
    now = SystemClock().now()

    async def queued(size: int) -> str:
        disk = Disk(name="a", size=size)
        wanted = Wanted.of(disk, "update", disk.identity())
        at = now - timedelta(seconds=size)
        run = await enqueued(database, wanted, at)
        if size == 1:
            dead = journal_of("dead", database)
            assert await taken(dead, run, now)
            await buried(dead)
        return run

    runs = [await queued(1), await queued(2)]
    async with engine_on(database, given=[ledger], at_once=1) as engine, asyncio.timeout(SOON):
        for run in runs:
            await engine.outcome(run)
    done = [entry for entry in ledger.entries if entry.startswith("resize")]
    assert done == ["resize a to 1", "resize a to 2"]


async def test_a_commit_that_fails_does_not_spoil_the_next_one(database: Database) -> None:
    def prepare(session: Session) -> None:
        connection = session.connection()
        connection.execute(text("CREATE TABLE up (id INTEGER PRIMARY KEY)"))
        connection.execute(
            text("CREATE TABLE down (up INTEGER REFERENCES up DEFERRABLE INITIALLY DEFERRED)")
        )

    def violate(session: Session) -> None:
        session.connection().execute(text("INSERT INTO down VALUES (1)"))

    await database.write(prepare)
    with pytest.raises(SQLAlchemyError):
        await database.write(violate)
    await database.write(lambda session: session.connection().execute(text("SELECT 1")).all())


class Wobbly(Resource):
    """An error in the middle leaves its child's row behind; the next one must not fall over it."""

    size: int = 1

    def identity(self) -> str:
        return "wobbly"

    async def define_update(self) -> None:
        self.given(Ledger).note(f"update {self.size}")


async def test_a_run_that_listeners_disturb_goes_on(database: Database, ledger: Ledger) -> None:
    def disturb(_: object) -> None:
        raise ValueError("a listener's own bug")

    async with engine_on(database, given=[ledger], listeners=[disturb]) as engine:
        async with asyncio.timeout(SOON):
            await engine.run(Wobbly())
    owners = await database.read(lambda session: session.exec(select(Owner)).all())
    assert (ledger.entries, list(owners)) == (["update 1"], [])
