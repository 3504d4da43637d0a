"""Which of the runs that wait for a worker is next.

That is the most urgent and oldest whose identity is free and whose lanes have room.
"""

from collections.abc import Sequence

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    bindparam,
    exists,
    func,
    or_,
    select,
)
from sqlalchemy.orm import aliased
from sqlmodel import col

from bot.engine.dispatch import Hint
from bot.engine.journal.statements import live, no_living_owner
from bot.states import State
from bot.store.tables import LIVE_ROWS, Place, Run

_other, _mine, _theirs, _holder = aliased(Run), aliased(Place), aliased(Place), aliased(Run)


def _full_lane() -> ColumnElement[bool]:
    held = (
        select(func.count())
        .select_from(_theirs)
        .join(_holder, col(_holder.id) == col(_theirs.run_id))
        .where(
            col(_theirs.lane) == col(_mine.lane),
            col(_theirs.held),
            col(_holder.state) == State.RUNNING,
        )
        .scalar_subquery()
    )
    return exists().where(
        col(_mine.run_id) == col(Run.id), ~col(_mine.held), held >= col(_mine.most)
    )


def _behind_another() -> ColumnElement[bool]:
    return exists().where(
        col(_other.identity) == col(Run.identity),
        live(_other),
        col(_other.id) != col(Run.id),
        or_(
            col(_other.state) == State.RUNNING,
            and_(
                col(_other.state) == State.QUEUED,
                ~col(_other.paused),
                or_(
                    col(_other.rank) < col(Run.rank),
                    and_(col(_other.rank) == col(Run.rank), col(_other.id) < col(Run.id)),
                ),
            ),
        ),
    )


_ROOTS = (
    # In the words of the index on the few that live: among all that ended it would take long.
    LIVE_ROWS,
    col(Run.id) == col(Run.root_id),
    ~col(Run.paused),
    col(Run.cancelled_by).is_(None),
)
CUT_OFF = (
    select(col(Run.id), col(Run.rank))
    .where(col(Run.state) == State.RUNNING, no_living_owner(), *_ROOTS)
    .order_by(col(Run.id))
)
NEXT = (
    select(col(Run.id), col(Run.rank))
    .where(col(Run.state) == State.QUEUED, *_ROOTS, ~_behind_another(), ~_full_lane())
    .order_by(col(Run.rank), col(Run.id))
)
_LANES_HELD = select(col(Place.lane)).where(
    col(Place.run_id).in_(bindparam("runs", expanding=True)), col(Place.held)
)
_CUT_OFF_AT_MOST = CUT_OFF.limit(bindparam("most"))
_NEXT_AT_MOST = NEXT.limit(bindparam("most"))
NEXT_OF_IDENTITIES = NEXT.where(col(Run.identity).in_(bindparam("identities", expanding=True)))
_NEXT_OF_LANES = (
    NEXT.join(Place, col(Place.run_id) == col(Run.id))
    .where(col(Place.lane).in_(bindparam("lanes", expanding=True)))
    .limit(bindparam("most"))
)


def takeable(connection: Connection, most: int) -> list[Hint]:
    """Answer runs that could be taken now: first what was cut off, as others may wait for it."""
    rows = list(connection.execute(_CUT_OFF_AT_MOST, {"most": most}))
    if len(rows) < most:
        rows += connection.execute(_NEXT_AT_MOST, {"most": most - len(rows)})
    return [Hint(row.id, -row.rank) for row in rows]


def next_in_line(connection: Connection, identities: Sequence[str]) -> list[Hint]:
    """Answer those that could be taken as these identities have become free."""
    rows = connection.execute(NEXT_OF_IDENTITIES, {"identities": list(identities)})
    return [Hint(row.id, -row.rank) for row in rows]


def next_in_lanes(connection: Connection, runs: Sequence[str]) -> list[Hint]:
    """Answer those that could be taken as these runs give their lanes up: one for each place."""
    lanes = list(connection.scalars(_LANES_HELD, {"runs": list(runs)}))
    if not lanes:
        return []
    rows = connection.execute(_NEXT_OF_LANES, {"lanes": lanes, "most": len(lanes)})
    return [Hint(row.id, -row.rank) for row in rows]
