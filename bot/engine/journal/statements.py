"""The statements of the journal, written once; what is asked for a thousand times is prepared."""

from typing import Any

from sqlalchemy import (
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.orm import aliased
from sqlalchemy.sql import ColumnElement
from sqlmodel import col

from bot.engine.journal.rows import Record
from bot.states import LIVE, State
from bot.store.columns import Moment
from bot.store.tables import (
    LIVE_ROWS,
    DoneOnce,
    Owner,
    Place,
    Recorded,
    Run,
    Signal,
    Step,
    Wait,
)

STEPS_TABLE: Any = Step.__table__  # type: ignore[attr-defined]
RUN_TABLE: Any = Run.__table__  # type: ignore[attr-defined]


def upsert(inserting: Any, key: list[str]) -> Any:
    """Make of an insert one that replaces the row of the same key."""
    columns = [column for column in inserting.table.columns if column.name not in key]
    return inserting.on_conflict_do_update(
        index_elements=key,
        set_={column.name: inserting.excluded[column.name] for column in columns},
    )


def living_owner(run: Any = Run) -> ColumnElement[bool]:
    """Answer the condition that somebody alive works on a run."""
    return and_(
        col(run.owner).is_not(None),
        exists().where(col(Owner.id) == col(run.owner)),
    )


def no_living_owner(run: Any = Run) -> ColumnElement[bool]:
    """Answer the condition that nobody alive works on a run."""
    return or_(
        col(run.owner).is_(None),
        ~exists().where(col(Owner.id) == col(run.owner)),
    )


def live(run: Any) -> ColumnElement[bool]:
    """Answer the condition that a run has not ended.

    Its states are written out, in the words of the index on the few that live: a database that
    gets them as parameters looks at all runs there ever were.
    """
    return col(run.state).in_([literal_column(f"'{state}'") for state in LIVE])


_ROW = (
    col(Run.id),
    col(Run.root_id),
    col(Run.parent_id),
    col(Run.parent_step),
    col(Run.identity),
    col(Run.command),
    col(Run.fingerprint),
    col(Run.state),
    col(Run.owner),
    col(Run.token),
    col(Run.rank),
    col(Run.paused),
    col(Run.force),
    col(Run.cancelled_by),
    col(Run.deadline_at),
    col(Run.taken_at),
    living_owner().label("attended"),
)
LIVE_OF_IDENTITIES = (
    select(*_ROW)
    .where(col(Run.identity).in_(bindparam("identities", expanding=True)), LIVE_ROWS)
    .order_by(col(Run.rank), col(Run.id))
)
RUN_ROW = select(*_ROW).where(col(Run.id) == bindparam("run"))
IDENTITIES_OF = select(col(Run.identity)).where(
    col(Run.id).in_(bindparam("runs", expanding=True)), LIVE_ROWS
)
"""The identities of those of these runs that live."""

RECORDS = select(*(getattr(Recorded, name) for name in Record._fields)).where(
    col(Recorded.identity).in_(bindparam("identities", expanding=True))
)
THESE_RUNS = select(col(Run.id)).where(col(Run.id).in_(bindparam("runs", expanding=True)))
STEPS_OF_RUNS = select(STEPS_TABLE).where(col(Step.run_id).in_(bindparam("runs", expanding=True)))
STEPS_NAMED = select(STEPS_TABLE).where(
    col(Step.run_id).in_(bindparam("runs", expanding=True)),
    col(Step.name).in_(bindparam("names", expanding=True)),
)
FORGET_STEP = delete(Step).where(
    col(Step.run_id) == bindparam("run"), col(Step.name) == bindparam("step_name")
)
_OWNER_LIVES = select(col(Owner.id)).where(col(Owner.id) == bindparam("me"))
OWNER_LIVES = {
    "sqlite": _OWNER_LIVES,
    # Whoever wants to bury it waits until what it writes now is there.
    "postgresql": _OWNER_LIVES.with_for_update(read=True),
}
TAKE_RUN = (
    update(Run)
    .where(col(Run.id) == bindparam("run"), LIVE_ROWS)
    .values(
        state=State.RUNNING,
        owner=bindparam("taker"),
        token=col(Run.token) + 1,
        taken_at=bindparam("at", type_=Moment),
        started_at=func.coalesce(col(Run.started_at), bindparam("at", type_=Moment)),
    )
)
ADOPT = (
    update(Run)
    .where(col(Run.id) == bindparam("run"))
    .values(parent_id=bindparam("parent"), parent_step=bindparam("step"))
)
# The token rises: whoever still works on it unseen can write no more.
_CANCELLED: dict[str, Any] = {
    "state": State.CANCELLED,
    "token": col(Run.token) + 1,
    "finished_at": bindparam("end_at", type_=Moment),
}
GIVE_UP = update(Run).where(col(Run.id) == bindparam("run"), LIVE_ROWS).values(**_CANCELLED)
_THIS_WAIT = (
    col(Wait.waiter_id) == bindparam("waiter"),
    col(Wait.step) == bindparam("of_step"),
    col(Wait.target_id) == bindparam("target"),
)
WAIT_OF = select(col(Wait.waiter_id)).where(*_THIS_WAIT)
INSERT_WAIT = insert(Wait).values(
    waiter_id=bindparam("waiter"), step=bindparam("of_step"), target_id=bindparam("target")
)
TRY = update(Run).where(col(Run.id) == bindparam("run")).values(last_try=bindparam("last"))
FORCE = update(Run).where(col(Run.id) == bindparam("run")).values(force=True)
ATTEND = update(Run).where(col(Run.id) == bindparam("run")).values(owner=bindparam("taker"))
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
UNSETTLE = (
    update(Recorded)
    .where(col(Recorded.identity).in_(bindparam("identities", expanding=True)))
    .values(settled=False)
    .execution_options(synchronize_session=False)
)
DRIFTED = (
    update(Recorded)
    .where(col(Recorded.identity) == bindparam("found"))
    .values(settled=False, installed_version=None)
    .execution_options(synchronize_session=False)
)
"""What was installed may be what is gone, so that is done again as well."""
FORGET = delete(Recorded).where(col(Recorded.identity) == bindparam("gone"))
FORGET_ONCE = delete(DoneOnce).where(col(DoneOnce.identity) == bindparam("gone"))
LEAVE_WAITS = delete(Wait).where(col(Wait.waiter_id).in_(bindparam("runs", expanding=True)))
LEAVE_PLACES = delete(Place).where(col(Place.run_id).in_(bindparam("runs", expanding=True)))

_parent, _waiter = aliased(Run), aliased(Run)
WAITED_FOR = exists().where(
    col(Wait.target_id) == col(Run.id),
    col(_waiter.id) == col(Wait.waiter_id),
    live(_waiter),
)
CANCEL_ORPHANS = (
    update(Run)
    .where(
        LIVE_ROWS,
        col(Run.parent_id).is_not(None),
        ~col(Run.asked),
        no_living_owner(),
        ~exists().where(col(_parent.id) == col(Run.parent_id), live(_parent)),
        ~WAITED_FOR,
    )
    .values(**_CANCELLED)
    .execution_options(synchronize_session=False)
)
"""Ends what was cut off and whose parent has ended: nobody will ask for it any more."""

CHANGED = select(col(Run.id), (~live(Run)).label("ended")).where(
    col(Run.id).in_(bindparam("runs", expanding=True)),
    or_(
        ~live(Run),
        and_(col(Run.state) != State.QUEUED, no_living_owner()),
    ),
)
"""Of those that are waited for: what has ended, or lost who works on it."""

SIGNALLED = select(col(Signal.run_id), col(Signal.name)).where(
    col(Signal.run_id).in_(bindparam("runs", expanding=True))
)
TOLD = select(col(Run.id), col(Run.cancelled_by), col(Run.paused)).where(
    col(Run.owner) == bindparam("taker"),
    LIVE_ROWS,
    or_(col(Run.cancelled_by).is_not(None), col(Run.paused)),
)


def step_of_parent(inserting: Any) -> Any:
    """Make of an insert of a step one that writes the end of a run into its parent's step.

    It is written where the parent still waits for it: the row of the run itself says whose step
    it is, and a step that has an outcome keeps it.
    """
    ended = (
        select(
            col(Run.parent_id),
            col(Run.parent_step),
            col(Run.kind) + "." + col(Run.command),
            col(Run.fingerprint),
            col(Run.state),
            col(Run.result),
            col(Run.failure),
            col(Run.created_at),
            col(Run.finished_at),
        )
        .join(_parent, col(_parent.id) == col(Run.parent_id))
        .where(
            col(Run.id).in_(bindparam("runs", expanding=True)),
            col(Run.parent_step).is_not(None),
            # One that was given up is asked for anew, if anybody is left to ask.
            or_(col(Run.state) != State.CANCELLED, col(Run.failure).is_not(None)),
            # One that failed and is tried again is no failure of the step yet.
            or_(col(Run.state) != State.FAILED, col(Run.last_try)),
            live(_parent),
        )
    )
    new = inserting.from_select([column.name for column in STEPS_TABLE.columns], ended)
    return new.on_conflict_do_update(
        index_elements=["run_id", "name"],
        set_={name: new.excluded[name] for name in ("state", "result", "failure", "finished_at")},
        where=col(Step.state).in_([*LIVE]),
    )
