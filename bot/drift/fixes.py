"""Repairs of drift as rows: asked for, begun in their turn, and how they ended."""

from collections.abc import Mapping

from sqlmodel import Session

from bot.drift import notices
from bot.drift.hand import Hand
from bot.drift.life import Turn
from bot.drift.policies import facts_of
from bot.drift.wanted import desired_of
from bot.engine.definitions.kinds import Wanted
from bot.rollouts.policy.freezes import freeze_at
from bot.rollouts.policy.policy import Policy
from bot.store.tables import Drift, Watch
from resources.errors import Refused
from resources.fleet import Desired

BY_ITSELF = "orbits"
"""Who repairs where the policy says so."""

MOST_TRIES = 3
"""So often one drift is repaired without that anybody asks."""


def may_begin_by_itself(hand: Hand, row: Drift, watched: Watch, policy: Policy) -> bool:
    """Answer whether a drift is repaired, perhaps once more, without that anybody asks.

    Nothing is done to a tenant in a freeze, nor while somebody has looks at it paused.
    """
    if not policy.drift.fix or row.fixing or row.fix >= MOST_TRIES:
        return False
    paused = watched.paused_until is None or watched.paused_until > hand.now
    if watched.paused_by is not None and paused:
        return False
    facts = facts_of(hand.session, row.tenant)
    return facts is not None and freeze_at(policy, facts, hand.now) is None


def begin(hand: Hand, row: Drift, by: str, *, force: bool = False) -> bool:
    """Let a drift be repaired in its turn among the tenant's deployments.

    Answers whether that is new: one that goes on is not begun twice.
    """
    if row.fixing:
        return False
    row.fix, row.fixing, row.fixed_by, row.fix_problem = row.fix + 1, True, by, None
    workflow = hand.new_fix(row.tenant, row.fix, force)
    wanted = Wanted.of(workflow, "run", workflow.identity() or row.tenant)
    row.fix_run_id = hand.queue.enqueue(hand.session, wanted, hand.now)
    _told(hand.session, row)
    return True


def taken_up(session: Session, tenant: str, run_id: str, *, force: bool) -> Desired | None:
    """Answer what a repair brings about now that its turn has come; `None`: nobody wants it.

    Raises `Refused` where that is not what it was when the drift was found, unless forced.
    """
    row, today = session.get(Drift, tenant), desired_of(session, tenant)
    if row is None or not row.fixing or row.fix_run_id != run_id or today is None:
        return None
    moved = _moved(row.desired, today.revisions)
    if moved and not force:
        raise Refused(
            f"{tenant} is not repaired: since its drift was found, {moved}. Nothing was changed. "
            f"The next look tells what differs now; `/orbits drift fix {tenant} --force` repairs "
            "it all the same."
        )
    return today


def end(session: Session, tenant: str, run_id: str, problem: str | None = None) -> Drift | None:
    """Note that a repair has ended, and what went wrong with it; `None` where that was noted."""
    row = session.get(Drift, tenant, with_for_update=True)
    if row is None or not row.fixing or row.fix_run_id != run_id:
        return None
    row.fixing, row.fix_problem = False, problem
    _told(session, row)
    return row


def forget(row: Drift) -> None:
    """Note that nothing was done yet to repair a drift."""
    row.fix, row.fixing, row.fix_run_id = 0, False, None
    row.fixed_by = row.fix_problem = None


def _told(session: Session, row: Drift) -> None:
    session.add(row)
    session.flush()
    notices.mark(session, row, Turn.NOTHING)


def _moved(before: Mapping[str, str], now: Mapping[str, str]) -> str:
    """Say which services are desired at other commits than they were."""
    names = sorted(name for name in {*before, *now} if before.get(name) != now.get(name))
    words = [
        f"{name} went from {before.get(name, 'nothing')[:7]} to {now.get(name, 'nothing')[:7]}"
        for name in names
    ]
    return " and ".join(words)
