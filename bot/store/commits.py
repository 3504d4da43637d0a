"""One transaction for all that waits: what fails in it, and what is then written again.

Each piece of work has its own savepoint, so that one failure never takes along what shares the
commit; only where the database is away all is lost. Items are plain values that can be written
again. What is written through a session may hold objects that count as written, so it is told.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Connection
from sqlmodel import Session

from bot.store.failures import is_away, is_conflict
from bot.store.line import Line

Item = TypeVar("Item")

Together = Callable[[Connection, Sequence[Item]], Sequence[Any]]
"""Writes many items at once, and answers for each its result, or the exception it gets."""

ATTEMPTS = 5
"""How often an item is written whose transaction was lost, or in another one's way."""

STEP_ASIDE_SECONDS = 0.01


@dataclass(slots=True, eq=False)
class Work:
    """Something to be written, and who waits for it."""

    future: "asyncio.Future[Any]"
    alone: Callable[[Session], Any] | None = None
    together: Together[Any] | None = None
    item: Any = None
    in_one_statement: bool = False


Told = list[tuple[Work, Any]]
"""What became of each piece of work: its result, or the exception for who waits for it."""


def commit(line: Line, batch: list[Work], attempts: int = ATTEMPTS) -> Told:
    """Write all in one transaction, and again what can be; what is told as written is durable."""
    try:
        line.begin(unspoken=batch[0].in_one_statement and _only_group(batch) is not None)
    except Exception as error:  # noqa: BLE001 (everyone who waits is told)
        return [(work, error) for work in batch]
    try:
        results = line.commit(lambda connection: _write(connection, batch))
    except BaseException as error:  # noqa: BLE001 (everyone who waits is told)
        return _after_failure(line, batch, error, attempts)
    told = list(zip(batch, results, strict=True))
    if any(isinstance(result, BaseException) for result in results):
        return [each for pair in told for each in _after_conflict(line, *pair, attempts)]
    return told


def _after_failure(line: Line, batch: list[Work], error: BaseException, attempts: int) -> Told:
    """Write the items of a transaction again that came to nothing, and tell the others."""
    told: Told = [(work, error) for work in batch if work.together is None]
    items = [work for work in batch if work.together is not None]
    if line.was_cut:
        if attempts <= 1 or not items:
            return told + [(work, error) for work in items]
        return told + commit(line, items, attempts - 1)
    for work in items:
        if len(batch) > 1:
            told += commit(line, [work], attempts)
        else:
            told += _after_conflict(line, work, error, attempts)
    return told


def _after_conflict(line: Line, work: Work, result: Any, attempts: int) -> Told:
    """Write an item in a transaction of its own where another one was in its way."""
    conflict = isinstance(result, BaseException) and is_conflict(result)
    if not conflict or work.together is None or attempts <= 1:
        return [(work, result)]
    time.sleep(STEP_ASIDE_SECONDS)
    return commit(line, [work], attempts - 1)


def _write(connection: Connection, batch: list[Work]) -> list[Any]:
    """Write everything, and answer what became of each piece of work, in their order."""
    if (together := _only_group(batch)) is not None:
        return list(together(connection, [work.item for work in batch]))
    results: dict[Work, Any] = {}
    groups: dict[Together[Any], list[Work]] = {}
    for work in batch:
        if work.together is not None:
            groups.setdefault(work.together, []).append(work)
    for together, works in groups.items():
        results.update(zip(works, _write_group(connection, together, works), strict=True))
    for work in batch:
        if work.alone is not None:
            results[work] = _in_session(connection, work.alone)
    return [results[work] for work in batch]


def _only_group(batch: list[Work]) -> Together[Any] | None:
    """Answer what writes all of the batch, where it is one group and nothing else.

    It has the transaction to itself and needs no savepoint: it fails as a whole anyway.
    """
    first = batch[0].together
    return first if all(work.together == first for work in batch) else None


def _write_group(
    connection: Connection, together: Together[Any], works: list[Work]
) -> Sequence[Any]:
    """Write the items of one group; where that fails, each by itself."""
    results = _in_savepoint(connection, _all_together(together, works))
    if isinstance(results, BaseException):
        return [_each_alone(connection, together, work) for work in works]
    return list(results)


def _each_alone(connection: Connection, together: Together[Any], work: Work) -> Any:
    results = _in_savepoint(connection, _all_together(together, [work]))
    return results if isinstance(results, BaseException) else results[0]


def _all_together(
    together: Together[Any], works: list[Work]
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
    except Exception as error:
        if is_away(error):
            raise
        return error


def _in_savepoint(connection: Connection, work: Callable[[Connection], Any]) -> Any:
    """Answer the result of `work`, or the exception that it raised, its writes undone."""
    try:
        with connection.begin_nested():
            return work(connection)
    except Exception as error:
        if is_away(error):
            raise
        return error
