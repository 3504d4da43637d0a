"""What a failing store must not do: fail runs for good, lose what it confirmed, strand a run."""

import asyncio

from sqlalchemy import text
from sqlmodel import Session, select
from structlog.testing import capture_logs

from bot.engine.clock import SystemClock
from bot.states import State
from bot.store.database import Database
from bot.store.tables import Delivery
from resources import Workflow
from tests.engine.conftest import NewEngine
from tests.engine.things import Ledger

SOON = 5


async def sql(database: Database, statement: str) -> None:
    await database.write(lambda session: session.connection().execute(text(statement)) and None)


class OneStep(Workflow):
    async def define(self) -> str:
        ledger = self.given(Ledger)

        async def act() -> str:
            ledger.note("acted")
            ledger.gate("acted").set()
            await ledger.gate("go").wait()
            return "done"

        return await self.do("act", act)


async def test_a_step_that_the_store_could_not_take_does_not_fail_the_run(
    database: Database, new_engine: NewEngine, ledger: Ledger
) -> None:
    """The disk was full for a second: the run is to go on, not to be recorded as failed."""
    async with new_engine() as engine:
        run_id = await engine.submit(OneStep())
        await ledger.gate("acted").wait()
        await sql(
            database,
            "CREATE TRIGGER full BEFORE INSERT ON step BEGIN SELECT RAISE(ABORT, 'full'); END",
        )
        failing = asyncio.ensure_future(engine.outcome(run_id))
        ledger.gate("go").set()
        ledger.gate("acted").clear()
        again = asyncio.ensure_future(ledger.gate("acted").wait())
        async with asyncio.timeout(SOON):
            await asyncio.wait([failing, again], return_when=asyncio.FIRST_COMPLETED)
        await sql(database, "DROP TRIGGER full")
        async with asyncio.timeout(SOON):
            outcome = await failing
        again.cancel()
    assert outcome.state is State.SUCCEEDED


async def test_a_run_whose_end_could_not_be_written_is_taken_up_again(
    database: Database, new_engine: NewEngine, ledger: Ledger
) -> None:
    """Neither the end nor the giving back can be written while the disk is full."""
    async with new_engine() as engine:
        run_id = await engine.submit(OneStep())
        await ledger.gate("acted").wait()
        await sql(
            database,
            "CREATE TRIGGER full BEFORE UPDATE ON run BEGIN SELECT RAISE(ABORT, 'full'); END",
        )
        with capture_logs() as told:
            ledger.gate("go").set()
            while "run_not_given_back" not in {each["event"] for each in told}:  # noqa: ASYNC110
                await asyncio.sleep(0)
        await sql(database, "DROP TRIGGER full")
        async with asyncio.timeout(SOON):
            outcome = await engine.outcome(run_id)
    assert outcome.state is State.SUCCEEDED


async def test_what_was_told_as_written_is_written_when_a_neighbour_fills_the_disk(
    database: Database,
) -> None:
    """SQLite rolls the whole transaction back where it runs out of room in a statement."""

    def limit(session: Session) -> None:
        pages = session.connection().execute(text("PRAGMA page_count")).scalar_one()
        session.connection().execute(text(f"PRAGMA max_page_count={pages + 3}"))

    await database.write(limit)
    now = SystemClock().now()

    async def store(guid: str, payload: bytes) -> None:
        delivery = Delivery(guid=guid, event="push", payload=payload, received_at=now)
        await database.write(lambda session: session.add(delivery))

    outcomes = await asyncio.gather(
        store("small", b"x"), store("large", b"x" * 500_000), return_exceptions=True
    )
    stored = await database.read(lambda session: session.exec(select(Delivery.guid)).all())
    told = [
        guid for guid, outcome in zip(("small", "large"), outcomes, strict=True) if outcome is None
    ]
    assert sorted(stored) == told
