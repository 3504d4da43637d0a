"""How long one attempt at a step may take."""

import asyncio
from datetime import timedelta
from typing import Any

from resources.errors import TimedOut


class TimeLimit:
    """A context that raises `TimedOut` when it takes longer than `period`; `None`: never."""

    def __init__(self, period: timedelta | None, step: str) -> None:
        self._period = period
        self._step = step
        self._timeout = asyncio.timeout(period.total_seconds() if period else None)

    async def __aenter__(self) -> None:
        await self._timeout.__aenter__()

    async def __aexit__(self, *problem: Any) -> None:
        try:
            await self._timeout.__aexit__(*problem)
        except TimeoutError:
            if not self._timeout.expired():
                raise
            raise TimedOut(
                f"`{self._step}` took longer than {self._period} and was ended. Mend what kept "
                "it, or give it more time, and retry."
            ) from None
