"""The writer at work: it sees what others mark, and no account waits for another one."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

from tests.outbox.office import MARKER, Office

HELLO = f"{MARKER}\nhello"
PATIENCE_SECONDS = 10


@contextlib.asynccontextmanager
async def working(office: Office) -> AsyncIterator[None]:
    """Let the outbox work meanwhile."""
    task = asyncio.create_task(office.outbox.work())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not holds():  # noqa: ASYNC110 (nobody tells)
            await asyncio.sleep(0.01)


async def test_what_another_process_marks_is_told_without_being_woken(office: Office) -> None:
    async with working(office):
        await office.due(office.agency.comment, HELLO)
        await until(lambda: office.agency.said == [HELLO])
        await office.due(office.studio.comment, HELLO)
        await until(lambda: office.studio.said == [HELLO])


async def test_an_account_that_hangs_does_not_hold_up_another(office: Office) -> None:
    go_on = office.road.hangs_at("/repos/agency/")
    async with working(office):
        await office.due(office.agency.comment, HELLO)
        await until(lambda: office.road.sent)
        await office.due(office.studio.comment, HELLO)
        await until(lambda: office.studio.said == [HELLO])
        assert office.agency.said == []
        go_on.set()
        await until(lambda: office.agency.said == [HELLO])


async def test_what_changes_while_it_is_told_is_told_after_it(office: Office) -> None:
    go_on = office.road.hangs_at("/repos/agency/")
    async with working(office):
        await office.due(office.agency.comment, HELLO, final=False)
        await until(lambda: office.road.sent)
        await office.due(office.agency.comment, f"{MARKER}\nbye")
        go_on.set()
        await until(lambda: office.agency.said == [f"{MARKER}\nbye"])
    assert office.writes == ["POST comments", "PATCH comments"]


async def test_what_was_underway_when_it_was_stopped_is_looked_up(office: Office) -> None:
    go_on = office.road.hangs_at("/repos/agency/")
    async with working(office):
        await office.say(office.agency.answer(), "No.")
        await until(lambda: office.road.sent)
    assert (await office.row(office.agency.answer())).underway
    go_on.set()

    office.restart()
    await office.settles()

    assert len(office.agency.said) == 1


async def test_a_writer_that_cannot_sweep_at_its_start_still_begins(
    office: Office, logged: list[Any]
) -> None:
    await office.due(office.agency.check(), "half", final=False)
    await office.passes(timedelta(minutes=1))
    forbid = "CREATE TRIGGER full BEFORE UPDATE ON notice BEGIN SELECT RAISE(ABORT, ''); END"
    await office.database.write(lambda session: _execute(session, forbid))
    async with working(office):
        await until(lambda: logged)
        await office.database.write(lambda session: _execute(session, "DROP TRIGGER full"))
        await office.due(office.agency.comment, HELLO)
        await until(lambda: office.agency.said == [HELLO])
    assert {each["event"] for each in logged} == {"outbox_failed"}
    logged.clear()


def _execute(session: Session, statement: str) -> None:
    session.connection().execute(text(statement))
