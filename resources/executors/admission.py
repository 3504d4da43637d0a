"""Scripts of this machine wait for their turn, so that however many come, it does not fall over."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from contextvars import ContextVar
from datetime import timedelta

from resources.executors.load import Load, load_of
from resources.executors.room import Guest, Room

FIRST_LOOK = timedelta(seconds=0.1)
FIRST_LOOK_AT_THE_KNOWN = timedelta(seconds=0.5)
LAST_PAUSE = timedelta(seconds=2)
GROWTH = 1.5
COST = 50
"""The pause after a look is at least so many times as long as the look took."""


class Place:
    """What a script that was let in holds, until it ends."""

    def __init__(self, watch: Callable[[int], asyncio.Task[None]] | None = None) -> None:
        self._watch = watch

    @asynccontextmanager
    async def watching(self, pid: int) -> AsyncIterator[None]:
        """Measure a process with its descendants meanwhile."""
        if self._watch is None:
            yield
            return
        watching = self._watch(pid)
        try:
            yield
        finally:
            watching.cancel()


class Admission:
    """The room of this machine for scripts: `cpus` at work at once, and bytes of `memory`.

        with admitting(Admission(cpus=2, memory=4_000_000_000)):
            await executor.execute(script)

    Who comes first goes first. What a sort of scripts needs is learned from those that ran
    before; what one holds is corrected while it runs, so one that only waits for something far
    away makes way, and one that needs more than was thought holds more, but is not stopped.
    """

    def __init__(
        self, cpus: float, memory: int, look: Callable[[int], Load | None] = load_of
    ) -> None:
        self._room = Room(cpus, memory)
        self._look = look
        self._turns: dict[Guest, asyncio.Future[None]] = {}

    @property
    def inside(self) -> int:
        """How many scripts go on."""
        return len(self._room.inside)

    @property
    def in_line(self) -> int:
        """How many scripts wait for their turn."""
        return len(self._room.in_line)

    @asynccontextmanager
    async def admitted(self, sort: str) -> AsyncIterator[Place]:
        """Wait until there is room for a script of that sort, and hold it to the end."""
        guest, turn = Guest(sort), asyncio.get_running_loop().create_future()
        self._turns[guest] = turn
        self._room.line_up(guest)
        try:
            self._let_in()
            await turn
            yield Place(lambda pid: asyncio.create_task(self._watched(guest, pid)))
        finally:
            del self._turns[guest]
            self._room.leave(guest)
            self._let_in()

    def _let_in(self) -> None:
        for guest in self._room.let_in(time.monotonic()):
            turn = self._turns[guest]
            if not turn.done():
                turn.set_result(None)

    async def _watched(self, guest: Guest, pid: int) -> None:
        """Look at a script again and again; seldom at one that takes long, or is costly to see."""
        known = self._room.knows(guest.sort)
        pause = (FIRST_LOOK_AT_THE_KNOWN if known else FIRST_LOOK).total_seconds()
        while True:
            await asyncio.sleep(pause)
            began = time.monotonic()
            load = await asyncio.to_thread(self._look, pid)
            if load is None:
                return
            self._room.look(guest, load)
            self._let_in()
            cost = COST * (time.monotonic() - began)
            pause = max(cost, min(GROWTH * pause, LAST_PAUSE.total_seconds()))


_HERE: ContextVar[Admission | None] = ContextVar("admission", default=None)


@contextmanager
def admitting(admission: Admission) -> Iterator[None]:
    """Let whatever is begun in here run its scripts by that admission."""
    before = _HERE.set(admission)
    try:
        yield
    finally:
        # Fixtures and servers end elsewhere than they began: then there is nothing to put back.
        with suppress(ValueError):
            _HERE.reset(before)


@asynccontextmanager
async def admitted(sort: str) -> AsyncIterator[Place]:
    """Wait for room on this machine, where whoever asks is to run by an admission."""
    admission = _HERE.get()
    if admission is None:
        yield Place()
        return
    async with admission.admitted(sort) as place:
        yield place
