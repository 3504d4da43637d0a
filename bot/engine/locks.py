"""Who works on which identity, who waits for whom, and that nobody waits for himself.

One command works on an identity at a time; the others queue in the order they came. Runs that
were cut off by a crash come first: their identity is reserved until they are taken up again.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field

from resources.errors import WaitsForItself


@dataclass(eq=False)
class Node:
    """Somebody who may wait: a run, from the moment it is asked for."""

    name: str


class WaitGraph:
    """Who waits for whom. A wait that would close a circle is refused, as it could never end."""

    def __init__(self) -> None:
        self._waits: dict[Node, list[Node]] = {}

    @contextmanager
    def waiting(self, waiter: Node, target: Node) -> Iterator[None]:
        """Note that `waiter` waits for `target`; raises `WaitsForItself`."""
        circle = self._path(target, waiter)
        if circle:
            names = " → ".join(node.name for node in [waiter, *circle])
            raise WaitsForItself(
                f"{waiter.name} would wait for itself: {names}. Take one of these steps out of "
                "the other's way."
            )
        self._waits.setdefault(waiter, []).append(target)
        try:
            yield
        finally:
            targets = self._waits[waiter]
            targets.remove(target)
            if not targets:
                del self._waits[waiter]

    def _path(self, start: Node, goal: Node) -> list[Node]:
        """Answer a chain of waits from `start` to `goal`, both included; empty where none is."""
        chains = [[start]]
        seen = {start}
        while chains:
            chain = chains.pop()
            if chain[-1] is goal:
                return chain
            for target in self._waits.get(chain[-1], ()):
                if target not in seen:
                    seen.add(target)
                    chains.append([*chain, target])
        return []


@dataclass
class _Line:
    """Those who want one identity: the one at work, and the others in order."""

    holder: Node | None = None
    reserved_for: tuple[str, str, str] | None = None
    waiters: deque[tuple[Node, tuple[str, str, str], "asyncio.Future[None]"]] = field(
        default_factory=deque
    )

    def may_enter(self, key: tuple[str, str, str]) -> bool:
        return self.holder is None and self.reserved_for in {None, key}

    def next_change(self) -> None:
        """Wake everybody in line, to look again in order."""
        for _, _, woken in self.waiters:
            if not woken.done():
                woken.set_result(None)


class IdentityLocks:
    """The identities that are worked on in this process."""

    def __init__(self, graph: WaitGraph) -> None:
        self._graph = graph
        self._lines: dict[str, _Line] = {}

    def reserve(self, identity: str, key: tuple[str, str, str]) -> None:
        """Keep `identity` for the interrupted run of that key, ahead of everybody else."""
        self._lines.setdefault(identity, _Line()).reserved_for = key

    def release_reservation(self, identity: str, key: tuple[str, str, str]) -> None:
        """Give up a reservation whose run will not be taken up again."""
        line = self._lines.get(identity)
        if line is not None and line.reserved_for == key:
            line.reserved_for = None
            self._moved(identity, line)

    @asynccontextmanager
    async def holding(
        self, identity: str, key: tuple[str, str, str], node: Node
    ) -> AsyncIterator[None]:
        """Hold `identity` alone, after those who came before; raises `WaitsForItself`."""
        line = self._lines.setdefault(identity, _Line())
        try:
            await self._enter(line, key, node)
        except BaseException:
            self._moved(identity, line)
            raise
        try:
            yield
        finally:
            line.holder = None
            self._moved(identity, line)

    async def _enter(self, line: _Line, key: tuple[str, str, str], node: Node) -> None:
        while not (line.may_enter(key) and self._is_first(line, node, key)):
            await self._wait_for_a_change(line, key, node)
        line.waiters = deque(waiter for waiter in line.waiters if waiter[0] is not node)
        line.holder = node
        if line.reserved_for == key:
            line.reserved_for = None

    def _is_first(self, line: _Line, node: Node, key: tuple[str, str, str]) -> bool:
        return line.reserved_for == key or not line.waiters or line.waiters[0][0] is node

    async def _wait_for_a_change(self, line: _Line, key: tuple[str, str, str], node: Node) -> None:
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        places = [waiter[0] for waiter in line.waiters]
        if node in places:
            line.waiters[places.index(node)] = (node, key, woken)
        else:
            line.waiters.append((node, key, woken))
        try:
            if line.holder is None:
                await woken
            else:
                with self._graph.waiting(node, line.holder):
                    await woken
        except BaseException:
            line.waiters = deque(waiter for waiter in line.waiters if waiter[0] is not node)
            raise

    def _moved(self, identity: str, line: _Line) -> None:
        line.next_change()
        if line.holder is None and line.reserved_for is None and not line.waiters:
            self._lines.pop(identity, None)
