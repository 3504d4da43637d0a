"""Wakes other processes up when there is something for them in the store."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from importlib import import_module

from sqlalchemy import Connection

from bot.store.database import Database

Heard = Callable[[Sequence[str]], None]
"""Is told the words that were rung with; none: something may have been missed, look at all."""


class Bell(ABC):
    """Rings in every process on the database. A ring may come twice, or be lost: also look."""

    @staticmethod
    def of(database: Database) -> "Bell":
        """Answer the bell of a database; on SQLite one process works, and needs none."""
        if database.is_sqlite:
            return SilentBell()
        # The driver is a twentieth of a second that a start on SQLite does not need.
        bell: Bell = import_module("bot.store.postgres_bell").PostgresBell(database)
        return bell

    @abstractmethod
    def ring(self, connection: Connection, words: Sequence[str]) -> None:
        """Ring when the transaction of `connection` commits; the words hold no spaces."""

    @abstractmethod
    async def hear(self, heard: Heard) -> None:
        """Call `heard` for each ring, until cancelled; and once at the start, with no words."""


class SilentBell(Bell):
    """The bell of a database that one process works on."""

    def ring(self, connection: Connection, words: Sequence[str]) -> None:
        """Do nothing."""

    async def hear(self, heard: Heard) -> None:
        """Wait until cancelled."""
        await asyncio.Event().wait()
