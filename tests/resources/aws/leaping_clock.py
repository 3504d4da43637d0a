"""Time that nobody has to wait for."""

import asyncio
from datetime import UTC, datetime, timedelta

SHORT = timedelta(minutes=25)


class LeapingClock:
    """Leaps to the end of each wait that is short; a longer one ends when these have added up."""

    def __init__(self) -> None:
        self._now = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
        self._moved = asyncio.Event()

    def now(self) -> datetime:
        self._now += timedelta(microseconds=1)
        return self._now

    async def sleep_until(self, moment: datetime) -> None:
        if moment - self._now <= SHORT:
            self._now = max(self._now, moment)
            moved, self._moved = self._moved, asyncio.Event()
            moved.set()
            await asyncio.sleep(0)
        while self._now < moment:
            await self._moved.wait()
