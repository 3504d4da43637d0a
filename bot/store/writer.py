"""The one thread that writes, committing together all that waits (group commit).

A durable write costs one flush of the disk. With a hundred steps waiting, one flush serves
them all; with one waiting it is flushed at once, so nobody ever waits for company.
"""

import asyncio
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine
from sqlmodel import Session

T = TypeVar("T")
Item = TypeVar("Item")

Together = Callable[[Connection, Sequence[Item]], Sequence[Any]]
"""Writes many items at once, and answers for each its result, or the exception it gets."""

MOST_TOGETHER = 1_000


@dataclass(slots=True)
class _Work:
    """Something to be written, and who waits for it."""

    future: "asyncio.Future[Any]"
    alone: Callable[[Session], Any] | None = None
    together: Together[Any] | None = None
    item: Any = None


@dataclass(slots=True)
class _Outcomes:
    """What became of one transaction's work, to be told when the commit is durable."""

    results: list[tuple["asyncio.Future[Any]", Any]] = field(default_factory=list)

    def add(self, work: _Work, result: Any) -> None:
        self.results.append((work.future, result))

    def tell(self) -> None:
        """Tell everyone; on the event loop's thread."""
        for future, result in self.results:
            if future.done():
                continue
            if isinstance(result, BaseException):
                future.set_exception(result)
            else:
                future.set_result(result)


class Writer:
    """The store's only writer in this process.

    What is handed in is written in its own savepoint: one failure never takes along what
    shares the commit. An awaited call has reached the disk.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._waiting: SimpleQueue[_Work | None] = SimpleQueue()
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
        return self._hand_in(_Work(self._new_future(), alone=work))

    def write_together(self, together: Together[Item], item: Item) -> "asyncio.Future[Any]":
        """Hand `item` to `together`, which gets all items that wait for it in one call."""
        return self._hand_in(_Work(self._new_future(), together=together, item=item))

    def _new_future(self) -> "asyncio.Future[Any]":
        if self._loop is None or self._thread is None:
            raise RuntimeError("the store's writer is not running; start the database first")
        return self._loop.create_future()

    def _hand_in(self, work: _Work) -> "asyncio.Future[Any]":
        self._waiting.put(work)
        return work.future

    def _work(self) -> None:
        with self._engine.connect().execution_options(orbits_writer=True) as connection:
            while batch := self._next_batch():
                outcomes = self._commit(connection, batch)
                if self._loop is not None and not self._loop.is_closed():
                    self._loop.call_soon_threadsafe(outcomes.tell)

    def _next_batch(self) -> list[_Work]:
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

    def _commit(self, connection: Connection, batch: list[_Work]) -> _Outcomes:
        """Write all in one transaction; where that is lost, what can be written again is.

        Items are plain values, and are written each in a transaction of its own. What was to
        be written through a session may hold objects that count as written: it is told.
        """
        outcomes = _Outcomes()
        try:
            with connection.begin():
                self._write_batch(connection, batch, outcomes)
                _demand_transaction(connection)
        except BaseException as error:  # noqa: BLE001 (everyone who waits is told)
            _roll_back(connection)
            outcomes = _Outcomes()
            for work in batch:
                if work.together is None or len(batch) == 1:
                    outcomes.add(work, error)
                else:
                    outcomes.results += self._commit(connection, [work]).results
        return outcomes

    def _write_batch(self, connection: Connection, batch: list[_Work], outcomes: _Outcomes) -> None:
        groups: dict[Together[Any], list[_Work]] = {}
        for work in batch:
            if work.together is not None:
                groups.setdefault(work.together, []).append(work)
        # What has the transaction to itself needs no savepoint: it fails as a whole anyway.
        write = _in_savepoint if len(groups) > 1 or len(batch) > len(_only(groups)) else _plainly
        for together, works in groups.items():
            results = write(connection, _all_together(together, works))
            if isinstance(results, BaseException):
                results = [_each_alone(connection, together, work) for work in works]
            for work, result in zip(works, results, strict=True):
                outcomes.add(work, result)
        for work in batch:
            if work.alone is not None:
                outcomes.add(work, _in_session(connection, work.alone))


class _TransactionLost(Exception):
    """The database has rolled everything back by itself, as SQLite does on a full disk."""


def _demand_transaction(connection: Connection) -> None:
    """Raise where what was written is gone already, and a commit would say nothing of it."""
    raw: Any = connection.connection.driver_connection
    if not getattr(raw, "in_transaction", True):
        raise _TransactionLost("the database has rolled back what was written")


def _roll_back(connection: Connection) -> None:
    """Leave no transaction open: a commit that failed may have left its own."""
    raw: Any = connection.connection.driver_connection
    raw.rollback()


def _each_alone(connection: Connection, together: Together[Any], work: _Work) -> Any:
    """Write one item of a group that failed, so that only what cannot be written fails."""
    results = _in_savepoint(connection, _all_together(together, [work]))
    return results if isinstance(results, BaseException) else results[0]


def _only(groups: dict[Together[Any], list[_Work]]) -> list[_Work]:
    """Answer the works of the one group; empty where there is none."""
    return next(iter(groups.values()), [])


def _all_together(
    together: Together[Any], works: list[_Work]
) -> Callable[[Connection], Sequence[Any]]:
    return lambda connection: together(connection, [work.item for work in works])


def _in_session(connection: Connection, alone: Callable[[Session], Any]) -> Any:
    """Answer the result of `alone`, or the exception that it raised, its writes undone."""
    try:
        with Session(
            connection, join_transaction_mode="create_savepoint", expire_on_commit=False
        ) as session:
            result = alone(session)
            session.commit()
            return result
    except Exception as error:  # noqa: BLE001 (it is told to who waits for this work)
        return error


def _plainly(connection: Connection, work: Callable[[Connection], Any]) -> Any:
    """Answer the result of `work`; an exception ends the transaction, and everybody is told."""
    return work(connection)


def _in_savepoint(connection: Connection, work: Callable[[Connection], Any]) -> Any:
    """Answer the result of `work`, or the exception that it raised, its writes undone."""
    try:
        with connection.begin_nested():
            return work(connection)
    except Exception as error:  # noqa: BLE001 (it is told to who waits for this work)
        return error
