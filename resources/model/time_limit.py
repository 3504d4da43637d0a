"""How long one attempt at a step may take, and how long is waited for something."""

import asyncio
from collections.abc import Awaitable
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar

from resources.errors import TimedOut

T = TypeVar("T")


class Sleeps(Protocol):
    """A clock, as far as it lets somebody wait."""

    async def sleep_until(self, moment: datetime, /) -> None:
        """Wait until then."""


async def in_time_for(waiting: Awaitable[T], clock: Sleeps, until: datetime) -> T:
    """Answer what `waiting` does; raises `TimeoutError`, and ends it, where `until` comes first."""
    awaited = asyncio.ensure_future(waiting)
    late = asyncio.ensure_future(clock.sleep_until(until))
    try:
        await asyncio.wait([awaited, late], return_when=asyncio.FIRST_COMPLETED)
        if not awaited.done():
            raise TimeoutError
        return awaited.result()
    finally:
        late.cancel()
        if not awaited.done():
            awaited.cancel()
            await asyncio.wait([awaited])


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
