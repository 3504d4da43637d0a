"""The words of the one issue of many tenants that are not as they should be."""

from bot.report.drift import (
    GRAVEST_FIRST,
    LONGEST,
    LONGEST_TITLE,
    MARKS,
    counted,
    moment,
)
from bot.report.drifting import DriftFacts, UmbrellaFacts
from bot.report.harmless import plain
from bot.report.sections import fitted


def umbrella_title(facts: UmbrellaFacts) -> str:
    """Write the title of the issue of many."""
    return f"Tenants of {facts.repository} are not as they should be"[:LONGEST_TITLE]


def umbrella_body(facts: UmbrellaFacts, hidden: str) -> str:
    """Write the issue of many: a line for each, the gravest first."""
    repository = plain(facts.repository)
    if not facts.tenants:
        return f"{hidden}\n\n### Nobody more of {repository} is told of here\n"
    head = (
        f"### {counted(len(facts.tenants), 'tenant')} of {repository} "
        f"{'is' if len(facts.tenants) == 1 else 'are'} not as they should be\n"
        "So many drift that they are told of together. `/orbits status TENANT` says more of one."
    )
    table = "| Tenant | Differences | Since |\n|---|---|---|"
    tenants = sorted(
        facts.tenants, key=lambda each: (GRAVEST_FIRST.index(each.severity), each.tenant)
    )
    rows = [_umbrella_row(each) for each in tenants]
    last = "Next: `/orbits drift fix TENANT` · `/orbits drift ack all --until 3d`"
    room = LONGEST - len(hidden) - len(head) - len(last) - 8
    return "\n\n".join([hidden, head, fitted(table, rows, room), last]) + "\n"


def _umbrella_row(facts: DriftFacts) -> str:
    mark = MARKS[facts.severity]
    since = moment(facts.since) if facts.since else ""
    known = f", acknowledged by {plain(facts.by, 80)}" if facts.by else ""
    return f"| {plain(facts.tenant, 120)} | {mark} {facts.total:,}{known} | {since} |"
