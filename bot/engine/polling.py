"""The dispatch of one process that works alone: it looks into the store for what waits there."""

import asyncio
from collections.abc import Sequence

import structlog
from sqlalchemy import Connection

from bot.alarm import Alarm
from bot.engine.dispatch import Hint, Look
from bot.engine.interruptions import RunInterrupted
from bot.engine.journal.queue import takeable
from bot.store.database import Database

log = structlog.get_logger(__name__)


class Polling:
    """Looks for runs when somebody rings, and each second in any case."""

    hints = False

    def __init__(self, database: Database) -> None:
        self._database = database
        self._alarm = Alarm()
        self._looking: dict[str, asyncio.Task[None]] = {}
        self.left_some = False
        """Whether the last look found more than there was room for."""

    def announce(self, connection: Connection, hints: Sequence[Hint]) -> None:
        """Say nothing: the run itself is found."""

    def reissue(self, connection: Connection) -> int:
        """Say nothing: every run is found at the next look."""
        return 0

    def wake(self) -> None:
        """Look now."""
        self._alarm.ring()

    async def deliver(self, look: Look, at_once: int) -> None:
        """Hand runs to `look`, the most urgent first."""
        try:
            async for _ in self._alarm.rounds():
                await self._round(look, at_once)
        finally:
            for task in self._looking.values():
                task.cancel()
            await asyncio.gather(*self._looking.values(), return_exceptions=True)

    async def _round(self, look: Look, at_once: int) -> None:
        room = at_once - len(self._looking)
        if room <= 0:
            self.left_some = True
            return
        try:
            # More than there is room for: some may be looked at already.
            hints = await self._database.read(
                lambda session: takeable(session.connection(), at_once + 1)
            )
        except Exception:
            log.exception("runs_not_read", what="the store could not be asked for waiting runs")
            return
        self.left_some = len(hints) > room
        for hint in [hint for hint in hints if hint.run_id not in self._looking][:room]:
            self._begin(look, hint.run_id)

    def _begin(self, look: Look, run_id: str) -> None:
        task = asyncio.create_task(self._look(look, run_id), name=f"look {run_id}")
        self._looking[run_id] = task
        task.add_done_callback(lambda _: self._looked(run_id))

    def _looked(self, run_id: str) -> None:
        self._looking.pop(run_id, None)
        if self.left_some:
            self.wake()

    async def _look(self, look: Look, run_id: str) -> None:
        try:
            await look(run_id)
        except (Exception, RunInterrupted):
            log.exception("look_failed", run=run_id)
