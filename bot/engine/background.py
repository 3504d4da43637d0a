"""What is put right beside the work, again and again until the store takes it."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import structlog

from bot.engine.interruptions import RunInterrupted

log = structlog.get_logger(__name__)

FIRST_PAUSE = timedelta(seconds=0.1)
LONGEST_PAUSE = timedelta(seconds=2)


class Background:
    """The repairs that go on in this process."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def repair(self, what: str, work: Callable[[], Awaitable[object]]) -> None:
        """Do `work` now, and again until it succeeds."""
        task = asyncio.create_task(_until_done(what, work), name=what)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Give up what has not succeeded: the process ends, and others put it right."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def _until_done(what: str, work: Callable[[], Awaitable[object]]) -> None:
    pause = FIRST_PAUSE
    while True:
        try:
            await work()
        except (Exception, RunInterrupted) as error:  # noqa: BLE001 (it is tried again)
            log.warning("not_put_right", what=what, problem=str(error))
            await asyncio.sleep(pause.total_seconds())
            pause = min(2 * pause, LONGEST_PAUSE)
        else:
            return
