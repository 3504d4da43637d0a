"""A process as the owner of runs: alive while its heart beats, buried by the others after.

On SQLite the database is one machine's, and one process works on it: that process holds a
lock on a file beside it, which the kernel lets go of when the process ends in whatever way. So
a successor knows at once that whoever owned runs before is dead, and need not wait.
"""

import asyncio
import os
import socket
from datetime import timedelta

from sqlalchemy import CursorResult, delete, update
from sqlmodel import Session, col

from bot.engine.clock import Clock
from bot.engine.identifiers import new_id
from bot.store.database import Database
from bot.store.seat import Seat
from bot.store.tables import Owner


class Ownership:
    """This process's place among those that work on one store."""

    def __init__(
        self,
        database: Database,
        seat: Seat,
        clock: Clock,
        heartbeat: timedelta = timedelta(seconds=3),
        expiry: timedelta = timedelta(seconds=15),
    ) -> None:
        self.id = new_id(clock.now())
        self._database = database
        self._clock = clock
        self._heartbeat = heartbeat
        self._expiry = expiry
        self._seat = seat

    async def begin(self) -> None:
        """Take the seat, where there is only one, and be known as alive."""
        await self._seat.take()
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
        """Wait for the next heartbeat, and answer whether we are still counted as alive."""
        await asyncio.sleep(self._heartbeat.total_seconds())
        return await self._database.write(self._beat)

    async def bury_the_dead(self) -> bool:
        """Strike off owners whose heart has stopped; answer whether there were any."""
        return await self._database.write(self._bury)

    def _enter(self, session: Session) -> None:
        if self._seat.is_the_only_one:
            session.execute(delete(Owner))
        now = self._clock.now()
        session.add(
            Owner(
                id=self.id,
                host=socket.gethostname(),
                pid=os.getpid(),
                started_at=now,
                heartbeat_at=now,
            )
        )

    def _beat(self, session: Session) -> bool:
        beaten: CursorResult[object] = session.execute(  # type: ignore[assignment]
            update(Owner).where(col(Owner.id) == self.id).values(heartbeat_at=self._clock.now())
        )
        return beaten.rowcount == 1

    def _bury(self, session: Session) -> bool:
        stopped_before = self._clock.now() - self._expiry
        buried: CursorResult[object] = session.execute(  # type: ignore[assignment]
            delete(Owner).where(col(Owner.heartbeat_at) < stopped_before)
        )
        return buried.rowcount > 0
