"""What the store knows of runs, read for whoever asks."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import and_, case, func, select
from sqlmodel import Session, col

from bot.engine.control.forgetting import is_called, steps_of
from bot.engine.control.intervention import RunNotFound, found
from bot.engine.control.status import (
    HolderStatus,
    LaneStatus,
    OwnerStatus,
    RunLine,
    RunStatus,
    StepStatus,
    Wait,
)
from bot.engine.journal.rows import StepRow
from bot.engine.journal.statements import RUN_TABLE, live
from bot.engine.steps.underway import Underway
from bot.states import State
from bot.store.tables import LIVE_ROWS, Owner, Place, Recorded, Run
from bot.store.tables import Wait as WaitRow
from resources.model.failure import Failure


def status(session: Session, typed: str, now: datetime) -> RunStatus:
    """Answer how far a run has come; raises `RunNotFound`."""
    run_id = found(session.connection(), typed)
    return _status(session, _rows(session, col(Run.id) == run_id)[0], now)


def holder(session: Session, identity: str) -> HolderStatus:
    """Answer who works on an identity; raises `RunNotFound` where it is unknown."""
    in_line = _in_line(session, identity)
    ended = select(RUN_TABLE).where(col(Run.identity) == identity, ~live(Run))
    last = session.execute(ended.order_by(col(Run.finished_at).desc()).limit(1)).first()
    if not in_line and last is None and session.get(Recorded, identity) is None:
        raise RunNotFound(
            f"Nothing is known of `{identity}`: no run has worked on it. `orbits runs` lists those "
            "that there are."
        )
    running = next((row for row in in_line if row.state == State.RUNNING), None)
    return HolderStatus(
        identity=identity,
        holder=_line(running) if running else None,
        owner=_owner(session, running) if running else None,
        line=[_line(row) for row in in_line if row is not running],
        last=_line(last) if last else None,
    )


def runs(session: Session, state: State | None, identity: str | None, limit: int) -> list[RunLine]:
    """Answer runs, the newest first."""
    query = select(RUN_TABLE).order_by(col(Run.id).desc()).limit(limit)
    if state is not None:
        query = query.where(col(Run.state) == state)
    if identity is not None:
        query = query.where(col(Run.identity) == identity)
    return [_line(row) for row in session.execute(query)]


def lanes(session: Session) -> list[LaneStatus]:
    """Answer the lanes in which live runs have a place, or want one."""
    waits = and_(~col(Place.held), col(Run.state) == State.QUEUED)
    query = (
        select(
            col(Place.lane),
            func.max(Place.most),
            func.sum(case((col(Place.held), 1), else_=0)),
            func.sum(case((waits, 1), else_=0)),
        )
        .join(Run, col(Run.id) == col(Place.run_id))
        .where(LIVE_ROWS)
        .group_by(col(Place.lane))
        .order_by(col(Place.lane))
    )
    return [
        LaneStatus(lane=lane, most=most, held=held, waiting=waiting)
        for lane, most, held, waiting in session.execute(query)
    ]


def family(session: Session, typed: str, step: str | None = None) -> list[RunLine]:
    """Answer a run, and then all that is nested in it, or in one of its steps."""
    run_id = found(session.connection(), typed)
    rows = _rows(session, col(Run.id) == run_id)
    edge = [
        child
        for child in _rows(session, col(Run.parent_id) == run_id)
        if step is None or is_called(child.parent_step or "", step)
    ]
    while edge:
        rows += edge
        edge = _rows(session, col(Run.parent_id).in_([row.id for row in edge]))
    return [_line(row) for row in rows]


def _status(session: Session, row: Any, now: datetime) -> RunStatus:
    steps = steps_of(session.connection(), row.id)
    live = not State(row.state).terminal
    return RunStatus(
        **_line(row).model_dump(),
        owner=_owner(session, row) if live else None,
        finished_at=row.finished_at,
        deadline_at=row.deadline_at,
        problem=_problem(row.failure),
        waits=_waits(session, row, steps) if live else [],
        steps=[_step(step, now if live else row.finished_at or now) for step in steps],
        children=[
            _status(session, child, now) for child in _rows(session, col(Run.parent_id) == row.id)
        ],
    )


def _step(step: StepRow, now: datetime) -> StepStatus:
    return StepStatus(
        name=step.name,
        kind=step.kind,
        state=step.state,
        started_at=step.started_at,
        finished_at=step.finished_at,
        seconds=max(((step.finished_at or now) - step.started_at).total_seconds(), 0),
        problem=_problem(step.failure),
    )


def _problem(failure: str | None) -> str | None:
    return Failure.model_validate_json(failure).message if failure else None


def _line(row: Any) -> RunLine:
    began = row.started_at if row.state == State.RUNNING else None
    return RunLine(
        run=row.id,
        parent=row.parent_id,
        identity=row.identity,
        command=row.command,
        state=State(row.state),
        paused=row.paused,
        cancelled_by=row.cancelled_by,
        since=row.finished_at or began or row.created_at,
        asked_at=row.created_at,
    )


def _owner(session: Session, row: Any) -> OwnerStatus | None:
    owner = session.get(Owner, row.owner) if row.owner else None
    if owner is None:
        return None
    return OwnerStatus(host=owner.host, pid=owner.pid, heartbeat_at=owner.heartbeat_at)


def _waits(session: Session, row: Any, steps: Sequence[StepRow]) -> list[Wait]:
    waits = [Wait(kind="resume", what=row.identity)] if row.paused else []
    if row.state == State.RUNNING:
        waits += [_of_step(step) for step in steps if step.state is State.WAITING]
        joined = select(col(WaitRow.target_id)).where(col(WaitRow.waiter_id) == row.id)
        waits += [
            Wait(kind="run", what=other.identity, run=other.id)
            for other in _rows(session, col(Run.id).in_(joined), LIVE_ROWS)
        ]
        return waits
    ahead = _ahead(session, row)
    if ahead is not None:
        return [*waits, Wait(kind="line", what=row.identity, run=ahead.id)]
    return waits + [Wait(kind="lane", what=lane) for lane in _full_lanes(session, row)]


def _of_step(step: StepRow) -> Wait:
    underway = Underway.of(step)
    kind = step.kind if step.kind in {"signal", "sleep"} else "retry"
    return Wait.model_validate({"kind": kind, "what": step.name, "until": underway.until})


def _ahead(session: Session, row: Any) -> Any:
    """Answer the nearest run that must be out of the way first."""
    ahead = None
    for other in _in_line(session, row.identity):
        if other.id == row.id:
            break
        if other.state == State.RUNNING or not other.paused:
            ahead = other
    return ahead


def _in_line(session: Session, identity: str) -> list[Any]:
    """Answer the live runs of an identity: who works on it, then the others in their order."""
    rows = _rows(session, col(Run.identity) == identity, LIVE_ROWS)
    return sorted(rows, key=lambda row: (row.state != State.RUNNING, row.rank, row.id))


def _full_lanes(session: Session, row: Any) -> list[str]:
    mine = session.scalars(select(col(Place.lane)).where(col(Place.run_id) == row.id)).all()
    return [each.lane for each in lanes(session) if each.lane in mine and each.held >= each.most]


def _rows(session: Session, *conditions: Any) -> list[Any]:
    return list(session.execute(select(RUN_TABLE).where(*conditions).order_by(col(Run.id))))
