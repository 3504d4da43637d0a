"""Time in the stories: but for the moment that a look takes, it stands still until it is moved."""

import asyncio
from datetime import UTC, datetime, timedelta

A_MOMENT = timedelta(microseconds=1)
"""What comes later is later, so that an order by time is the order of what happened."""


class StoryClock:
    """A clock that begins on a Sunday morning in March 2026."""

    def __init__(self) -> None:
        self._now = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
        self._moved = asyncio.Event()

    def now(self) -> datetime:
        """Answer the time now, which is never the same twice."""
        self._now += A_MOMENT
        return self._now

    def pass_by(self, time: timedelta) -> None:
        """Let time go by."""
        self._now += time
        self._moved.set()
        self._moved = asyncio.Event()

    async def sleep_until(self, moment: datetime) -> None:
        """Return when somebody has let enough time go by."""
        while self._now < moment:
            await self._moved.wait()
