"""A rollout advances in legs: wave after wave until nothing is queued, and then it concludes.

Each leg is one run. What waits for people, or for the end of a freeze, is rows alone: it is
queued again by what they do, and a new leg begins.
"""

from datetime import datetime, timedelta

from pydantic import BaseModel
from sqlmodel import Session, col, select

from bot.rollouts.moves import HeldBy
from bot.rollouts.rows import lookup
from bot.states import LIVE, State
from bot.store.tables import Deployment, Rollout, Run
from resources.model.failure import Failure

ABANDONED = "The rollout's run was ended before it came to this tenant."
CUT_OFF = "The rollout's run was ended in the middle of this deployment; part of it may be done."

_FOR_PEOPLE = {HeldBy.APPROVAL, HeldBy.PAUSE, HeldBy.FREEZE}


class NextWave(BaseModel):
    """Who goes next, after a pause of some seconds."""

    number: int
    tenants: list[str]
    bake: float = 0


def advance(
    session: Session, rollout_id: str, leg: int, last: int | None, now: datetime
) -> NextWave | None:
    """Answer the next wave after the `last` one of this leg; `None`: the rollout has concluded.

    Looking for more and concluding is one act, so that whoever queues something either finds
    the leg going on, or begins a new one.
    """
    row = lookup.rollout(session, rollout_id)
    if row.leg != leg:
        return None
    queued = [one for one in lookup.deployments(session, row.id) if one.state == State.QUEUED]
    if not queued:
        conclude(session, row, now)
        return None
    number = queued[0].wave
    bake = row.bakes[last - 1] if last is not None and last < number else 0.0
    row.state = State.RUNNING
    row.pauses_until = now + timedelta(seconds=bake) if bake else None
    lookup.mark(session, row.id)
    tenants = [one.tenant for one in queued if one.wave == number]
    return NextWave(number=number, tenants=tenants, bake=bake)


def conclude(session: Session, row: Rollout, now: datetime) -> None:
    """End a leg, or a rollout that needs none, as its deployments stand."""
    rows = lookup.deployments(session, row.id)
    row.state = _stands(rows)
    row.finished_at = (row.finished_at or now) if row.state.terminal else None
    if not any(one.held_by == HeldBy.FREEZE for one in rows):
        row.continue_at = None
    lookup.mark(session, row.id, *rows)


def end_abandoned(session: Session, now: datetime) -> int:
    """End rollouts whose leg has ended without concluding them, and answer how many.

    What such a rollout has not brought about counts as failed: it never stays open, and it is
    never green.
    """
    ended_runs = select(Run.id, Run.failure).where(col(Run.state).not_in(LIVE))
    runs = ended_runs.subquery()
    chosen = (
        select(Rollout, runs.c.failure)
        .join(runs, col(Rollout.run_id) == runs.c.id)
        .where(col(Rollout.state).in_([State.QUEUED, State.RUNNING]))
    )
    abandoned = session.exec(chosen).all()
    for row, failure in abandoned:
        problem = Failure.model_validate_json(failure).message if failure else None
        for deployment in lookup.deployments(session, row.id):
            if deployment.state in LIVE:
                told = CUT_OFF if deployment.state == State.RUNNING else ABANDONED
                deployment.problem = problem or told
                deployment.state = State.FAILED
                deployment.finished_at = now
        conclude(session, row, now)
    return len(abandoned)


def _stands(rows: list[Deployment]) -> State:
    """Answer the state of a rollout of which nothing goes on: the first rule that holds."""
    states = {one.state for one in rows}
    held_by = {one.held_by for one in rows if one.state == State.HELD}
    nothing, undone = {State.SKIPPED}, {State.SKIPPED, State.ROLLED_BACK}
    rules = [
        (State.WAITING, bool(held_by & _FOR_PEOPLE)),
        (State.FAILED, State.FAILED in states or HeldBy.LIMIT in held_by),
        (State.CANCELLED, State.CANCELLED in states),
        (State.SKIPPED, states <= nothing),
        (State.HELD, states <= {State.HELD, *nothing}),
        (State.ROLLED_BACK, states <= undone),
    ]
    return next((state for state, holds in rules if holds), State.SUCCEEDED)
