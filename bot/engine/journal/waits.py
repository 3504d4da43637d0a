"""Giving up a run that was waited for: it ends, unless somebody else wants it."""

from datetime import datetime
from enum import Enum, auto
from typing import Any

from sqlalchemy import Connection, delete, select, update
from sqlmodel import col

from bot.engine.journal.statements import GIVE_UP, LEAVE_PLACES, LEAVE_WAITS, RUN_ROW, WAITED_FOR
from bot.states import State
from bot.store.tables import Run, Wait

NOBODY = ""
"""What `cancelled_by` says of a run that nobody waits for any more."""


class Fate(Enum):
    """What becomes of a run that is waited for by one step less."""

    KEPT = auto()
    QUEUED = auto()
    """Somebody asked for it by itself: it waits for a worker now."""
    ENDED = auto()
    """It was ended, or is marked for whoever works on it to end it."""


def leave(  # noqa: PLR0913, PLR0917 (who leaves what, and how he held it)
    connection: Connection,
    waiter: str,
    target: str,
    at: datetime,
    step: str | None = None,
    owner: str | None = None,
) -> Fate:
    """Note that a step of `waiter`, or all of it, waits no more for `target`.

    A row in line that `owner` attended to is free to be attended to by others.
    """
    _delete_waits(connection, waiter, target, step)
    row: Any = connection.execute(select(Run.__table__).where(col(Run.id) == target)).first()  # type: ignore[attr-defined]
    if row is None or State(row.state).terminal:
        return Fate.KEPT
    its_own = row.parent_id == waiter and step in {None, row.parent_step}
    parent_id = None if its_own else row.parent_id
    if parent_id is None and not row.asked and not _is_waited_for(connection, target):
        # It keeps the name of who began it: a retry of that one goes on with it.
        _end(connection, row, at)
        return Fate.ENDED
    if its_own:
        _change(connection, target, parent_id=None, parent_step=None)
    if row.state != State.WAITING:
        return Fate.KEPT
    if row.asked and parent_id is None:
        _change(connection, target, state=State.QUEUED, owner=None, root_id=target)
        return Fate.QUEUED
    if row.owner == owner:
        _change(connection, target, owner=None)
    return Fate.KEPT


def _end(connection: Connection, row: Any, at: datetime) -> None:
    if row.state == State.RUNNING and connection.execute(RUN_ROW, {"run": row.id}).one().attended:
        _change(connection, row.id, cancelled_by=NOBODY)
        return
    connection.execute(GIVE_UP, {"run": row.id, "end_at": at})
    connection.execute(LEAVE_WAITS, {"runs": [row.id]})
    connection.execute(LEAVE_PLACES, {"runs": [row.id]})


def _delete_waits(connection: Connection, waiter: str, target: str, step: str | None) -> None:
    these = [col(Wait.waiter_id) == waiter, col(Wait.target_id) == target]
    if step is not None:
        these.append(col(Wait.step) == step)
    connection.execute(delete(Wait).where(*these))


def _change(connection: Connection, run_id: str, **values: Any) -> None:
    connection.execute(update(Run).where(col(Run.id) == run_id).values(**values))


def _is_waited_for(connection: Connection, target: str) -> bool:
    waited_for = select(col(Run.id)).where(col(Run.id) == target, WAITED_FOR)
    return connection.execute(waited_for).first() is not None
