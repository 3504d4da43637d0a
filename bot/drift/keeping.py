"""Who is watched: everybody who has something deployed, for as long as that is so."""

from collections.abc import Sequence
from datetime import timedelta

from sqlmodel import Session, col, delete, or_, select

from bot.drift import fixes, rows
from bot.drift.bounds import kept_problem
from bot.drift.hand import Hand
from bot.drift.life import Phase
from bot.drift.slots import USUAL
from bot.drift.wanted import desired_of, with_something
from bot.drift.watching import end_look, watch
from bot.states import State
from bot.store.tables import Accepted, Drift, Run, Tenant, Watch
from resources.errors import StepFailed
from resources.fleet import Desired, Fleet
from resources.masking import Masks
from resources.model.failure import Failure

AT_A_TIME = 200

Intervals = Sequence[tuple[str, timedelta | None]]
"""Tenants, and how often each is looked at; `None` is never."""


def interval_of(fleet: Fleet, desired: Desired) -> timedelta | None:
    """Answer how often the class of a tenant's stack wants to be looked at."""
    try:
        stack = fleet.stack(desired)
    except Exception:  # noqa: BLE001 (an agency's own code; the look tells that it fails)
        return USUAL
    looks = stack.defines("cycle") or stack.defines("plan")
    return stack.cycle_every if looks else None


def newcomers(session: Session) -> list[Desired]:
    """Answer some who have something deployed and are not watched."""
    names = with_something(session, Watch)[:AT_A_TIME]
    return _desired(session, names)


def watched_after(after: str, session: Session) -> tuple[str | None, list[Desired]]:
    """Answer the next ones, by name, who are watched, and the last name of these, if any."""
    chosen = select(Watch.tenant).where(col(Watch.tenant) > after).order_by(col(Watch.tenant))
    names = session.exec(chosen.limit(AT_A_TIME)).all()
    return (names[-1] if names else None), _desired(session, names)


def watch_newcomers(intervals: Intervals, hand: Hand) -> None:
    """Watch tenants at these intervals."""
    for tenant, every in intervals:
        watch(hand.session, tenant, every, hand.now)


def forget_gone(hand: Hand) -> None:
    """Watch nobody who is no client any more, and accept nothing that is over."""
    there = select(Tenant.name)
    gone = hand.session.exec(select(Watch).where(col(Watch.tenant).not_in(there))).all()
    for row in gone:
        hand.session.delete(row)
    stale = or_(col(Accepted.tenant).not_in(there), col(Accepted.until) <= hand.now)
    hand.session.exec(delete(Accepted).where(stale))
    over = col(Drift.phase).in_([Phase.RESOLVED, Phase.IGNORED])
    left = select(Drift.tenant).where(col(Drift.tenant).not_in(there), ~over)
    for tenant in hand.session.exec(left).all():
        rows.forget_tenant(hand.session, tenant, hand.now)


def end_abandoned(masks: Masks, hand: Hand) -> None:
    """Note the end of looks and repairs whose run has ended, or is gone, without noting it."""
    session = hand.session
    underway = select(Watch).where(col(Watch.underway_since).is_not(None))
    for row in session.exec(underway).all():
        ended, problem = _end_of(session, row.run_id, masks)
        if ended and end_look(hand, row.tenant, row.run_id or "") and problem:
            rows.unable(hand, row, problem)
    for drift in session.exec(select(Drift).where(col(Drift.fixing))).all():
        ended, problem = _end_of(session, drift.fix_run_id, masks)
        if ended:
            cancelled = "it was ended before it was done"
            fixes.end(session, drift.tenant, drift.fix_run_id or "", problem or cancelled)


def _end_of(session: Session, run_id: str | None, masks: Masks) -> tuple[bool, str]:
    """Answer whether a run has ended, and the problem that it ended with."""
    run = session.get(Run, run_id) if run_id else None
    if run is None:
        return True, ""
    if not run.state.terminal:
        return False, ""
    if run.state != State.FAILED or run.failure is None:
        return True, ""
    error = Failure.model_validate_json(run.failure).error()
    summary = error.summary if isinstance(error, StepFailed) else str(error)
    return True, kept_problem(masks, summary)


def _desired(session: Session, names: Sequence[str]) -> list[Desired]:
    found = (desired_of(session, name) for name in names)
    return [each for each in found if each is not None]
