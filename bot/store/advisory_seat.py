"""A seat at a PostgreSQL database: a lock of a session that must be heard from to be kept.

The server ends a session that says nothing for the time of `expiry`. So a holder that was
stopped, or whose network is gone, loses the seat without anybody's help.
"""

import asyncio
import time
from datetime import timedelta
from hashlib import blake2b
from typing import Any

import structlog
from psycopg import AsyncConnection, Error, OperationalError

from bot.store.database import Database
from bot.store.seat import ASK_AGAIN_SECONDS, Seat
from bot.store.sessions import open_session

log = structlog.get_logger(__name__)

AGAIN_AFTER_SECONDS = 1.0


class AdvisorySeat(Seat):
    """A session's advisory lock; `name` says of what."""

    def __init__(
        self,
        database: Database,
        name: str = "work",
        heartbeat: timedelta = timedelta(seconds=3),
        expiry: timedelta = timedelta(seconds=15),
    ) -> None:
        super().__init__()
        self._database = database
        self._name = name
        self._heartbeat = heartbeat.total_seconds()
        self._expiry = expiry.total_seconds()
        self._heard_at = -self._expiry
        self._keeping: asyncio.Task[None] | None = None
        self._left = True

    @property
    def is_the_only_one(self) -> bool:
        """Whether the seat is held, and the server cannot have given it to anybody else yet."""
        held = not self._left and not self.lost.is_set()
        return held and time.monotonic() - self._heard_at < self._expiry

    async def take(self) -> None:
        """Wait until the seat is free, and take it; also one that was lost, or left."""
        if not self._left and not self.lost.is_set():
            return
        self.leave()
        if self._keeping is not None:
            await asyncio.wait([self._keeping])
        try:
            session = await self._taken()
        finally:
            self.stands_by = False
        self.lost.clear()
        self._left = False
        self._keeping = asyncio.create_task(self._keep(session), name=f"seat {self._name}")
        # It begins now, so that it closes the session whatever comes.
        await asyncio.sleep(0)

    def leave(self) -> None:
        """Give the seat up; the lock is free when its session has been closed, which is soon."""
        self._left = True
        if self._keeping is not None:
            self._keeping.cancel()

    async def _taken(self) -> AsyncConnection[Any]:
        """Answer a session that has the lock."""
        while True:
            try:
                session = await self._open()
                try:
                    await self._lock(session)
                except BaseException:
                    await session.close()
                    raise
            except OperationalError as error:
                log.warning("seat_not_reached", seat=self._name, problem=str(error).strip())
                await asyncio.sleep(AGAIN_AFTER_SECONDS)
            else:
                return session

    async def _open(self) -> AsyncConnection[Any]:
        milliseconds = max(1, round(self._expiry * 1000))
        return await open_session(
            self._database, f"seat {self._name}", idle_session_timeout=f"{milliseconds}ms"
        )

    async def _lock(self, session: AsyncConnection[Any]) -> None:
        while True:
            self._heard_at = time.monotonic()
            asked = await session.execute("SELECT pg_try_advisory_lock(%s)", [_key(self._name)])
            if (row := await asked.fetchone()) is not None and row[0]:
                return
            if not self.stands_by:
                log.info("standing_by", seat=self._name, reason="another process has the seat")
            self.stands_by = True
            await asyncio.sleep(ASK_AGAIN_SECONDS)

    async def _keep(self, session: AsyncConnection[Any]) -> None:
        """Be heard from until the seat is left, or the session is gone."""
        try:
            while True:
                # Nobody rings here: it ends after the time, or raises when the session is cut.
                async for _ in session.notifies(timeout=self._heartbeat):
                    pass
                asked_at = time.monotonic()
                async with asyncio.timeout(self._heard_at + self._expiry - asked_at):
                    await session.execute("SELECT 1")
                self._heard_at = asked_at
        except (Error, TimeoutError) as error:
            log.error("seat_lost", seat=self._name, problem=str(error).strip())  # noqa: TRY400 (why, not where)
            self.lost.set()
        finally:
            await session.close()


def _key(name: str) -> int:
    """Answer the number of the lock of that name."""
    digest = blake2b(f"orbits seat {name}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, signed=True)
