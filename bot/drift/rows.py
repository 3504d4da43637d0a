"""The life of a drift as a row: what looks find, and what people say of it."""

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime

from sqlmodel import Session, col, func, or_, select

from bot.drift import fixes, life, notices
from bot.drift.finding import Found, print_of
from bot.drift.hand import Hand, Sight
from bot.drift.life import Life, Phase, Rules, Turn, looked
from bot.drift.policies import Ground, facts_of, ground_of, ignored_paths
from bot.drift.wanted import is_busy, is_desired
from bot.drift.watching import end_look, go_by, matches_still, put_off
from bot.rollouts.policy.watching import DriftPolicy
from bot.store.tables import Accepted, Drift, Watch
from bot.store.tallies import tally
from resources.errors import Refused
from resources.fleet import Desired
from resources.model.resource import Difference

_OPEN = (Phase.OPEN, Phase.ACKNOWLEDGED)


def life_of(row: Drift) -> Life:
    """Answer the life that a row tells of."""
    differences = tuple(Difference.model_validate(each) for each in row.differences)
    return Life(
        phase=Phase(row.phase),
        found=Found(differences, row.total),
        found_at=row.found_at,
        number=row.issue,
        detections=row.detections,
        opened_at=row.opened_at,
        changed_at=row.changed_at,
        resolved_at=row.resolved_at,
        reopened=tuple(datetime.fromisoformat(at) for at in row.reopened),
        clean_looks=row.clean_looks,
        hidden=row.hidden,
        until=row.until,
        by=row.by,
        reason=row.reason,
    )


def note(hand: Hand, desired: Desired, run_id: str, sight: Sight) -> Turn:
    """Note what a look came to, once; what was overtaken by a deployment tells nothing."""
    if matches_still(hand, desired, run_id, sight):
        tally(hand.session, "cycle/clean")
        return Turn.NOTHING
    row = end_look(hand, desired.tenant, run_id)
    if row is None:
        return Turn.NOTHING
    if sight.never:
        row.due_at, row.every_seconds = None, 0
        return Turn.NOTHING
    go_by(row, sight.every, hand.now)
    if overtaken(hand.session, desired):
        put_off(hand.session, row, hand.now)
        return Turn.NOTHING
    return seen(hand, row, desired, sight)


def overtaken(session: Session, desired: Desired, but: str | None = None) -> bool:
    """Answer whether something else is desired by now, or being deployed other than by a run."""
    return not is_desired(session, desired) or is_busy(session, desired.tenant, but)


def seen(
    hand: Hand, watched: Watch, desired: Desired, sight: Sight, *, may_fix: bool = True
) -> Turn:
    """Note what a tenant's stack looks like, and what follows from it."""
    if sight.problem:
        unable(hand, watched, sight.problem)
        return Turn.NOTHING
    session, row = hand.session, hand.session.get(Drift, desired.tenant, with_for_update=True)
    if row is None and not sight.differences:
        _able(session, watched, Found(), hand.now)
        tally(session, "cycle/clean")
        return Turn.NOTHING
    ground, found = _counted(hand, desired.tenant, sight, row)
    _able(session, watched, found, hand.now)
    tally(session, f"cycle/{'drift' if found.differences else 'clean'}")
    policy = ground.policy.drift
    rules = Rules(policy.detections, policy.reopen_within)
    now, turn = looked(life_of(row) if row else None, found, rules, hand.now)
    if now is None:
        if row is not None:
            session.delete(row)
        return turn
    agreed = row is not None and row.desired == dict(desired.revisions)
    row = row or Drift(tenant=desired.tenant, repository="", phase=now.phase, found_at=now.found_at)
    if turn is Turn.OPENED or now.phase is Phase.DETECTED:
        row.repository = ground.repository
    if turn is Turn.OPENED:
        row.umbrella = _are_many(session, row, policy)
        fixes.forget(row)
    if found.differences:
        row.desired = dict(desired.revisions)
    _write(session, row, now, turn)
    wants_fix = may_fix and agreed and found.differences and now.phase is Phase.OPEN
    if wants_fix and fixes.may_begin_by_itself(hand, row, watched, ground.policy):
        fixes.begin(hand, row, fixes.BY_ITSELF)
    return turn


def unable(hand: Hand, row: Watch, problem: str) -> None:
    """Note that a look could not be made; after so many in a row that is told."""
    session, ground = hand.session, ground_of(hand.session, hand.services, row.tenant)
    changed = row.problem != problem
    row.failures, row.problem, row.matching_since = row.failures + 1, problem, None
    tally(session, "cycle/unable")
    began = row.unable_since is None and row.failures >= ground.policy.drift.unable_after
    if began:
        row.unable_since = hand.now
    session.flush()
    if began or (changed and row.unable_since is not None):
        notices.mark_watch(session, row, ground.repository)


def acknowledge(
    session: Session, tenant: str, by: str, reason: str | None, until: datetime | None
) -> None:
    """Note that an open drift is known; raises `Refused` where there is none."""
    row = _open(session, tenant)
    _write(session, row, life.acknowledged(life_of(row), by, reason, until), told=True)


def ignore(  # noqa: PLR0913, PLR0917 (what is said of it)
    session: Session,
    tenant: str,
    by: str,
    reason: str | None,
    until: datetime | None,
    now: datetime,
) -> None:
    """Accept what differs as it is; what differs otherwise later is drift. Raises `Refused`."""
    row = _open(session, tenant)
    for each in life_of(row).found.differences:
        observed = print_of(each.observed)
        accepted = Accepted(tenant=tenant, path=each.path, observed=observed, by=by, at=now)
        accepted.reason, accepted.until = reason, until
        session.merge(accepted)
    _write(session, row, life.ignored(life_of(row), by, reason), told=True)


def closed_by_hand(session: Session, tenant: str, by: str) -> None:
    """Note that somebody closed the issue of a drift."""
    row = session.get(Drift, tenant, with_for_update=True)
    if row is not None and row.phase in _OPEN:
        _write(session, row, life.closed_by_hand(life_of(row), by), told=True)


def opened_by_hand(session: Session, tenant: str, now: datetime) -> None:
    """Note that somebody opened the issue of a drift again."""
    row = session.get(Drift, tenant, with_for_update=True)
    if row is not None and not life_of(row).issue_is_open:
        _write(session, row, life.opened_by_hand(life_of(row), now), told=True)


def forget_tenant(session: Session, tenant: str, now: datetime) -> None:
    """Resolve the drift of a tenant that is a client no more."""
    row = session.get(Drift, tenant, with_for_update=True)
    if row is None or row.phase in {Phase.RESOLVED, Phase.IGNORED}:
        return
    if row.phase == Phase.DETECTED:
        session.delete(row)
        return
    gone = replace(life_of(row), phase=Phase.RESOLVED, resolved_at=now, detections=0)
    _write(session, row, replace(gone, reason="the tenant was forgotten"), Turn.RESOLVED)


def _counted(hand: Hand, tenant: str, sight: Sight, row: Drift | None) -> tuple[Ground, Found]:
    """Answer what a tenant goes by, and which of the differences count."""
    session, found = hand.session, Found.of(sight.differences)
    differences = found.differences or (life_of(row).found.differences if row else ())
    ground = ground_of(session, hand.services, tenant, [each.path for each in differences])
    facts = facts_of(session, tenant)
    globs = (*sight.ignores, *(ignored_paths(ground.policy, facts) if facts else ()))
    accepted = _accepted(session, tenant, hand.now)
    # All of them, before the first few are kept: what is ignored takes the place of nothing.
    return ground, Found(sight.differences).without(globs, accepted)


def _accepted(session: Session, tenant: str, now: datetime) -> Collection[tuple[str, str]]:
    lasts = or_(col(Accepted.until).is_(None), col(Accepted.until) > now)
    chosen = select(Accepted.path, Accepted.observed).where(col(Accepted.tenant) == tenant, lasts)
    return session.exec(chosen).all()


def _able(session: Session, row: Watch, found: Found, now: datetime) -> None:
    was_unable, row.unable_since = row.unable_since is not None, None
    row.looked_at, row.failures, row.problem = now, 0, None
    row.matching_since = None if found.differences else row.matching_since or now
    session.flush()
    if was_unable:
        notices.mark_watch(session, row)


def _are_many(session: Session, row: Drift, policy: DriftPolicy) -> bool:
    """Answer whether a repository has so many issues of open drift that no other is opened."""
    others = select(func.count()).where(
        col(Drift.repository) == row.repository,
        col(Drift.phase).in_(_OPEN),
        ~col(Drift.umbrella),
        col(Drift.tenant) != row.tenant,
    )
    return session.exec(others).one() >= policy.umbrella_above


def _open(session: Session, tenant: str) -> Drift:
    row = session.get(Drift, tenant, with_for_update=True)
    if row is None or row.phase not in _OPEN:
        raise Refused(f"`{tenant}` has no open drift. Nothing was changed.")
    return row


def _write(
    session: Session, row: Drift, now: Life, turn: Turn = Turn.NOTHING, *, told: bool = False
) -> None:
    """Write a life into its row, and let it be told where that is anything new."""
    row.phase, row.issue, row.detections = now.phase, now.number, now.detections
    row.differences = [each.model_dump(mode="json") for each in now.found.differences]
    row.total, row.found_at = now.found.total, now.found_at
    row.opened_at, row.changed_at, row.resolved_at = (
        now.opened_at,
        now.changed_at,
        now.resolved_at,
    )
    row.reopened = [at.isoformat() for at in now.reopened]
    row.clean_looks, row.hidden = now.clean_looks, now.hidden
    row.until, row.by, row.reason = now.until, now.by, now.reason
    session.add(row)
    session.flush()
    if told or turn is not Turn.NOTHING:
        notices.mark(session, row, turn)


def drifting(session: Session, tenants: Iterable[str] | None = None) -> list[Drift]:
    """Answer the open drifts, of these tenants or of all, by name."""
    chosen = select(Drift).where(col(Drift.phase).in_(_OPEN)).order_by(col(Drift.tenant))
    if tenants is not None:
        chosen = chosen.where(col(Drift.tenant).in_(list(tenants)))
    return list(session.exec(chosen))
