"""The branches of one body: its steps that go on, in whichever tasks, and when all have ended."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from resources.testing.clock import LeapingClock

T = TypeVar("T")


class Branches:
    """What goes on in the body of a hook or a workflow; time stands still while any of it acts."""

    def __init__(self, clock: LeapingClock) -> None:
        self.ended = False
        self._clock = clock
        self._in_flight: dict[asyncio.Future[None], asyncio.Task[Any] | None] = {}
        self._acts = False
        """Whether the body itself counts as acting: it does while none of its steps goes on."""

    @contextmanager
    def step(self) -> Iterator[None]:
        """Let a step go on meanwhile."""
        settled: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._in_flight[settled] = asyncio.current_task()
        self._clock.act()
        self._body_acts(False)
        try:
            yield
        finally:
            del self._in_flight[settled]
            self._body_acts(not self._in_flight and not self.ended)
            self._clock.rest()
            settled.set_result(None)

    async def settled(self, body: Callable[[], Awaitable[T]]) -> T:
        """Answer what `body` answers, when the steps that it left going have ended as well."""
        self._body_acts(True)
        try:
            return await body()
        finally:
            try:
                while self._in_flight:
                    await asyncio.wait(set(self._in_flight))
            except asyncio.CancelledError:
                await self._end_all()
                raise
            finally:
                self.ended = True
                self._body_acts(False)

    def _body_acts(self, acts: bool) -> None:
        if acts != self._acts:
            self._acts = acts
            self._clock.act() if acts else self._clock.rest()

    async def _end_all(self) -> None:
        """End the steps that go on in tasks which nobody awaits any more."""
        here = asyncio.current_task()
        for task in set(self._in_flight.values()):
            if task is not None and task is not here:
                task.cancel()
        while self._in_flight:
            await asyncio.wait(set(self._in_flight))
