"""The one seat at a SQLite database: who holds it works on the runs, the others stand by."""

import asyncio
import fcntl
import os
from pathlib import Path

import structlog

from bot.store.database import Database

log = structlog.get_logger(__name__)

ASK_AGAIN_SECONDS = 0.2


class Seat:
    """A lock on a file beside the database; the kernel frees it when its holder ends."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._file: int | None = None
        self.stands_by = False
        """Whether another process has the seat, and this one waits for it."""

    @classmethod
    def of(cls, database: Database) -> "Seat":
        """Answer the seat of a database; other databases than SQLite have room for many."""
        path = database.path
        return cls(None if path is None else path.with_name(f"{path.name}-worker"))

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
