"""The statements of the journal, written once; what is asked for a thousand times is prepared."""

from typing import Any

from sqlalchemy import bindparam, func, or_, select, update
from sqlalchemy.orm import aliased
from sqlalchemy.sql import ColumnElement
from sqlmodel import col

from bot.states import LIVE, State
from bot.store.columns import Moment
from bot.store.tables import LIVE_ROWS, Owner, Recorded, Run, Step


def upsert(insert: Any, key: list[str]) -> Any:
    """Make of an insert one that replaces the row of the same key."""
    columns = [column for column in insert.table.columns if column.name not in key]
    return insert.on_conflict_do_update(
        index_elements=key, set_={column.name: insert.excluded[column.name] for column in columns}
    )


def no_living_owner() -> ColumnElement[bool]:
    """Answer the condition that nobody alive works on a run."""
    return or_(col(Run.owner).is_(None), col(Run.owner).not_in(select(col(Owner.id))))


_KEY = (
    (col(Run.identity) == bindparam("k_identity"))
    & (col(Run.command) == bindparam("k_command"))
    & (col(Run.fingerprint) == bindparam("k_fingerprint"))
    & LIVE_ROWS
)
LIVE_RUN = select(col(Run.id), col(Run.root_id), col(Run.token)).where(_KEY)
RUN_STANDS = select(col(Run.token), col(Run.state)).where(col(Run.id) == bindparam("run"))
STEPS_OF_RUN = select(Step.__table__).where(  # type: ignore[attr-defined]
    col(Step.run_id) == bindparam("run")
)
INSERT_RUN = Run.__table__.insert()  # type: ignore[attr-defined]
TAKE_RUN = (
    update(Run)
    .where(col(Run.id) == bindparam("run"))
    .values(
        state=State.RUNNING,
        owner=bindparam("taker"),
        token=bindparam("next_token"),
        started_at=func.coalesce(col(Run.started_at), bindparam("at", type_=Moment)),
    )
)
END_RUN = (
    update(Run)
    .where(col(Run.id) == bindparam("run"))
    .values(
        state=bindparam("end_state"),
        result=bindparam("end_result"),
        failure=bindparam("end_failure"),
        finished_at=bindparam("end_at"),
    )
)
END_ORPHANS = (
    update(Run)
    .where(
        col(Run.root_id) == bindparam("run"),
        col(Run.id) != bindparam("run"),
        LIVE_ROWS,
        no_living_owner(),
    )
    .values(state=State.CANCELLED, finished_at=bindparam("end_at"))
)
_LIVE_ROOT = aliased(Run)
CANCEL_ORPHANS = (
    update(Run)
    .where(
        LIVE_ROWS,
        col(Run.id) != col(Run.root_id),
        no_living_owner(),
        col(Run.root_id).not_in(
            select(col(_LIVE_ROOT.id)).where(col(_LIVE_ROOT.state).in_([*LIVE]))
        ),
    )
    .values(state=State.CANCELLED, finished_at=bindparam("end_at", type_=Moment))
    .execution_options(synchronize_session=False)
)
UNSETTLE = update(Recorded).where(col(Recorded.identity) == bindparam("gone")).values(settled=False)
FORGET = Recorded.__table__.delete().where(  # type: ignore[attr-defined]
    col(Recorded.identity) == bindparam("gone")
)
INTERRUPTED = select(Run).where(col(Run.state) == State.RUNNING, no_living_owner())
WAITING = (
    select(Run)
    .where(LIVE_ROWS, col(Run.id) == col(Run.root_id), no_living_owner())
    # What was cut off comes first: others may wait for what it holds.
    .order_by(col(Run.state) != State.RUNNING, col(Run.created_at), col(Run.id))
)

# Asked before every write of a step: as text, with all ids in one parameter.
HELD_ON_SQLITE = (
    "SELECT id, token FROM run WHERE id IN (SELECT value FROM json_each(?)) AND state = 'running'"
)
HELD_ON_POSTGRESQL = "SELECT id, token FROM run WHERE id = ANY(%s) AND state = 'running' FOR SHARE"
