"""Those of this process who wait for runs that go on here or elsewhere.

What ends here tells them at once; what ends elsewhere, a notification of the store does, or at
the latest the next look.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress

from bot.engine.journal import Journal


class Watch:
    """The waits of one process, looked after together."""

    def __init__(self, journal: Journal, look_now: Callable[[], None]) -> None:
        self._journal = journal
        self._look_now = look_now
        self._runs: dict[str, set[asyncio.Future[None]]] = {}
        self._signals: dict[str, set[asyncio.Future[None]]] = {}
        self._ticked = asyncio.Event()

    async def tick(self) -> None:
        """Return at the next look: about each second, and when something has ended."""
        await self._ticked.wait()

    async def change(self, run_id: str) -> None:
        """Return when the run has ended, or nobody works on it any more; or now and then."""
        await self._wait(self._runs, run_id)

    async def signal(self, run_id: str) -> None:
        """Return when the run was told something."""
        await self._wait(self._signals, run_id)

    def tell(self, runs: Sequence[str]) -> None:
        """Wake those who wait for these runs."""
        self._tick()
        for waiting in (self._runs, self._signals):
            for run_id in runs:
                _wake(waiting.get(run_id, ()))

    async def look(self) -> None:
        """Ask the store what has become of all that is waited for."""
        self._tick()
        for run_id in await self._journal.changed(list(self._runs)) if self._runs else ():
            _wake(self._runs.get(run_id, ()))
        for run_id in await self._journal.signalled(list(self._signals)) if self._signals else ():
            _wake(self._signals.get(run_id, ()))

    def close(self) -> None:
        """Let nobody wait any more: the process ends."""
        for waiting in (*self._runs.values(), *self._signals.values()):
            for woken in waiting:
                woken.cancel()

    def _tick(self) -> None:
        self._ticked.set()
        self._ticked = asyncio.Event()

    async def _wait(self, waiting: dict[str, set[asyncio.Future[None]]], run_id: str) -> None:
        woken = asyncio.get_running_loop().create_future()
        waiting.setdefault(run_id, set()).add(woken)
        # It may have happened before we began to wait.
        self._look_now()
        try:
            await woken
        finally:
            with suppress(KeyError):
                waiting[run_id].discard(woken)
                if not waiting[run_id]:
                    del waiting[run_id]


def _wake(waiting: "Sequence[asyncio.Future[None]] | set[asyncio.Future[None]]") -> None:
    for woken in list(waiting):
        if not woken.done():
            woken.set_result(None)
