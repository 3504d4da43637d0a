"""Giving up a run that was waited for: it ends, unless somebody else wants it."""

from datetime import datetime

from sqlalchemy import Connection, exists, select, update
from sqlalchemy.orm import aliased
from sqlmodel import col

from bot.engine.statements import DELETE_WAIT, GIVE_UP, RUN_ROW, live
from bot.states import State
from bot.store.tables import Run, Wait

NOBODY = ""
"""What `cancelled_by` says of a run that nobody waits for any more."""

_waiter = aliased(Run)


def leave(connection: Connection, waiter: str, target: str, at: datetime) -> bool:
    """Note that `waiter` waits no more; answer whether the run `target` has to be ended.

    One that somebody works on is marked, and whoever works on it ends it; any other is ended here.
    """
    connection.execute(DELETE_WAIT, {"waiter": waiter, "target": target})
    row = connection.execute(select(Run.__table__).where(col(Run.id) == target)).first()  # type: ignore[attr-defined]
    if row is None or row.state not in {State.QUEUED, State.WAITING, State.RUNNING}:
        return False
    if row.parent_id == waiter:
        values = {"parent_id": None, "parent_step": None}
        connection.execute(update(Run).where(col(Run.id) == target).values(**values))
    elif row.parent_id is not None:
        return False
    if row.asked or _is_waited_for(connection, target):
        return False
    attended = connection.execute(RUN_ROW, {"run": target}).one().attended
    if row.state == State.RUNNING and attended:
        marked = update(Run).where(col(Run.id) == target).values(cancelled_by=NOBODY)
        connection.execute(marked)
    else:
        connection.execute(GIVE_UP, {"run": target, "end_at": at})
    return True


def _is_waited_for(connection: Connection, target: str) -> bool:
    waited = exists().where(
        col(Wait.target_id) == target, col(_waiter.id) == col(Wait.waiter_id), live(_waiter)
    )
    return bool(connection.scalar(select(waited)))
