"""Journals of processes that a test only imagines."""

from datetime import datetime

from bot.engine.journal import Journal
from bot.engine.polling import Polling
from bot.engine.rows import Begun, RootClaim, Taken
from bot.store.bell import Bell
from bot.store.database import Database
from bot.store.tables import Run

CHANGING = frozenset({"update", "install", "rollback", "uninstall"})


def journal_of(owner: str, database: Database) -> Journal:
    """Answer the journal as the process `owner` would have it."""
    return Journal(database, owner, Polling(database), Bell.of(database))


async def taken(journal: Journal, run: Run, at: datetime) -> Begun | None:
    """Take a queued run, as a worker would."""
    claimed = await journal.claim_root(RootClaim(run.id, at, check=False, changing=CHANGING))
    return claimed.begun if isinstance(claimed, Taken) else None
