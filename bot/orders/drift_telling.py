"""Commands that only tell, on an issue about drift: how tenants stand, and what they go by."""

from datetime import datetime
from functools import partial

from sqlmodel import Session, col, or_, select

from bot.drift.facts import facts_of
from bot.drift.policies import ground_of
from bot.orders.asked import Act, Asked, Desk
from bot.orders.drifting import meant_by
from bot.report.drift import body, heading, moment
from bot.report.harmless import plain, words
from bot.report.suggestions import in_code, listed
from bot.rollouts.rows import holds, lookup
from bot.rollouts.rows.begin import Hand
from bot.store.tables import Accepted, Drift, Watch
from resources.fleet import Service

_MOST_LINES = 100
_IN_FULL = 3
"""Of so many tenants everything is told, of more of them the verdict."""


async def status(desk: Desk, asked: Asked) -> Act:
    """Say how tenants stand, as the last look found them."""
    tenants = meant_by(asked, await desk.rollouts.tenants(), asked.tenants)
    return lambda hand: _cut([_standing(hand.session, each, len(tenants)) for each in tenants])


async def explain(desk: Desk, asked: Asked) -> Act:
    """Say what tenants are compared with, and what does not count."""
    tenants = meant_by(asked, await desk.rollouts.tenants(), asked.tenants)
    return partial(_explain, desk.fleet.services, tenants)


def _standing(session: Session, tenant: str, of: int) -> str:
    facts, watch = facts_of(session, tenant), session.get(Watch, tenant)
    said = body(facts, "").strip() if of <= _IN_FULL else heading(facts)
    if watch is None or watch.looked_at is None:
        return f"{said}\n\nIt was not looked at yet."
    return f"{said}\n\nLooked at last at {moment(watch.looked_at)}."


def _explain(services: tuple[Service, ...], tenants: list[str], hand: Hand) -> str:
    return _cut([_grounds(hand, services, tenant) for tenant in tenants])


def _grounds(hand: Hand, services: tuple[Service, ...], tenant: str) -> str:
    session, row, watch = hand.session, hand.session.get(Drift, tenant), None
    watch = session.get(Watch, tenant)
    paths = [each["path"] for each in row.differences] if row else []
    policy = ground_of(session, services, tenant, paths).policy.drift
    lines = [
        f"- {in_code(each.service)} should be at {each.revision[:7]}, which it got last"
        for each in lookup.deployed(session, tenant)
    ]
    lines += [
        f"- {in_code(each.service)} is {words(each.why)}"
        for each in holds.kept(session, hand.now)
        if each.tenant == tenant
    ]
    lines += [f"- {listed(each.paths)} may differ, as `orbits.toml` says" for each in policy.ignore]
    lines += [_accepted(each) for each in _accepted_of(session, tenant, hand.now)]
    lines.append(f"- it is told when it is found {policy.detections} times in a row")
    if watch is not None and watch.due_at is not None:
        lines.append(f"- it is looked at again at {moment(watch.due_at)}")
    if watch is not None and watch.paused_by is not None:
        lines.append(f"- looks are paused by {plain(watch.paused_by)}")
    return "\n".join([f"What {plain(tenant)} is compared with:", "", *lines[:_MOST_LINES]])


def _accepted_of(session: Session, tenant: str, now: datetime) -> list[Accepted]:
    lasts = or_(col(Accepted.until).is_(None), col(Accepted.until) > now)
    chosen = select(Accepted).where(col(Accepted.tenant) == tenant, lasts)
    return list(session.exec(chosen.order_by(col(Accepted.path))))


def _accepted(row: Accepted) -> str:
    until = f" until {moment(row.until)}" if row.until else ""
    why = f": {words(row.reason)}" if row.reason else ""
    return f"- {in_code(row.path)} may be as it was found{until}, says {plain(row.by)}{why}"


def _cut(parts: list[str]) -> str:
    return "\n\n".join([*parts[:_MOST_LINES], *_more(len(parts) - _MOST_LINES)])


def _more(count: int) -> list[str]:
    return [f"… and {count} more."] if count > 0 else []
