"""The branches of one body: its steps that go on, in whichever tasks, and when all have ended."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar

T = TypeVar("T")


class Activity(Protocol):
    """Counts what is carried out and waits for nothing."""

    def begin(self) -> None:
        """Note that something is carried out."""

    def cease(self) -> None:
        """Note that it has ended, or waits."""


class Branches:
    """What goes on in the body of a hook or a workflow, which acts while none of its steps does."""

    def __init__(self, activity: Activity) -> None:
        self.ended = False
        self._activity = activity
        self._in_flight: dict[asyncio.Future[None], asyncio.Task[Any] | None] = {}
        self._acts = False

    @contextmanager
    def step(self) -> Iterator[None]:
        """Let a step go on meanwhile."""
        settled: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._in_flight[settled] = asyncio.current_task()
        self._activity.begin()
        self._body_acts(False)
        try:
            yield
        finally:
            del self._in_flight[settled]
            self._body_acts(not self._in_flight and not self.ended)
            self._activity.cease()
            settled.set_result(None)

    async def settled(self, body: Callable[[], Awaitable[T]]) -> T:
        """Answer what `body` answers, when the steps that it left going have ended as well.

        A failure in one branch of a `gather` leaves the others going: none outlives the body.
        """
        self._body_acts(True)
        try:
            return await body()
        finally:
            try:
                while self._in_flight:
                    await asyncio.wait(set(self._in_flight))
            except asyncio.CancelledError:
                await self.end()
                raise
            finally:
                self.ended = True
                self._body_acts(False)

    async def end(self) -> None:
        """End the steps that go on in tasks which nobody awaits any more."""
        here = asyncio.current_task()
        for task in set(self._in_flight.values()):
            if task is not None and task is not here:
                task.cancel()
        while self._in_flight:
            await asyncio.wait(set(self._in_flight))

    def _body_acts(self, acts: bool) -> None:
        if acts != self._acts:
            self._acts = acts
            self._activity.begin() if acts else self._activity.cease()
