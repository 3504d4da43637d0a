"""Journals of processes that a test only imagines."""

from datetime import datetime

from sqlalchemy import delete
from sqlmodel import col

from bot.engine.journal.journal import Journal
from bot.engine.journal.rows import Begun, RootClaim, Taken
from bot.engine.polling import Polling
from bot.store.bell import Bell
from bot.store.database import Database
from bot.store.tables import Owner

CHANGING = frozenset({"update", "install", "rollback", "uninstall"})


def journal_of(owner: str, database: Database) -> Journal:
    """Answer the journal as the process `owner` would have it."""
    return Journal(database, owner, Polling(database), Bell.of(database))


def _owner(name: str, at: datetime) -> Owner:
    return Owner(id=name, host="here", pid=1, started_at=at, heartbeat_at=at)


async def buried(journal: Journal) -> None:
    """Count the process of a journal as dead."""
    gone = delete(Owner).where(col(Owner.id) == journal._owner)
    await journal._database.write(lambda session: session.execute(gone))


async def taken(journal: Journal, run_id: str, at: datetime) -> Begun | None:
    """Take a queued run, as a worker would that is alive until then."""
    if await journal._database.read(lambda session: session.get(Owner, journal._owner)) is None:
        await journal._database.write(lambda session: session.add(_owner(journal._owner, at)))
    claimed = await journal.claim_root(RootClaim(run_id, at, check=False, changing=CHANGING))
    return claimed.begun if isinstance(claimed, Taken) else None
