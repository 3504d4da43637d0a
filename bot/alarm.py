"""What lets a worker look for work at once when there is some, and now and then in any case."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta


class Alarm:
    """Rings when something is due. A ring during a round leads to another round: none is lost."""

    def __init__(self, every: timedelta = timedelta(seconds=1)) -> None:
        self._every = every
        self._rung = asyncio.Event()

    def ring(self) -> None:
        """Begin the next round now."""
        self._rung.set()

    async def rounds(self) -> AsyncIterator[None]:
        """Yield at once, and again whenever it rang or `every` has passed."""
        while True:
            # Cleared before the look: what rings while it goes on is heard after it.
            self._rung.clear()
            yield
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._every.total_seconds()):
                    await self._rung.wait()
