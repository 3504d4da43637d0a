"""Those of this process who wait for runs that go on here or elsewhere.

What ends here tells them at once; what ends elsewhere, a notification of the store does, or at
the latest the next look.
"""

import asyncio
from collections.abc import Callable, Hashable, Iterable
from typing import Generic, TypeVar

from bot.engine.journal.journal import Journal

K = TypeVar("K", bound=Hashable)


class _Waiting(Generic[K]):
    """Those who wait for one kind of news, by what it is about."""

    def __init__(self) -> None:
        self.keys: dict[K, set[asyncio.Future[None]]] = {}
        self._closed = False

    async def wait(self, key: K, look_now: Callable[[], None]) -> None:
        woken = asyncio.get_running_loop().create_future()
        if self._closed:
            woken.cancel()
        self.keys.setdefault(key, set()).add(woken)
        # It may have happened before we began to wait.
        look_now()
        try:
            await woken
        finally:
            self.keys[key].discard(woken)
            if not self.keys[key]:
                del self.keys[key]

    def wake(self, keys: Iterable[K]) -> None:
        for key in keys:
            for woken in list(self.keys.get(key, ())):
                if not woken.done():
                    woken.set_result(None)

    def close(self) -> None:
        self._closed = True
        for waiting in self.keys.values():
            for woken in waiting:
                woken.cancel()


class Watch:
    """The waits of one process, looked after together."""

    def __init__(self, journal: Journal, look_now: Callable[[], None]) -> None:
        self._journal = journal
        self._look_now = look_now
        self._ends: _Waiting[str] = _Waiting()
        self._losses: _Waiting[str] = _Waiting()
        self._signals: _Waiting[tuple[str, str]] = _Waiting()
        self._ticked = asyncio.Event()

    @property
    def waited_for(self) -> set[str]:
        """The runs that somebody here waits for."""
        return set(self._ends.keys) | set(self._losses.keys)

    async def tick(self) -> None:
        """Return at the next look: about each second, and when something has ended."""
        await self._ticked.wait()

    async def end(self, run_id: str) -> None:
        """Return when the run has ended."""
        await self._ends.wait(run_id, self._look_now)

    async def end_or_loss(self, run_id: str) -> None:
        """Return when the run has ended, or nobody works on it any more."""
        await self._losses.wait(run_id, self._look_now)

    async def end_within(self, runs: Iterable[str], seconds: float) -> None:
        """Return when one of the runs has ended, or after that time."""
        ends = [asyncio.ensure_future(self.end(run_id)) for run_id in runs]
        try:
            await asyncio.wait(ends, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for end in ends:
                end.cancel()

    async def signal(self, run_id: str, name: str) -> None:
        """Return when the run was told something under that name."""
        await self._signals.wait((run_id, name), self._look_now)

    def tell(self, runs: Iterable[str]) -> None:
        """Wake those who wait for these runs, in whatever way."""
        told = set(runs)
        self._tick()
        self._ends.wake(told)
        self._losses.wake(told)
        self._signals.wake([key for key in self._signals.keys if key[0] in told])

    async def look(self) -> None:
        """Ask the store what has become of all that is waited for."""
        self._tick()
        if waited_for := self.waited_for:
            for run_id, ended in await self._journal.changed(list(waited_for)):
                self._losses.wake([run_id])
                if ended:
                    self._ends.wake([run_id])
        if self._signals.keys:
            runs = list({run_id for run_id, _ in self._signals.keys})
            self._signals.wake(await self._journal.signalled(runs))

    def close(self) -> None:
        """Let nobody wait any more: the process ends."""
        for waiting in (self._ends, self._losses, self._signals):
            waiting.close()

    def _tick(self) -> None:
        self._ticked.set()
        self._ticked = asyncio.Event()
