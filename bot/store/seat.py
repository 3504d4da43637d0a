"""The one seat at a piece of work: who holds it works, and the others stand by."""

import asyncio
import fcntl
import os
from abc import ABC, abstractmethod
from datetime import timedelta
from importlib import import_module
from pathlib import Path

import structlog

from bot.store.database import Database

log = structlog.get_logger(__name__)

ASK_AGAIN_SECONDS = 0.2


class Seat(ABC):
    """A lock that the system frees when its holder ends, in whatever way."""

    def __init__(self) -> None:
        self.stands_by = False
        """Whether another process has the seat, and this one waits for it."""
        self.lost = asyncio.Event()
        """Set when the seat was taken from its holder, who must do nothing any more."""

    @staticmethod
    def of(database: Database) -> "Seat":
        """Answer the seat of those that work on the runs of a database."""
        return seat_of(database)

    @property
    @abstractmethod
    def is_the_only_one(self) -> bool:
        """Whether nobody else can be in this seat now."""

    @abstractmethod
    async def take(self) -> None:
        """Wait until the seat is free, and take it."""

    @abstractmethod
    def leave(self) -> None:
        """Give the seat up."""


def seat_of(
    database: Database,
    name: str = "work",
    heartbeat: timedelta = timedelta(seconds=3),
    expiry: timedelta = timedelta(seconds=15),
) -> Seat:
    """Answer the seat of that name: each piece of work at a database has one.

    On PostgreSQL its holder is heard from each `heartbeat`, and has lost it after `expiry`.
    """
    if not database.is_sqlite:
        # The driver is a twentieth of a second that a start on SQLite does not need.
        advisory = import_module("bot.store.advisory_seat").AdvisorySeat
        seat: Seat = advisory(database, name, heartbeat, expiry)
        return seat
    ending = "worker" if name == "work" else name
    path = database.path
    return FileSeat(None if path is None else path.with_name(f"{path.name}-{ending}"))


class FileSeat(Seat):
    """A lock on a file beside a SQLite database, freed by the kernel; without a file no lock."""

    def __init__(self, path: Path | None) -> None:
        super().__init__()
        self._path = path
        self._file: int | None = None

    @property
    def is_the_only_one(self) -> bool:
        """Whether nobody else can be working on this database while the seat is held."""
        return self._path is not None

    async def take(self) -> None:
        """Wait until the seat is free, and take it."""
        if self._path is None or self._file is not None:
            return
        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            await self._locked(self._file)
        except BaseException:
            self.leave()
            raise

    async def _locked(self, file: int) -> None:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if not self.stands_by:
                    log.info("standing_by", reason="another process works on this database")
                self.stands_by = True
                await asyncio.sleep(ASK_AGAIN_SECONDS)
            else:
                self.stands_by = False
                return

    def leave(self) -> None:
        """Give the seat up."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
