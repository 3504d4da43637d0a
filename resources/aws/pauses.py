"""How long is waited between two questions about the same thing: at first not long."""

from collections.abc import Iterator
from datetime import timedelta

FIRST = 0.2
GROWS = 1.5


def pauses(longest: timedelta) -> Iterator[float]:
    """Answer pauses in seconds that grow up to the longest, without end.

    So what is done soon is known soon, and what takes an hour is not asked about all the time.
    """
    pause, most = FIRST, longest.total_seconds()
    while True:
        yield min(pause, most)
        pause = min(pause * GROWS, most)
