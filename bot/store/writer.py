"""The one thread that writes, committing together all that waits (group commit).

A durable write costs one flush of the disk. With a hundred steps waiting, one flush serves
them all; with one waiting it is flushed at once, so nobody ever waits for company.
"""

import asyncio
import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from sqlalchemy import Engine
from sqlmodel import Session

from bot.store.commits import Item, Together, Told, Work, commit
from bot.store.line import Line

T = TypeVar("T")

MOST_TOGETHER = 1_000


class Writer:
    """The store's only writer in this process.

    What is handed in is written in its own savepoint: one failure never takes along what
    shares the commit. An awaited call has reached the disk.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._waiting: SimpleQueue[Work | None] = SimpleQueue()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to write, for the running event loop."""
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._work, name="store-writer", daemon=True)
        self._thread.start()

    async def close(self) -> None:
        """Write what waits, and end the thread."""
        if self._thread is None:
            return
        self._waiting.put(None)
        await asyncio.to_thread(self._thread.join)
        self._thread = None

    def write(self, work: Callable[[Session], T]) -> "asyncio.Future[T]":
        """Carry out `work` in a session; its result comes when it is durable."""
        return self._hand_in(Work(self._new_future(), alone=work))

    def write_together(
        self, together: Together[Item], item: Item, *, in_one_statement: bool = False
    ) -> "asyncio.Future[Any]":
        """Hand `item` to `together`, which gets all items that wait for it in one call.

        An item may be written more than once, each time in a transaction that came to nothing
        but for the last one. What is written `in_one_statement` may have been written before.
        """
        work = Work(self._new_future(), None, together, item, in_one_statement)
        return self._hand_in(work)

    def _new_future(self) -> "asyncio.Future[Any]":
        if self._loop is None or self._thread is None:
            raise RuntimeError("the store's writer is not running; start the database first")
        return self._loop.create_future()

    def _hand_in(self, work: Work) -> "asyncio.Future[Any]":
        self._waiting.put(work)
        return work.future

    def _work(self) -> None:
        line = Line(self._engine)
        while batch := self._next_batch():
            told = commit(line, batch)
            if self._loop is not None and not self._loop.is_closed():
                self._loop.call_soon_threadsafe(_tell, told)
        line.close()

    def _next_batch(self) -> list[Work]:
        first = self._waiting.get()
        if first is None:
            return []
        batch = [first]
        try:
            while len(batch) < MOST_TOGETHER:
                work = self._waiting.get_nowait()
                if work is None:
                    self._waiting.put(None)
                    break
                batch.append(work)
        except Empty:
            pass
        return batch


def _tell(told: Told) -> None:
    """Tell everyone who still waits; on the event loop's thread."""
    for work, result in told:
        if work.future.done():
            continue
        if isinstance(result, BaseException):
            work.future.set_exception(result)
        else:
            work.future.set_result(result)
