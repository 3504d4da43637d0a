"""Who is looked at next: watches as rows, and the runs of those whose turn has come."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import bindparam, exists, or_, update
from sqlmodel import Session, col, func, select

from bot.drift.hand import Hand, Sight
from bot.drift.policies import any_pauses_in_freezes, facts_of, ground_of, is_frozen
from bot.drift.slots import USUAL, next_slot, soon
from bot.drift.wanted import busy_ones, is_desired, turn_of
from bot.engine.definitions.kinds import Wanted
from bot.engine.journal.statements import live
from bot.store.tables import Drift, Run, Watch
from bot.store.tallies import tally
from resources.fleet import Desired

RANK, ASKED_RANK = 200, 50
"""Looks are taken after plans, which have 100; those that somebody waits for before these."""

WITHIN = timedelta(hours=1)
"""So long a look may take."""

ROUNDS = 5
"""So often the next ones take the places of those that were due and are left alone."""

_MATCHES_STILL = (
    update(Watch)
    .where(
        col(Watch.tenant) == bindparam("watched"),
        col(Watch.run_id) == bindparam("in_run"),
        col(Watch.every_seconds) == bindparam("every"),
        col(Watch.underway_since).is_not(None),
        or_(col(Watch.due_at) > bindparam("now"), col(Watch.asked)),
        col(Watch.unable_since).is_(None),
        ~exists().where(col(Drift.tenant) == bindparam("watched")),
        ~exists().where(col(Run.identity) == bindparam("turn"), live(Run)),
    )
    .values(
        underway_since=None,
        looked_at=bindparam("now"),
        failures=0,
        problem=None,
        matching_since=func.coalesce(col(Watch.matching_since), bindparam("now")),
    )
)
_NEXT = (col(Watch.due_at) <= bindparam("now")) & col(Watch.underway_since).is_(None)
_ANY_DUE = select(Watch.tenant).where(_NEXT).limit(1)
_UNDERWAY = select(func.count()).where(col(Watch.underway_since).is_not(None))


def identity_of(tenant: str) -> str:
    """Answer what two looks at one tenant share, so that none overlaps another."""
    return f"drift-{tenant}"


def watch(session: Session, tenant: str, every: timedelta | None, now: datetime) -> Watch:
    """Watch a tenant at an interval, which may be a new one; `None` is never."""
    row = session.get(Watch, tenant, with_for_update=True) or Watch(tenant=tenant)
    session.add(row)
    go_by(row, every, now)
    return row


def go_by(row: Watch, every: timedelta | None, now: datetime) -> None:
    """Look at a tenant at an interval from now on."""
    seconds = every.total_seconds() if every else 0
    if (row.due_at is None) == bool(every) or row.every_seconds != seconds:
        row.due_at = next_slot(identity_of(row.tenant), every, now) if every else None
    row.every_seconds = seconds


def take_due(hand: Hand) -> list[str]:
    """Begin to look at those whose turn it is, while there is room; answer whom.

    However many turns somebody has missed, it is looked at once.
    """
    connection = hand.session.connection()
    if connection.execute(_ANY_DUE, {"now": hand.now}).first() is None:
        return []
    room = hand.at_once - connection.execute(_UNDERWAY).scalar_one()
    rests = _Rests(hand)
    begun: list[str] = []
    for _ in range(ROUNDS):
        if len(begun) >= room:
            break
        due = _due(hand, room - len(begun))
        begun += _begin(hand, _may_go(hand, due, rests))
        if len(due) < room - len(begun):
            break
    return begun


def _may_go(hand: Hand, due: Sequence[Watch], rests: "_Rests") -> list[Watch]:
    """Answer those that may be looked at now; the others have their turn later."""
    busy = busy_ones(hand.session, [row.tenant for row in due])
    goes: list[Watch] = []
    for row in due:
        if not row.asked and rests.holds_for(row):
            _skip(hand.session, row, hand.now)
        elif row.tenant in busy:
            put_off(hand.session, row, hand.now)
        else:
            goes.append(row)
    return goes


def ask(hand: Hand, tenants: Sequence[str]) -> None:
    """Look at tenants now, those included that are paused, or never looked at otherwise.

    The first few are begun at once, whatever goes on; the others have their turn next.
    """
    busy = busy_ones(hand.session, tenants)
    goes: list[Watch] = []
    # In one order, and all of them before anything is counted: who looks waits for nobody here.
    asked = [_asked(hand, tenant) for tenant in sorted(tenants)]
    for row in asked:
        if row.tenant in busy:
            put_off(hand.session, row, hand.now)
        else:
            row.due_at = hand.now
            if row.underway_since is None and len(goes) < max(hand.at_once, 1):
                goes.append(row)
    _begin(hand, goes)


def pause(session: Session, tenants: Iterable[str], by: str, until: datetime | None) -> list[str]:
    """Look at tenants no more by the clock, until a time or until somebody lets it go on."""
    rows = _rows(session, tenants)
    for row in rows:
        row.paused_by, row.paused_until = by, until
    return [row.tenant for row in rows]


def resume(session: Session, tenants: Iterable[str]) -> list[str]:
    """Look at tenants by the clock again, and answer who was paused."""
    paused = [row for row in _rows(session, tenants) if row.paused_by is not None]
    for row in paused:
        row.paused_by = row.paused_until = None
    return [row.tenant for row in paused]


def end_look(hand: Hand, tenant: str, run_id: str) -> Watch | None:
    """Note that a look has ended; `None` where that was noted before.

    A turn that came meanwhile is left out, unless somebody asked for it: what was changed after
    the look began is seen by the next one.
    """
    row = hand.session.get(Watch, tenant, with_for_update=True)
    if row is None or row.run_id != run_id or row.underway_since is None:
        return None
    row.underway_since = None
    if row.due_at is not None and row.due_at <= hand.now and not row.asked:
        _skip(hand.session, row, hand.now)
    return row


def matches_still(hand: Hand, desired: Desired, run_id: str, sight: Sight) -> bool:
    """Note in one stroke that all is as desired, as it was; answer whether that is so.

    This is what nearly every look comes to.
    """
    if sight.differences or sight.problem or not sight.every:
        return False
    if not is_desired(hand.session, desired):
        return False
    told = {
        "watched": desired.tenant,
        "in_run": run_id,
        "every": sight.every.total_seconds(),
        "turn": turn_of(desired.tenant),
        "now": hand.now,
    }
    return hand.session.connection().execute(_MATCHES_STILL, told).rowcount == 1


def put_off(session: Session, row: Watch, now: datetime) -> None:
    """Look again soon: something is being deployed, and what was found tells nothing."""
    row.due_at = soon(identity_of(row.tenant), _every(row), now)
    tally(session, "cycle/skipped")


def _skip(session: Session, row: Watch, now: datetime) -> None:
    """Leave a turn out."""
    row.due_at = _next(row, now)
    tally(session, "cycle/skipped")


def _begin(hand: Hand, watches: Sequence[Watch]) -> list[str]:
    """Begin to look; one whose last look is about to end waits for the next time."""
    begun: list[str] = []
    for rank in (ASKED_RANK, RANK):
        some = [row for row in watches if (ASKED_RANK if row.asked else RANK) == rank]
        looks = [
            Wanted.of(hand.new_look(row.tenant), "run", identity_of(row.tenant)) for row in some
        ]
        deadline = hand.now + WITHIN
        runs = hand.queue.enqueue_new(
            hand.session, looks, hand.now, rank=rank, deadline_at=deadline
        )
        for row, run_id in zip(some, runs, strict=True):
            if run_id is not None:
                row.run_id, row.underway_since = run_id, hand.now
                row.due_at, row.asked = _next(row, hand.now), False
                begun.append(row.tenant)
    return begun


class _Rests:
    """Whether tenants are left alone, by somebody or by a freeze."""

    def __init__(self, hand: Hand) -> None:
        self._hand = hand
        self._by_freezes = any_pauses_in_freezes(hand.session)

    def holds_for(self, row: Watch) -> bool:
        now, session = self._hand.now, self._hand.session
        if row.paused_until is not None and row.paused_until <= now:
            row.paused_by = row.paused_until = None
        if row.paused_by is not None:
            return True
        facts = facts_of(session, row.tenant) if self._by_freezes else None
        if facts is None:
            return False
        policy = ground_of(session, self._hand.services, row.tenant).policy
        return is_frozen(policy, facts, now)


def _asked(hand: Hand, tenant: str) -> Watch:
    row = hand.session.get(Watch, tenant, with_for_update=True)
    row = row or watch(hand.session, tenant, USUAL, hand.now)
    row.asked = True
    return row


def _due(hand: Hand, most: int) -> Sequence[Watch]:
    due = select(Watch).where(_NEXT).order_by(col(Watch.due_at)).limit(most)
    return hand.session.exec(due.with_for_update(skip_locked=True), params={"now": hand.now}).all()


def _rows(session: Session, tenants: Iterable[str]) -> Sequence[Watch]:
    chosen = select(Watch).where(col(Watch.tenant).in_(list(tenants)))
    return session.exec(chosen.order_by(col(Watch.tenant))).all()


def _every(row: Watch) -> timedelta:
    return timedelta(seconds=row.every_seconds) or USUAL


def _next(row: Watch, now: datetime) -> datetime | None:
    """Answer a tenant's next turn; `None` where it was looked at only because it was asked for."""
    if not row.every_seconds:
        return None
    return next_slot(identity_of(row.tenant), _every(row), now)
