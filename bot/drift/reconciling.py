"""Compares the issues that there are with those that should be, whatever we were told of them.

Events may be lost, and a store that was put back to what it was knows nothing of what happened
since: of an issue whose drift has ended, or of one that somebody closed, or deleted.
"""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial

import structlog
from sqlmodel import Session, col, select

from bot.drift import notices, rows
from bot.drift.facts import decided_at, facts_of, together
from bot.drift.hand import Hand
from bot.drift.life import Phase
from bot.drift.policies import kept_policy
from bot.drift.records import Drifts
from bot.failures import DoorFailed, Limited
from bot.github.door import GitHub
from bot.github.failures import NotFound
from bot.github.shapes import IssueSeen
from bot.outbox.issue import LABEL, HiddenKey, Issue
from bot.outbox.marking import due
from bot.report.drifting import Telling
from bot.store.tables import Drift, Notice, Tenant, Watch

log = structlog.get_logger(__name__)

QUIET = timedelta(hours=1)
"""Whatever happened to an issue so lately may be told to us yet."""

_OF_ONE, _OF_MANY = f"{notices.DRIFT} ", "drifts of "


async def reconcile(drifts: Drifts, github: GitHub) -> None:
    """Note what became of issues, and have those closed that are about nothing any more.

    What GitHub does not answer is left for the next time. Done twice, it does no more.
    """
    for repository in await drifts.database.read(partial(_places, drifts)):
        try:
            await _reconcile(drifts, github, repository)
        except Limited:
            return
        except DoorFailed as failed:
            log.warning("issues_not_compared", repository=repository, problem=str(failed))


async def _reconcile(drifts: Drifts, github: GitHub, repository: str) -> None:
    there = await github.our_issues(repository, LABEL, "open")
    for seen in there:
        if seen.updated_at is None or drifts.clock.now() - seen.updated_at >= QUIET:
            await drifts.change(partial(_end_what_is_over, repository, seen))
    numbers = {seen.number for seen in there}
    wanted = await drifts.database.read(partial(_told_as_open, repository))
    for tenants, number in wanted:
        if number in numbers:
            continue
        try:
            seen = await github.issue(repository, number)
        except NotFound:
            await drifts.change(partial(_lost, repository, number))
        else:
            if seen.state == "closed":
                await drifts.change(partial(_end_or_open, repository, tenants, seen))


def note_closed(tenants: Sequence[str], seen: IssueSeen, hand: Hand) -> None:
    """Take drift as acknowledged whose issue a person closed after it was decided to be open."""
    if seen.closed_by is not None and seen.closed_by.type != "User":
        return
    by = seen.closed_by.login if seen.closed_by else "ghost"
    for tenant in tenants:
        decided = decided_at(hand.session, tenant)
        # GitHub leaves out fractions of seconds.
        if decided and seen.closed_at and seen.closed_at < decided.replace(microsecond=0):
            continue
        rows.closed_by_hand(hand.session, tenant, by)


def _end_or_open(repository: str, tenants: Sequence[str], seen: IssueSeen, hand: Hand) -> None:
    """Note who closed an issue, or have it opened: a bot that tidies up knows nothing of drift."""
    note_closed(tenants, seen, hand)
    left = (hand.session.get(Drift, tenant) for tenant in tenants)
    if any(row is not None and rows.life_of(row).issue_is_open for row in left):
        notices.say_again(hand.session, repository, seen.number)


def _lost(repository: str, number: int, hand: Hand) -> None:
    notices.lose(hand.session, repository, number)


def _end_what_is_over(repository: str, seen: IssueSeen, hand: Hand) -> None:
    """Have an open issue closed that nothing wants open."""
    session, key = hand.session, HiddenKey.of(seen.body)
    if key is None or _may_be_open(session, key.subject):
        return
    target = Issue(repository, key.subject, key.number)
    known = session.get(Notice, target.key)
    if known is not None and (known.due or known.number not in {None, seen.number}):
        return
    due(session, target, _source(key.subject))
    notice = session.get_one(Notice, target.key, populate_existing=True)
    notice.number, notice.digest = seen.number, None
    session.add(notice)


def _may_be_open(session: Session, subject: str) -> bool:
    """Answer whether an issue should be open, or it is not known yet whether it should."""
    if subject.startswith(_OF_MANY):
        return bool(together(session, subject.removeprefix(_OF_MANY)).tenants)
    tenant = subject.removeprefix(_OF_ONE)
    facts = facts_of(session, tenant)
    if facts.drifts or facts.unable is not None:
        return True
    if session.get(Tenant, tenant) is None:
        return False
    row, watch = session.get(Drift, tenant), session.get(Watch, tenant)
    if row is not None and row.phase == Phase.DETECTED:
        return True
    return facts.telling is Telling.NOTHING or (row is None and watch is None)


def _told_as_open(repository: str, session: Session) -> list[tuple[tuple[str, ...], int]]:
    """Answer the issues that are open, as far as we know: whom each tells of, and its number."""
    chosen = select(Drift).where(
        col(Drift.phase).in_([Phase.OPEN, Phase.ACKNOWLEDGED]),
        col(Drift.hidden).is_(False),
        col(Drift.umbrella).is_(False),
        col(Drift.repository) == repository,
    )
    ordered = session.exec(chosen.order_by(col(Drift.tenant))).all()
    told = [((row.tenant,), notices.issue_of(row)) for row in ordered]
    many = tuple(each.tenant for each in together(session, repository).tenants)
    found = []
    for tenants, issue in [*told, (many, notices.umbrella_of(repository))]:
        notice = session.get(Notice, issue.key)
        if tenants and notice is not None and notice.number is not None and not notice.due:
            found.append((tenants, notice.number))
    return found


def _source(subject: str) -> str:
    if subject.startswith(_OF_MANY):
        return f"{notices.UMBRELLA}:{subject.removeprefix(_OF_MANY)}"
    return f"{notices.DRIFT}:{subject.removeprefix(_OF_ONE)}"


def _places(drifts: Drifts, session: Session) -> list[str]:
    """Answer the repositories in which there may be issues of ours."""
    homes = [service.repository for service in drifts.fleet.services]
    named = [kept_policy(session, home).drift.repository for home in homes]
    told = session.exec(select(Drift.repository).where(col(Drift.repository) != "").distinct())
    return [name for name in dict.fromkeys([*homes, *named, *told]) if name]
