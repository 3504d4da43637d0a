"""What a failing store must not do: fail runs for good, lose what it confirmed, strand a run."""

import asyncio

from sqlalchemy import text
from structlog.testing import capture_logs

from bot.states import State
from bot.store.database import Database
from resources import Workflow
from tests.engine.conftest import NewEngine
from tests.engine.things import Ledger

SOON = 5


FULL = """
CREATE FUNCTION full() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'full'; END $$
"""


async def sql(database: Database, statement: str) -> None:
    await database.write(lambda session: session.connection().execute(text(statement)) and None)


async def fill(database: Database, change: str, table: str) -> None:
    """Let nothing of that kind be written any more."""
    if database.is_sqlite:
        refusal = "BEGIN SELECT RAISE(ABORT, 'full'); END"
    else:
        await sql(database, FULL)
        refusal = "FOR EACH ROW EXECUTE FUNCTION full()"
    await sql(database, f"CREATE TRIGGER full_disk BEFORE {change} ON {table} {refusal}")


async def make_room(database: Database, table: str) -> None:
    on = "" if database.is_sqlite else f"ON {table}"
    await sql(database, f"DROP TRIGGER full_disk {on}")


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
        await fill(database, "INSERT", "step")
        failing = asyncio.ensure_future(engine.outcome(run_id))
        ledger.gate("go").set()
        ledger.gate("acted").clear()
        again = asyncio.ensure_future(ledger.gate("acted").wait())
        async with asyncio.timeout(SOON):
            await asyncio.wait([failing, again], return_when=asyncio.FIRST_COMPLETED)
        await make_room(database, "step")
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
        await fill(database, "UPDATE", "run")
        with capture_logs() as told:
            ledger.gate("go").set()
            while "not_put_right" not in {each["event"] for each in told}:  # noqa: ASYNC110
                await asyncio.sleep(0)
        await make_room(database, "run")
        async with asyncio.timeout(SOON):
            outcome = await engine.outcome(run_id)
    assert outcome.state is State.SUCCEEDED
