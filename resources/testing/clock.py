"""Time in a rehearsal: it stands still while anything is done, and leaps where all wait for it."""

import asyncio
import heapq
from datetime import UTC, datetime, timedelta
from typing import TypeVar

T = TypeVar("T")

BEGINNING = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
"""When every rehearsal begins: a Monday morning."""

ROUNDS = 10
"""For so many turns of the loop nothing is done before time leaps: all that was begun comes up."""


class LeapingClock:
    """A clock that nobody has to wait for: a sleep of two days takes no time at all."""

    def __init__(self) -> None:
        self._now = BEGINNING
        self._sleepers: list[tuple[datetime, int, asyncio.Future[None]]] = []
        self._slept = 0
        self._acting = 0
        self._begun = 0
        self._still = asyncio.Event()

    def now(self) -> datetime:
        """Answer the time now, aware and in UTC."""
        return self._now

    def passes(self, period: timedelta) -> None:
        """Let so much time have passed, while nothing is done."""
        self._now += period

    async def sleep_until(self, moment: datetime) -> None:
        """Return when all others wait as well, and this is the next moment that is waited for."""
        if moment <= self._now:
            return
        self._slept += 1
        awake: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (moment, self._slept, awake))
        await awake

    def begin(self) -> None:
        """Note that something is done for which time stands still."""
        self._acting += 1
        self._begun += 1
        self._still.clear()

    def cease(self) -> None:
        """Note that it is not done any more, or waits."""
        self._acting -= 1
        if not self._acting:
            self._still.set()

    async def pass_until_done(self, task: "asyncio.Task[None]") -> bool:
        """Let time pass until the task is done; `False`: it waits for what no time will bring."""
        self._acting = 0
        self._still.set()
        while not task.done():
            still = asyncio.ensure_future(self._still.wait())
            await asyncio.wait([task, still], return_when=asyncio.FIRST_COMPLETED)
            still.cancel()
            if await self._stays_still() and not task.done() and not self._leap():
                return False
        return True

    async def _stays_still(self) -> bool:
        before = self._begun
        for _ in range(ROUNDS):
            if self._acting or self._begun > before:
                return False
            await asyncio.sleep(0)
        # What began and ended within a turn of the loop was done as well.
        return not self._acting and self._begun == before

    def _leap(self) -> bool:
        """Wake whoever waits for the next moment; answer whether anybody does."""
        while self._sleepers:
            moment, _, awake = heapq.heappop(self._sleepers)
            if not awake.done():
                self._now = max(self._now, moment)
                awake.set_result(None)
                return True
        return False
