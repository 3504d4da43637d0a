"""A process as the owner of runs: alive while its heart beats, buried by the others after.

On SQLite the database is one machine's, and one process works on it: that process holds a
lock on a file beside it, which the kernel lets go of when the process ends in whatever way. So
a successor knows at once that whoever owned runs before is dead, and need not wait.

On PostgreSQL there are many machines, and no two clocks agree: heartbeats are written and
compared by the clock of the server.
"""

import asyncio
import os
import socket
import time
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import CursorResult, DateTime, delete, func, insert, select, update
from sqlmodel import Session, col

from bot.engine.clock import Clock
from bot.engine.identifiers import new_id
from bot.store.database import Database
from bot.store.seat import Seat
from bot.store.tables import Owner
from resources.errors import OrbitsError

_SERVER_NOW = func.clock_timestamp(type_=DateTime(timezone=True))


class Ownership:
    """This process's place among those that work on one store.

    Raises `OrbitsError` where `expiry` is shorter than two heartbeats.
    """

    def __init__(
        self,
        database: Database,
        seat: Seat,
        clock: Clock,
        heartbeat: timedelta = timedelta(seconds=3),
        expiry: timedelta = timedelta(seconds=15),
    ) -> None:
        if expiry < 2 * heartbeat:
            raise OrbitsError(
                f"A process whose heart beats every {heartbeat.total_seconds():g} s cannot be "
                f"counted as dead after {expiry.total_seconds():g} s: one late beat would cost it "
                "its runs. Make the expiry twice the heartbeat or more."
            )
        self.id = new_id(clock.now())
        self._database = database
        self._clock = clock
        self._heartbeat = heartbeat
        self._expiry = expiry
        self._seat = seat
        self._beat_at = time.monotonic()
        self._bury_from = self._beat_at

    @property
    def is_overdue(self) -> bool:
        """Whether others may have buried this process: it has not been heard for too long.

        It is counted on this machine, also while the database cannot be reached. Only the next
        heartbeat tells whether it has happened.
        """
        return time.monotonic() - self._beat_at >= self._expiry.total_seconds()

    async def begin(self) -> None:
        """Take the seat, where there is only one, and be known as alive."""
        await self._seat.take()
        self._beat_at = time.monotonic()
        await self._database.write(self._enter)

    async def end(self) -> None:
        """Give everything back, so that another process goes on at once."""
        try:
            await self._database.write(
                lambda session: session.execute(delete(Owner).where(col(Owner.id) == self.id))
            )
        finally:
            self._seat.leave()

    async def beat(self) -> bool:
        """Wait for the next heartbeat, and answer whether we are still counted as alive.

        Raises where the database cannot be reached: then nobody knows, see `is_overdue`.
        """
        await asyncio.sleep(self._heartbeat.total_seconds())
        asked_at = time.monotonic()
        alive = await self._database.write(self._beat)
        if alive:
            if asked_at - self._beat_at > self._expiry.total_seconds() / 2:
                # Perhaps the database was away for everybody: give the others time to be heard.
                self._bury_from = asked_at + self._expiry.total_seconds()
            self._beat_at = asked_at
        return alive

    async def bury_the_dead(self) -> bool:
        """Strike off owners whose heart has stopped; answer whether there were any."""
        if time.monotonic() < self._bury_from:
            return False
        return await self._database.write(self._bury)

    async def time_of_leases(self) -> datetime:
        """Answer the time by which heartbeats are counted."""
        if self._database.is_sqlite:
            return self._clock.now()
        return await self._database.read(lambda session: session.scalars(select(_SERVER_NOW)).one())

    @property
    def _now(self) -> Any:
        """The time now by the clock that everybody shares, as a value or an expression."""
        return self._clock.now() if self._database.is_sqlite else _SERVER_NOW

    def _enter(self, session: Session) -> None:
        if self._seat.is_the_only_one:
            session.execute(delete(Owner))
        now = self._now
        entry = {"id": self.id, "host": socket.gethostname(), "pid": os.getpid()}
        session.execute(insert(Owner).values(**entry, started_at=now, heartbeat_at=now))

    def _beat(self, session: Session) -> bool:
        beaten: CursorResult[object] = session.execute(  # type: ignore[assignment]
            update(Owner).where(col(Owner.id) == self.id).values(heartbeat_at=self._now)
        )
        return beaten.rowcount == 1

    def _bury(self, session: Session) -> bool:
        stopped_before = self._now - self._expiry
        buried: CursorResult[object] = session.execute(  # type: ignore[assignment]
            delete(Owner).where(col(Owner.heartbeat_at) < stopped_before)
        )
        return buried.rowcount > 0
