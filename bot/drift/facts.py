"""From the rows of a tenant's drift to the facts that its issue tells."""

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from pydantic import JsonValue
from sqlmodel import Session, col, select

from bot.drift.life import OFTEN, WITHIN, Phase
from bot.report.drifting import (
    DifferenceFacts,
    DriftFacts,
    FixFacts,
    ServiceFacts,
    Telling,
    UmbrellaFacts,
    UnableFacts,
)
from bot.rollouts.profiles.variables import masked
from bot.store.tables import Drift, Hold, Watch
from resources.model.resource import Difference

_TELLING = {
    Phase.DETECTED: Telling.NOTHING,
    Phase.OPEN: Telling.OPEN,
    Phase.ACKNOWLEDGED: Telling.ACKNOWLEDGED,
    Phase.IGNORED: Telling.IGNORED,
    Phase.RESOLVED: Telling.RESOLVED,
}


def facts_of(session: Session, tenant: str) -> DriftFacts:
    """Answer what is recorded of a tenant's drift, also where there is none."""
    row, watch = session.get(Drift, tenant), session.get(Watch, tenant)
    facts = _of_row(session, row, watch) if row else DriftFacts(tenant, Telling.NOTHING)
    if watch is None:
        return facts
    if row is None and watch.matching_since is not None:
        facts = replace(facts, telling=Telling.RESOLVED, clean_since=watch.matching_since)
    if watch.unable_since is None:
        return facts
    return replace(facts, unable=UnableFacts(watch.unable_since, watch.problem or "unknown"))


def together(session: Session, repository: str) -> UmbrellaFacts:
    """Answer who is told of together in a repository."""
    chosen = select(Drift.tenant).where(
        col(Drift.repository) == repository,
        col(Drift.umbrella),
        col(Drift.phase).in_([Phase.OPEN, Phase.ACKNOWLEDGED]),
        col(Drift.hidden).is_(False),
    )
    names = session.exec(chosen.order_by(col(Drift.tenant))).all()
    return UmbrellaFacts(repository, tuple(facts_of(session, name) for name in names))


def decided_at(session: Session, tenant: str) -> datetime | None:
    """Answer since when there is something to be told in an open issue, as far as is recorded."""
    row, watch = session.get(Drift, tenant), session.get(Watch, tenant)
    times = [watch.unable_since] if watch else []
    if row is not None:
        times += [row.opened_at, row.changed_at]
    return max(filter(None, times), default=None)


def _of_row(session: Session, row: Drift, watch: Watch | None) -> DriftFacts:
    telling = _TELLING[Phase(row.phase)]
    times = [datetime.fromisoformat(at) for at in row.reopened]
    looked_at = watch.looked_at if watch else None
    now = max(filter(None, [looked_at, row.changed_at]), default=row.found_at)
    lately = sum(now - at < WITHIN for at in times)
    return DriftFacts(
        tenant=row.tenant,
        telling=telling,
        differences=tuple(_differences(row)),
        total=row.total,
        since=row.found_at,
        services=tuple(_services(session, row)),
        fix=FixFacts(row.fix, row.fixed_by or "", row.fix_problem or "", row.fixing),
        by=row.by or "",
        until=row.until,
        reason=row.reason or "",
        hidden=row.hidden,
        comes_back=lately if lately >= OFTEN else 0,
        clean_since=row.resolved_at,
        elsewhere="the issue of many" if row.umbrella else "",
    )


def _differences(row: Drift) -> Iterable[DifferenceFacts]:
    for each in row.differences:
        difference = Difference.model_validate(each)
        names = tuple(difference.path.split("/"))
        desired, observed = (
            _written(masked(side, names)) for side in (difference.desired, difference.observed)
        )
        yield DifferenceFacts(difference.path, desired, observed, difference.severity)


def _written(value: JsonValue) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def _services(session: Session, row: Drift) -> Iterable[ServiceFacts]:
    chosen = select(Hold).where(col(Hold.tenant) == row.tenant)
    kept = {hold.service: hold for hold in session.exec(chosen)}
    for name, revision in sorted(row.desired.items()):
        hold = kept.get(name)
        yield ServiceFacts(name, revision, _kept(hold) if hold else "")


def _kept(hold: Hold) -> str:
    word = "pinned" if hold.kind == "pin" else "held"
    until = f" until {hold.until:%Y-%m-%d %H:%M} UTC" if hold.until else ""
    return f"{word}{until} by {hold.placed_by}"
