"""Time that passes as it does, and further where a test lets it."""

from datetime import datetime, timedelta

from bot.engine.clock import SystemClock


class PassingClock(SystemClock):
    """The machine's clock, which can be set forward; best while nothing goes on."""

    def __init__(self) -> None:
        self._ahead = timedelta()

    def now(self) -> datetime:
        return super().now() + self._ahead

    def passes(self, period: timedelta = timedelta(minutes=10)) -> None:
        """Let so much time have passed."""
        self._ahead += period
