"""What people do to a rollout that goes on, waits or has ended; each act is one transaction.

An act answers the tenants that it concerned, or raises `Refused` where it changed nothing.
"""

from collections.abc import Collection, Iterable

from sqlmodel import col, select

from bot.report.suggestions import listed
from bot.rollouts.moves import KEPT, HeldBy
from bot.rollouts.policy.freezes import frozen_at, frozen_until, why_frozen
from bot.rollouts.rows import legs, lookup
from bot.rollouts.rows.begin import Hand
from bot.rollouts.tenants import facts_of_tenants
from bot.states import LIVE, State
from bot.store.tables import Deployment, Rollout
from resources.errors import Refused

_ENDED_BADLY = {State.FAILED, State.CANCELLED}
_STANDS = {
    State.QUEUED: "is queued",
    State.WAITING: "is waiting",
    State.RUNNING: "is under way",
    State.SUCCEEDED: "has succeeded",
    State.FAILED: "has failed",
    State.CANCELLED: "was cancelled",
    State.SKIPPED: "was skipped",
    State.HELD: "is held",
    State.ROLLED_BACK: "was rolled back",
}


def pause(hand: Hand, row: Rollout, by: str) -> list[str]:
    """Let nobody begin who has not begun; what goes on just now is finished."""
    found = [one for one in _rows(hand, row) if one.state == State.QUEUED]
    if not found:
        raise Refused(f"{_stands(row)}: nobody is left to begin. Nothing was changed.")
    for one in found:
        _hold(one, HeldBy.PAUSE, f"paused by {by}")
    row.stopped = f"paused by {by}"
    return _changed(hand, row, found)


def resume(hand: Hand, row: Rollout) -> list[str]:
    """Let those go on who were paused, or stopped by the failure limit: so far is forgiven."""
    found = [one for one in _rows(hand, row) if one.held_by in {HeldBy.PAUSE, HeldBy.LIMIT}]
    if not found:
        hint = _hint(_rows(hand, row))
        raise Refused(f"{_stands(row)}, and is not paused.{hint} Nothing was changed.")
    row.forgiven = sum(one.state == State.FAILED for one in _rows(hand, row))
    return _go(hand, row, found)


def approve(hand: Hand, row: Rollout) -> list[str]:
    """Let a rollout begin that reaches so many that somebody must say yes."""
    found = [one for one in _rows(hand, row) if one.held_by == HeldBy.APPROVAL]
    if not found:
        raise Refused(f"{_stands(row)}, and waits for no approval. Nothing was changed.")
    return _go(hand, row, found)


def retry(hand: Hand, row: Rollout, tenants: Collection[str] | None) -> list[str]:
    """Deploy again to those whose deployment failed, or was cancelled; `None` is all of them."""
    rows = _chosen(_rows(hand, row), tenants)
    found = [one for one in rows if one.state in _ENDED_BADLY]
    if not found:
        raise Refused(
            f"{_stands(row)}: no deployment of {_them(rows, tenants)} has failed. "
            "Nothing was started."
        )
    again = {one.tenant for one in found}
    others = [one for one in _rows(hand, row) if one.tenant not in again]
    row.forgiven = sum(one.state == State.FAILED for one in others)
    return _go(hand, row, found)


def go_on(hand: Hand, row: Rollout, tenants: Collection[str]) -> list[str]:
    """Let a rollout go on with tenants whose deployment has ended, or was held."""
    return _go(hand, row, _chosen(_rows(hand, row), tenants))


def cancel(
    hand: Hand, row: Rollout, tenants: Collection[str] | None, by: str
) -> tuple[list[str], list[str]]:
    """End what has not begun; answer whom that is, and who is being deployed to just now."""
    rows = _chosen(_rows(hand, row), tenants)
    waiting = [one for one in rows if _may_still_begin(one)]
    running = [one.tenant for one in rows if one.state == State.RUNNING]
    if not waiting and not running:
        raise Refused(f"{_stands(row)}: nothing of it goes on or waits. Nothing was changed.")
    return _left_out(hand, row, waiting, f"cancelled by {by} before it began"), running


def leave_out(hand: Hand, row: Rollout, why: str, tenants: Collection[str] | None = None) -> None:
    """Let nobody of these begin any more who has not begun; `None` is all of them."""
    rows = [one for one in _chosen(_rows(hand, row), tenants) if _may_still_begin(one)]
    if rows:
        _left_out(hand, row, rows, why)


def _left_out(hand: Hand, row: Rollout, waiting: list[Deployment], why: str) -> list[str]:
    for one in waiting:
        one.state, one.held_by, one.finished_at = State.CANCELLED, None, hand.now
        one.problem = why
    names = _changed(hand, row, waiting)
    if not any(one.state in LIVE for one in _rows(hand, row)):
        # A leg that pauses between two waves has nothing to go on with.
        legs.conclude(hand.session, row, hand.now)
    return names


def _may_still_begin(one: Deployment) -> bool:
    held = one.state == State.HELD and one.held_by not in KEPT
    return one.state == State.QUEUED or held


def thaw(hand: Hand) -> int:
    """Let those go on whose freeze has ended; answer how many rollouts that concerned."""
    chosen = select(Rollout).where(
        col(Rollout.continue_at) <= hand.now,
        col(Rollout.state).not_in([State.QUEUED, State.RUNNING]),
    )
    rows = hand.session.exec(chosen).all()
    tenants = {one.name: one for one in facts_of_tenants(hand.session)} if rows else {}
    for row in rows:
        frozen = [one for one in _rows(hand, row) if one.held_by == HeldBy.FREEZE]
        there = [tenants[one.tenant] for one in frozen if one.tenant in tenants]
        policy = lookup.policy_in(row.policy)
        still = frozen_at(policy, there, hand.now)
        ends = []
        for one in frozen:
            if one.tenant in still:
                until = frozen_until(policy, tenants[one.tenant], hand.now)
                one.reason = why_frozen(still[one.tenant], until)
                ends += [until] if until else []
        row.continue_at = min(ends, default=None)
        if thawed := [one for one in frozen if one.tenant not in still]:
            _go(hand, row, thawed)
    return len(rows)


def _rows(hand: Hand, row: Rollout) -> list[Deployment]:
    return lookup.deployments(hand.session, row.id)


def _chosen(rows: Iterable[Deployment], tenants: Collection[str] | None) -> list[Deployment]:
    return [one for one in rows if tenants is None or one.tenant in tenants]


def _go(hand: Hand, row: Rollout, found: list[Deployment]) -> list[str]:
    """Queue deployments, and let the rollout go on with them."""
    for one in found:
        one.state, one.held_by, one.finished_at, one.started_at = State.QUEUED, None, None, None
        one.problem = None
    row.stopped = None
    answer = _changed(hand, row, found)
    hand.begin_leg(row)
    return answer


def _hold(one: Deployment, held_by: HeldBy, why: str) -> None:
    one.state, one.held_by, one.problem = State.HELD, held_by, why


def _changed(hand: Hand, row: Rollout, found: list[Deployment]) -> list[str]:
    hand.session.flush()
    lookup.mark(hand.session, row.id)
    if row.state not in {State.QUEUED, State.RUNNING}:
        legs.conclude(hand.session, row, hand.now)
    return [one.tenant for one in found]


def demand_no_freeze(hand: Hand, row: Rollout, names: Collection[str]) -> None:
    """Raise `Refused` where somebody of these is frozen now, by the rules of a rollout."""
    there = [one for one in facts_of_tenants(hand.session) if one.name in names]
    policy = lookup.policy_in(row.policy)
    frozen = frozen_at(policy, there, hand.now)
    if frozen:
        facts = {one.name: one for one in there}
        first, freeze = next(iter(frozen.items()))
        why = why_frozen(freeze, frozen_until(policy, facts[first], hand.now))
        raise Refused(
            f"{listed(frozen)} cannot be deployed to now, {why}: wait for the end, or add "
            "`--force`. Nothing was started."
        )


def _stands(row: Rollout) -> str:
    name = f"#{row.pull_request}" if row.pull_request is not None else row.sha[:7]
    return f"The rollout of {name} {_STANDS[row.state]}"


def _them(rows: Collection[Deployment], tenants: Collection[str] | None) -> str:
    return "its tenants" if tenants is None else listed(one.tenant for one in rows) or "these"


def _hint(rows: Iterable[Deployment]) -> str:
    held_by = {one.held_by for one in rows}
    lines = {
        HeldBy.APPROVAL: " It waits for approval: type `/orbits approve`.",
        HeldBy.FREEZE: " Who is frozen needs `/orbits deploy --force`.",
    }
    return "".join(line for held, line in lines.items() if held in held_by)
