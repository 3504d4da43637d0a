"""The words of issues about drift, rendered from rows when they are sent."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlmodel import Session

from bot.drift.facts import decided_at, facts_of, together
from bot.drift.notices import DRIFT, UMBRELLA
from bot.drift.policies import ground_of
from bot.github.issue import ClosedBecause, IssueRequest
from bot.outbox.issue import Issue
from bot.outbox.rendering import Render, Rendered
from bot.report import drift as says
from bot.report.drifting import DriftFacts, Telling, UmbrellaFacts
from bot.report.drifts_together import umbrella_body, umbrella_title
from bot.store.tables import Drift
from resources.fleet import Service


@dataclass(frozen=True)
class DriftReports:
    """Renders the issues of drift; nothing in them goes by the time at which they are rendered.

    `services` are those of the fleet, by whose policies the issues have further labels.
    """

    services: Sequence[Service]

    @property
    def renderers(self) -> dict[str, Render]:
        """What renders which source."""
        return {DRIFT: self.issue, UMBRELLA: self.umbrella}

    def issue(
        self, session: Session, tenant: str, target: Issue, untold: Sequence[str]
    ) -> Rendered:
        """Render the issue of one tenant."""
        del untold
        row, facts = session.get(Drift, tenant), facts_of(session, tenant)
        if row is not None and target.number < row.issue:
            facts = replace(facts, elsewhere="a newer issue")
        elif row is not None and row.repository.lower() != target.repository.lower():
            facts = replace(facts, elsewhere=row.repository)
        closed = _closed(facts)
        words = IssueRequest(
            title=says.title(facts),
            body=says.body(facts, target.hidden),
            labels=says.labels(facts, self._labels(session, facts)),
            closed=closed,
            decided_at=decided_at(session, tenant),
        )
        return Rendered(words, final=closed is not None)

    def umbrella(
        self, session: Session, repository: str, target: Issue, untold: Sequence[str]
    ) -> Rendered:
        """Render the issue of those of a repository that are told of together."""
        del untold
        facts = together(session, repository)
        times = [decided_at(session, each.tenant) for each in facts.tenants]
        closed: ClosedBecause | None = None if facts.tenants else "completed"
        words = IssueRequest(
            title=umbrella_title(facts),
            body=umbrella_body(facts, target.hidden),
            labels=_labels_together(facts),
            closed=closed,
            decided_at=max(filter(None, times), default=None),
        )
        return Rendered(words, final=closed is not None)

    def _labels(self, session: Session, facts: DriftFacts) -> Sequence[str]:
        paths = [each.path for each in facts.differences]
        return ground_of(session, self.services, facts.tenant, paths).policy.drift.labels


def _closed(facts: DriftFacts) -> ClosedBecause | None:
    """Answer why the issue of a tenant is closed; `None` while it is open."""
    if facts.elsewhere or (facts.hidden and facts.drifts):
        return "not_planned"
    if facts.drifts or facts.unable is not None:
        return None
    return "not_planned" if facts.telling is Telling.IGNORED else "completed"


def _labels_together(facts: UmbrellaFacts) -> tuple[str, ...]:
    if not facts.tenants:
        return (says.LABEL,)
    gravest = max(facts.tenants, key=lambda each: says.GRAVEST_FIRST[::-1].index(each.severity))
    return says.LABEL, f"orbits: {gravest.severity}"
