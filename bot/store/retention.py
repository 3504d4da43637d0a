"""Forgets what ended long ago: runs with all that belongs to them, deliveries, and notices.

What is recorded of identities, tenants and rollouts is never forgotten. A run and what it handed
to the queue are a family, such as a rollout's: it goes when all of it has ended long ago.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import ColumnElement, and_, delete, func, or_, true
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from bot.states import LIVE, State
from bot.store.database import Database
from bot.store.forgotten_notices import forget_notices
from bot.store.tables import Delivery, Deployment, Place, Printed, Rollout, Run, Signal, Step, Wait

T = TypeVar("T")

MOST_PARAMETERS = 1_000
"""With how many values one statement compares; every database has a limit."""

_OF_A_RUN: tuple[tuple[str, Any, Any], ...] = (
    ("steps", Step, Step.run_id),
    ("printed", Printed, Printed.run_id),
    ("waits", Wait, Wait.waiter_id),
    ("waits", Wait, Wait.target_id),
    ("places", Place, Place.run_id),
    ("signals", Signal, Signal.run_id),
)


@dataclass(frozen=True)
class Pruned:
    """How many rows were deleted."""

    runs: int = 0
    steps: int = 0
    printed: int = 0
    waits: int = 0
    places: int = 0
    signals: int = 0
    deliveries: int = 0
    notices: int = 0


class _Ended(NamedTuple):
    """Something that has ended, and when: where a page stops and the next one begins."""

    at: datetime
    id: str


class _Member(NamedTuple):
    """A run of a family."""

    id: str
    root_id: str
    parent_id: str | None
    state: State
    finished_at: datetime | None


class _Unit(NamedTuple):
    """Runs that go together or not at all, and how many rows they are with all that is theirs."""

    runs: list[str]
    rows: int


async def prune(
    database: Database, older_than: timedelta, now: datetime, *, batch: int = 500
) -> Pruned:
    """Delete what ended more than `older_than` before `now`, and answer how many rows that were.

    One transaction deletes about `batch` rows, or one root with what was nested in it where
    that is more: nobody waits long, and a prune that is cut off leaves whole runs. A delivery
    that was forgotten counts as new when it comes again, so deliveries must be kept for longer
    than GitHub offers to send them again. A notice goes when it told its end, or was given up: if
    there is more to say after all, it is found on GitHub again.
    """
    before = now - older_than
    counts = await _prune_runs(database, before, batch, None)
    last: _Ended | None = None
    while handled := await database.read(partial(_handled, before, last, batch)):
        last = handled[-1]
        counts += await database.write(partial(_forget_deliveries, handled, before))
    counts["notices"] = await forget_notices(database, before, batch)
    return Pruned(**counts)


async def prune_routine(
    database: Database, older_than: timedelta, now: datetime, least_rank: int, *, batch: int = 500
) -> Pruned:
    """Delete runs of at least that rank which succeeded; what failed is kept as all others are.

    What goes on by the clock for ever, and nearly always finds nothing, would be most of all runs.
    """
    return Pruned(**await _prune_runs(database, now - older_than, batch, least_rank))


async def _prune_runs(
    database: Database, before: datetime, batch: int, least_rank: int | None
) -> Counter[str]:
    counts: Counter[str] = Counter()
    last: _Ended | None = None
    while heads := await database.read(partial(_heads, before, last, batch, least_rank)):
        last = heads[-1]
        for portion in await database.read(partial(_portions, heads, before, batch)):
            counts += await database.write(partial(_forget_runs, portion, before))
    return counts


def _some(values: Sequence[T]) -> Iterator[Sequence[T]]:
    """Answer the values, no more at once than a statement takes."""
    for start in range(0, len(values), MOST_PARAMETERS):
        yield values[start : start + MOST_PARAMETERS]


def _long_ago(state: Any, at: Any, before: datetime) -> ColumnElement[bool]:
    return and_(col(state).not_in(LIVE), col(at) < before)


def _past(last: _Ended | None, at: Any, key: Any) -> ColumnElement[bool]:
    if last is None:
        return true()
    return and_(col(at) >= last.at, or_(col(at) > last.at, col(key) > last.id))


def _heads(
    before: datetime, last: _Ended | None, most: int, least_rank: int | None, session: Session
) -> list[_Ended]:
    """Answer roots that ended long ago and whose parent, if any, is forgotten; oldest first."""
    parent = aliased(Run)
    routine: ColumnElement[bool] = true()
    if least_rank is not None:
        routine = and_(col(Run.rank) >= least_rank, col(Run.state) == State.SUCCEEDED)
    query = (
        select(Run.finished_at, Run.id)
        .outerjoin(parent, col(parent.id) == col(Run.parent_id))
        .where(
            col(Run.id) == col(Run.root_id),
            col(parent.id).is_(None),
            _long_ago(Run.state, Run.finished_at, before),
            _past(last, Run.finished_at, Run.id),
            routine,
        )
        .order_by(col(Run.finished_at), col(Run.id))
        .limit(most)
    )
    return [_Ended(*row) for row in session.execute(query)]


def _handled(before: datetime, last: _Ended | None, most: int, session: Session) -> list[_Ended]:
    """Answer deliveries that were done with long ago, oldest first."""
    query = (
        select(Delivery.handled_at, Delivery.guid)
        .where(
            _long_ago(Delivery.state, Delivery.handled_at, before),
            _past(last, Delivery.handled_at, Delivery.guid),
        )
        .order_by(col(Delivery.handled_at), col(Delivery.guid))
        .limit(most)
    )
    return [_Ended(*row) for row in session.execute(query)]


def _portions(
    heads: Sequence[_Ended], before: datetime, most: int, session: Session
) -> list[list[_Unit]]:
    """Answer what may be forgotten of these families, each portion for one transaction."""
    needed = _needed(session)
    portions: list[list[_Unit]] = [[]]
    room = most
    for family in _families(session, [head.id for head in heads]):
        runs = [run.id for run in family]
        if not needed.isdisjoint(runs) or not all(_ended_before(run, before) for run in family):
            continue
        for unit in _units(family, _rows_of(session, runs), most):
            if unit.rows > room and portions[-1]:
                portions.append([])
                room = most
            portions[-1].append(unit)
            room -= unit.rows
    return [portion for portion in portions if portion]


def _ended_before(run: _Member, before: datetime) -> bool:
    return run.state.terminal and run.finished_at is not None and run.finished_at < before


def _units(family: Sequence[_Member], rows: Counter[str], most: int) -> Iterator[_Unit]:
    """Answer a family as one, or, where that is too much at once, root by root, parents last."""
    if rows.total() <= most:
        yield _Unit([run.id for run in family], rows.total())
        return
    trees: dict[str, list[str]] = {}
    for run in family:
        trees.setdefault(run.root_id, []).append(run.id)
    for runs in reversed(trees.values()):
        yield _Unit(runs, sum(rows[run] for run in runs))


def _families(session: Session, heads: list[str]) -> list[list[_Member]]:
    """Answer with each head what was nested in it, and what all of these handed to the queue.

    Roots come in the order in which they were begun: after the one that began them.
    """
    families: dict[str, list[_Member]] = {head: [] for head in heads}
    roots = heads
    while roots:
        home: dict[str | None, list[_Member]] = {}
        for run in _runs_where(session, Run.root_id, roots):
            families[run.root_id].append(run)
            home[run.id] = families[run.root_id]
        children = _runs_where(session, Run.parent_id, [run for run in home if run is not None])
        roots = []
        for run in children:
            if run.id == run.root_id and run.id not in families:
                families[run.id] = home[run.parent_id]
                roots.append(run.id)
    return [families[head] for head in heads]


def _runs_where(session: Session, column: Any, values: Sequence[str]) -> Iterator[_Member]:
    query = select(Run.id, Run.root_id, Run.parent_id, Run.state, Run.finished_at)  # type: ignore[call-overload]
    for some in _some(values):
        yield from (_Member(*row) for row in session.execute(query.where(col(column).in_(some))))


def _needed(session: Session) -> set[str | None]:
    """Answer the runs of live rollouts, and those for which a live run waits."""
    live = select(Rollout.id, Rollout.run_id).where(col(Rollout.state).in_(LIVE))
    rollouts = dict(session.exec(live).all())
    needed = set(rollouts.values())
    for some in _some(list(rollouts)):
        query = select(Deployment.run_id).where(col(Deployment.rollout_id).in_(some))
        needed |= set(session.exec(query))
    waits = select(Wait.target_id).join(Run, col(Run.id) == col(Wait.waiter_id))
    awaited = session.exec(waits.where(col(Run.state).in_(LIVE)))
    return needed.union(awaited)


def _rows_of(session: Session, runs: Sequence[str]) -> Counter[str]:
    """Answer how many rows each run is, with its steps and with what it printed."""
    rows = Counter(runs)
    for some in _some(runs):
        for column in (col(Step.run_id), col(Printed.run_id)):
            query = select(column, func.count()).where(column.in_(some)).group_by(column)
            rows.update(dict(session.exec(query).all()))
    return rows


def _forget_runs(portion: Sequence[_Unit], before: datetime, session: Session) -> Counter[str]:
    """Delete the runs of a portion that nobody has asked for again in the meantime."""
    runs = [run for unit in portion for run in unit.runs]
    old = _still_old(session, runs, before)
    gone = [run for unit in portion if old.issuperset(unit.runs) for run in unit.runs]
    counts: Counter[str] = Counter()
    for some in _some(gone):
        for name, table, column in (*_OF_A_RUN, ("runs", Run, Run.id)):
            deletion = delete(table).where(col(column).in_(some))
            counts[name] += session.connection().execute(deletion).rowcount
    return counts


def _still_old(session: Session, runs: Sequence[str], before: datetime) -> set[str]:
    """Answer those that are still to be forgotten, and keep them so until the end."""
    old: set[str] = set()
    for some in _some(sorted(runs)):
        query = select(Run.id).where(
            col(Run.id).in_(some), _long_ago(Run.state, Run.finished_at, before)
        )
        # What another process works on at this moment is left for the next time.
        old.update(session.exec(query.order_by(col(Run.id)).with_for_update(skip_locked=True)))
    return old


def _forget_deliveries(
    handled: Sequence[_Ended], before: datetime, session: Session
) -> Counter[str]:
    counts: Counter[str] = Counter()
    for some in _some(handled):
        deletion = delete(Delivery).where(
            col(Delivery.guid).in_([delivery.id for delivery in some]),
            _long_ago(Delivery.state, Delivery.handled_at, before),
        )
        counts["deliveries"] += session.connection().execute(deletion).rowcount
    return counts
