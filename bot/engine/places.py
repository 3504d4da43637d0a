"""How many roots go on at once in one process; one that waits for others takes no room."""

import asyncio
from collections.abc import Awaitable, Callable

from bot.engine.watch import Watch

Occupy = Callable[[str], Awaitable[bool]]
Leave = Callable[[str], Awaitable[None]]


class Places:
    """The places of one process, `most` of them."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._free = asyncio.Semaphore(most)

    @property
    def any_free(self) -> bool:
        """Whether a root can begin at once."""
        return not self._free.locked()

    async def take(self) -> None:
        """Wait for a place, and take it."""
        await self._free.acquire()

    def leave(self) -> None:
        """Give a place back."""
        self._free.release()


class RootPlace:
    """The place of one root, and its places in lanes, which the whole fleet shares.

    It is given up when the first of its branches waits, and regained after the last does.
    """

    def __init__(self, run_id: str, places: Places, watch: Watch, lanes: "Lanes | None") -> None:
        self._run_id = run_id
        self._places = places
        self._watch = watch
        self._lanes = lanes
        self._waiting = 0
        self._held = True
        self._in_lanes = True
        self._closed = False
        self._changing = asyncio.Lock()
        self.left = asyncio.Event()
        """Set when the place was given up for the first time, or the root has ended."""

    def give_up(self) -> None:
        """Note that a branch waits."""
        self._waiting += 1
        if self._held:
            self._let_go()

    async def given_up(self) -> None:
        """Return when the fleet knows that the root takes no room in its lanes."""
        if self._lanes is None or not self._in_lanes:
            return
        async with self._changing:
            if self._in_lanes and self._waiting:
                await self._lanes.leave(self._run_id)
                self._in_lanes = False

    async def regain(self) -> None:
        """Note that a branch waits no more; return when the root has its place again."""
        self._waiting -= 1
        if self._waiting or self._held:
            return
        # One branch takes the place for all of them.
        async with self._changing:
            if self._closed or self._held or self._waiting:
                return
            await self._places.take()
            self._held = True
            if self._is_not_needed():
                self._let_go()
            elif self._lanes is not None and not self._in_lanes:
                await self._lanes.enter(self._run_id, self._watch)
                self._in_lanes = True

    def forget(self) -> None:
        """Note that a branch waits no more, as it ends."""
        self._waiting -= 1

    def close(self) -> None:
        """Give the place up for good."""
        self._closed = True
        if self._held:
            self._let_go()
        self.left.set()

    def _is_not_needed(self) -> bool:
        return self._closed or self._waiting > 0

    def _let_go(self) -> None:
        self._held = False
        self._places.leave()
        self.left.set()


class Lanes:
    """The lanes of the fleet, as the store has them."""

    def __init__(self, occupy: Occupy, leave: Leave) -> None:
        self._occupy = occupy
        self.leave = leave

    async def enter(self, run_id: str, watch: Watch) -> None:
        """Return when the run has a place in each of its lanes."""
        while not await self._occupy(run_id):
            await watch.tick()
