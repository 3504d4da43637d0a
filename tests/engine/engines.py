"""The ways in which an engine can work, which all keep the same promises."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from bot.engine.definitions.kinds import Wanted
from bot.engine.engine import Engine
from bot.engine.jobs import Jobs
from bot.engine.journal.asking import RunQueue
from bot.engine.polling import Polling
from bot.store.database import Database
from bot.store.seat import FileSeat


class Mode(StrEnum):
    """Where the runs are, and how an engine hears of them."""

    SQLITE = "sqlite"
    POSTGRESQL = "postgresql"
    DISTRIBUTED = "distributed"


_modes: dict[str, Mode] = {}


def works_in(url: str, mode: Mode) -> str:
    """Note how engines work on a database, and answer its address."""
    _modes[url] = mode
    return url


def engine_on(database: Database, **options: Any) -> Engine:
    """Answer an engine that works on a database in the way that the test asks for."""
    if _modes.get(database.url) is Mode.DISTRIBUTED:
        options = {"seat": FileSeat(None), "dispatch": Jobs(database.url)} | options
    return Engine(database, **options)


async def enqueued(database: Database, wanted: Wanted, at: datetime) -> str:
    """Ask for a run where nobody hears of it, and answer its id."""
    queue = RunQueue(Polling(database))
    return await database.write(lambda session: queue.enqueue(session, wanted, at))
