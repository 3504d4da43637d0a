"""The ways in which an engine can work, which all keep the same promises."""

from enum import StrEnum
from typing import Any

from bot.engine.engine import Engine
from bot.engine.jobs import Jobs
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
