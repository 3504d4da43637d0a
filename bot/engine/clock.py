"""The one source of time; a test moves its own."""

from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Answers the time, aware and in UTC."""

    def now(self) -> datetime:
        """Answer the time now."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Answer the time now."""
        return datetime.now(UTC)
