"""The runs that wait for a worker: how they come into the queue, and which of them is next.

What is next is the most urgent and oldest whose identity is free and whose lanes have room.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from importlib import import_module
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    bindparam,
    exists,
    func,
    insert,
    or_,
    select,
)
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from bot.engine.definitions.kinds import Wanted
from bot.engine.dispatch import Dispatch, Hint
from bot.engine.identifiers import new_id
from bot.engine.journal.runs import run_values
from bot.engine.journal.statements import live, no_living_owner
from bot.engine.pace import Limits
from bot.states import State
from bot.store.tables import LIVE_ROWS, Place, Run


def enqueue(  # noqa: PLR0913 (what is known of a run that is asked for)
    session: Session,
    wanted: Wanted,
    at: datetime,
    *,
    force: bool = False,
    rank: int = 0,
    deadline_at: datetime | None = None,
    places: Sequence[tuple[str, int]] = (),
) -> Run:
    """Add a run to be done, or find the live one that is equal, and answer it.

    It commits with the rest of the session's transaction: whoever asks for work can write down
    why in the same stroke.
    """
    run_id = new_id(at)
    if _live_equal(session, wanted) is None:
        values = run_values(wanted, run_id, at) | queued_values(run_id)
        values |= {"rank": rank, "deadline_at": deadline_at}
        # Another process may be adding the equal run just now: then that one is found below.
        session.execute(_insert(session, values))
    run = session.get(Run, run_id, populate_existing=True) or _live_equal(session, wanted)
    if run is None:
        raise RuntimeError(f"a run of {wanted.identity} could be neither added nor found")
    if run.id == run_id:
        enqueue_places(session.connection(), run_id, places)
    run.asked, run.root_id = True, run.id
    run.force = run.force or force
    run.rank = min(run.rank, rank)
    session.flush()
    return run


def _insert(session: Session, values: dict[str, Any]) -> Any:
    return _insert_new(session).values(**values)


def _insert_new(session: Session) -> Any:
    dialect = session.get_bind().dialect.name
    inserting = import_module(f"sqlalchemy.dialects.{dialect}").insert(Run)
    return inserting.on_conflict_do_nothing()


class RunQueue:
    """The queue, for whoever writes into it: a run and the hint that it waits commit together."""

    def __init__(self, dispatch: Dispatch, limits: Limits | None = None) -> None:
        self._dispatch = dispatch
        self._limits = limits or Limits()

    def enqueue(  # noqa: PLR0913 (what is known of a run that is asked for)
        self,
        session: Session,
        wanted: Wanted,
        at: datetime,
        *,
        lanes: Iterable[str] = (),
        force: bool = False,
        rank: int = 0,
        deadline_at: datetime | None = None,
    ) -> Run:
        """Add a run, or find the live one that is equal; see `enqueue`."""
        places = self._limits.places(lanes)
        run = enqueue(
            session, wanted, at, force=force, rank=rank, deadline_at=deadline_at, places=places
        )
        self._dispatch.announce(session.connection(), [Hint(run.id, -run.rank)])
        return run

    def enqueue_new(
        self,
        session: Session,
        wanted: Sequence[Wanted],
        at: datetime,
        *,
        rank: int = 0,
        deadline_at: datetime | None = None,
    ) -> list[str | None]:
        """Add many runs in one stroke, and answer their ids; `None` where an equal one is live."""
        ids = [new_id(at) for _ in wanted]
        values = [
            run_values(each, run_id, at)
            | queued_values(run_id)
            | {"rank": rank, "deadline_at": deadline_at, "asked": True}
            for each, run_id in zip(wanted, ids, strict=True)
        ]
        if not values:
            return []
        connection = session.connection()
        connection.execute(_insert_new(session), values)
        there = set(connection.scalars(select(col(Run.id)).where(col(Run.id).in_(ids))))
        places = self._limits.places(())
        for run_id in there:
            enqueue_places(connection, run_id, places)
        self._dispatch.announce(connection, [Hint(run_id, -rank) for run_id in sorted(there)])
        return [run_id if run_id in there else None for run_id in ids]


def queued_values(run_id: str) -> dict[str, Any]:
    """Answer what makes a row one of the queue."""
    return {"root_id": run_id, "state": State.QUEUED, "owner": None, "token": 0}


def enqueue_places(connection: Connection, run_id: str, places: Sequence[tuple[str, int]]) -> None:
    """Note which lanes a run needs a place in."""
    if places:
        rows = [{"run_id": run_id, "lane": lane, "most": most} for lane, most in places]
        connection.execute(insert(Place), [row | {"held": False} for row in rows])


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
NEXT_OF_IDENTITIES = NEXT.where(col(Run.identity).in_(bindparam("identities", expanding=True)))
NEXT_OF_LANES = NEXT.join(Place, col(Place.run_id) == col(Run.id)).where(
    col(Place.lane).in_(bindparam("lanes", expanding=True))
)


def takeable(connection: Connection, most: int) -> list[Hint]:
    """Answer runs that could be taken now: first what was cut off, as others may wait for it."""
    rows = list(connection.execute(CUT_OFF.limit(most)))
    if len(rows) < most:
        rows += connection.execute(NEXT.limit(most - len(rows)))
    return [Hint(row.id, -row.rank) for row in rows]


def next_in_line(connection: Connection, identities: Sequence[str]) -> list[Hint]:
    """Answer those that could be taken as these identities have become free."""
    rows = connection.execute(NEXT_OF_IDENTITIES, {"identities": list(identities)})
    return [Hint(row.id, -row.rank) for row in rows]


def next_in_lanes(connection: Connection, runs: Sequence[str]) -> list[Hint]:
    """Answer those that could be taken as these runs give their lanes up: one for each place."""
    lanes = list(
        connection.scalars(
            select(col(Place.lane)).where(col(Place.run_id).in_(runs), col(Place.held))
        )
    )
    if not lanes:
        return []
    rows = connection.execute(NEXT_OF_LANES.limit(len(lanes)), {"lanes": lanes})
    return [Hint(row.id, -row.rank) for row in rows]


def _live_equal(session: Session, wanted: Wanted) -> Run | None:
    """Answer the live run that is equal; what has no identity has none."""
    if not wanted.identity:
        return None
    return session.scalars(
        select(Run).where(
            col(Run.identity) == wanted.identity,
            col(Run.command) == wanted.command,
            col(Run.fingerprint) == wanted.fingerprint,
            LIVE_ROWS,
        )
    ).first()
