"""What a check says beside lines of files: where the scripts of failed tenants said it went wrong.

GitHub shows it as plain text: there is no Markdown to be broken out of.
https://docs.github.com/en/rest/checks/runs#create-a-check-run
"""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.report.facts import DeploymentFacts
from bot.report.harmless import one_line
from bot.report.named_lines import Level, NamedLine, named_lines
from bot.report.sections import FAILURES

MOST = 50
"""So many does one check get, which is what GitHub takes in one request."""

MOST_NAMED = 5
LONGEST_TITLE = 200
"""GitHub takes 255 characters."""

_WORST_FIRST: tuple[Level, ...] = ("failure", "warning", "notice")


@dataclass(frozen=True)
class AnnotationWords:
    """An annotation in GitHub's own terms."""

    path: str
    start_line: int
    end_line: int
    level: Level
    message: str
    title: str


def annotations(
    revision: str, deployments: Sequence[DeploymentFacts]
) -> tuple[AnnotationWords, ...]:
    """Say of lines what failed there, and for whom; what several tenants met is said once.

    A tenant on its way to another commit than the check's has other lines, and is left out. Where
    there are too many, the failures are kept.
    """
    met: dict[NamedLine, list[str]] = {}
    for one in deployments:
        if one.state in FAILURES and one.tail and one.after == revision:
            for line in named_lines(one.tail, revision):
                met.setdefault(line, []).append(one.tenant)
    kept = sorted(met, key=lambda line: _WORST_FIRST.index(line.level))[:MOST]
    return tuple(
        AnnotationWords(
            path=line.path,
            start_line=line.line,
            end_line=line.end_line,
            level=line.level,
            message=line.message,
            title=_title(met[line]),
        )
        for line in kept
    )


def _title(tenants: Sequence[str]) -> str:
    """Name the tenants, or the first of them and how many more there are."""
    names = ", ".join(one_line(tenant) for tenant in tenants[:MOST_NAMED])
    more = len(tenants) - MOST_NAMED
    if len(names) > LONGEST_TITLE:
        names = f"{names[: LONGEST_TITLE - 1]}…"
    return f"{names} and {more} more" if more > 0 else names
