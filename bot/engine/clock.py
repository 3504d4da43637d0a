"""The one source of time; a test moves its own."""

import asyncio
from datetime import UTC, datetime
from typing import Protocol

LONGEST_SLEEP_SECONDS = 3600.0


class Clock(Protocol):
    """Answers the time, aware and in UTC, and waits for it."""

    def now(self) -> datetime:
        """Answer the time now."""

    async def sleep_until(self, moment: datetime) -> None:
        """Return when the time has come, and at once where it has passed."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Answer the time now."""
        return datetime.now(UTC)

    async def sleep_until(self, moment: datetime) -> None:
        """Wait by the loop's clock, in pieces: the machine's may be set meanwhile."""
        while (left := (moment - self.now()).total_seconds()) > 0:  # noqa: ASYNC110 (it is a clock)
            await asyncio.sleep(min(left, LONGEST_SLEEP_SECONDS))
