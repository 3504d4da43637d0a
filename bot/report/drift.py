"""The words of the issue of a tenant that is not as it should be, and of remarks under it."""

from collections.abc import Sequence
from datetime import datetime

from bot.report.drifting import ChangedFacts, DifferenceFacts, DriftFacts, Telling
from bot.report.harmless import block, one_line, plain, words
from bot.report.sections import fitted, folded, revision
from bot.report.suggestions import in_code
from resources.model.resource import Severity

LONGEST = 32_000
"""Characters; GitHub takes 65,536, and slows down well before."""

LONGEST_TITLE = 256
LONGEST_LABEL = 50
MOST_SHOWN = 20
"""So many differences are shown; the others are folded away."""

LABEL = "orbits: drift"
ACKNOWLEDGED, FLAPPING, UNABLE = "orbits: acknowledged", "orbits: flapping", "orbits: unable"

NEXT = (
    "Next: `/orbits drift fix` · `/orbits drift ack --until 3d` · `/orbits drift ignore` · "
    "`/orbits drift check`"
)
_NEXT_UNABLE = "Next: `/orbits drift check`"
_NEXT_CLOSED = "A tenant that drifts again within the time that the policy names opens it again."
_NOT_NO_DRIFT = "This does not mean that there is no drift."
_LONGEST_VALUE = 80
_LONGEST_PATH = 160
_LONGEST_PROBLEM = 4_000
MARKS = {Severity.CRITICAL: "❗", Severity.WARNING: "⚠️", Severity.NOTICE: "ℹ️"}  # noqa: RUF001
_HEAD = "| Path | Desired | Observed |\n|---|---|---|"
GRAVEST_FIRST = list(Severity)[::-1]


def title(facts: DriftFacts) -> str:
    """Write the title of the issue, which stays while the differences change."""
    name = one_line(facts.tenant)[:200]
    if not facts.drifts and (facts.unable is not None or facts.since is None):
        return f"{name} cannot be looked at for drift"
    return f"{name} is not as it should be"


def labels(facts: DriftFacts, of_the_policy: Sequence[str] = ()) -> tuple[str, ...]:
    """Answer the labels that the issue has from us."""
    ours = [LABEL]
    if facts.drifts:
        ours.append(f"orbits: {facts.severity}")
    if facts.telling is Telling.ACKNOWLEDGED:
        ours.append(ACKNOWLEDGED)
    if facts.drifts and facts.comes_back:
        ours.append(FLAPPING)
    if facts.unable is not None:
        ours.append(UNABLE)
    own = [one_line(each)[:LONGEST_LABEL] for each in of_the_policy]
    return tuple(dict.fromkeys([*ours, *filter(None, own)]))


def body(facts: DriftFacts, hidden: str) -> str:
    """Write the body, below the `hidden` line by which the issue is found again."""
    first = [hidden, "\n".join(filter(None, [heading(facts), _origin(facts)])), _unable(facts)]
    last = [_fixes(facts), _acknowledged(facts), _flapping(facts), _what_next(facts)]
    room = LONGEST - sum(len(part) + 2 for part in (*first, *last))
    listed = _differences(facts, room) if facts.drifts and not facts.elsewhere else []
    return "\n\n".join(filter(None, [*first, *listed, *last])) + "\n"


def heading(facts: DriftFacts) -> str:
    """Say how it stands, the verdict first."""
    name = plain(facts.tenant, 120)
    if facts.elsewhere:
        return f"### {name} is told of elsewhere"
    if facts.drifts:
        return f"### {name} is not as it should be: {counted(facts.total, 'difference')}"
    if facts.unable is not None:
        return f"### {name} cannot be looked at for drift"
    if facts.telling is Telling.IGNORED:
        return f"### {name} differs from what it should be, and that is accepted"
    if facts.telling is Telling.NOTHING:
        return f"### {name} can be looked at again, or is not looked at any more"
    return f"### {name} is as it should be"


def remark_of_change(facts: ChangedFacts) -> str:
    """Say what differs otherwise than before."""
    kinds = {"new": facts.new, "changed": facts.changed, "as desired again": facts.gone}
    counts = [f"{len(paths)} {word}" for word, paths in kinds.items() if paths]
    if not counts:
        return "The time for which this was acknowledged is over, and it is still so.\n"
    head = f"What differs has changed: {', '.join(counts)}; {counted(facts.now, 'difference')} now."
    lines = [
        f"- {word}: {in_code(path, _LONGEST_PATH)}"
        for word, paths in kinds.items()
        for path in paths
    ]
    more = [f"- … and {len(lines) - MOST_SHOWN} more"] if len(lines) > MOST_SHOWN else []
    return "\n".join([head, "", *lines[:MOST_SHOWN], *more]) + "\n"


def remark_of_return(facts: DriftFacts) -> str:
    """Say that it drifts again."""
    return f"It drifts again: {counted(facts.total, 'difference')}.\n"


def remark_of_end(facts: DriftFacts) -> str:
    """Say since when it is as it should be, and who saw to it."""
    since = f" since {moment(facts.clean_since)}" if facts.clean_since else ""
    if facts.fix.by and not facts.fix.problem:
        who = "by itself" if facts.fix.by == "orbits" else f"by @{one_line(facts.fix.by)}"
        return f"Clean{since}: fixed {who}.\n"
    return f"Clean{since}: a look found nothing that differs.\n"


def moment(at: datetime) -> str:
    """Write a time as people read it."""
    return f"{at:%Y-%m-%d %H:%M} UTC"


def counted(count: int, word: str) -> str:
    """Write a count and what it counts."""
    return f"{count:,} {word}{'' if count == 1 else 's'}"


def _origin(facts: DriftFacts) -> str:
    if not facts.drifts:
        if facts.telling is Telling.RESOLVED and facts.clean_since is not None:
            return f"Clean since {moment(facts.clean_since)}{_by_whom(facts)}."
        return ""
    parts = [f"Since {moment(facts.since)}"] if facts.since else []
    for each in facts.services[:MOST_SHOWN]:
        kept = f" ({words(each.kept, 300)})" if each.kept else ""
        parts.append(f"{in_code(each.name)} should be at {revision(each.revision)}{kept}")
    return " · ".join(parts)


def _by_whom(facts: DriftFacts) -> str:
    if not facts.fix.by or facts.fix.problem:
        return ""
    return (
        ", fixed by itself" if facts.fix.by == "orbits" else f", fixed by {plain(facts.fix.by, 80)}"
    )


def _unable(facts: DriftFacts) -> str:
    if facts.unable is None:
        return ""
    said = f"The cycle could not run since {moment(facts.unable.since)}. {_NOT_NO_DRIFT}"
    return f"{said}\n\n{block(facts.unable.problem, _LONGEST_PROBLEM)}"


def _differences(facts: DriftFacts, room: int) -> list[str]:
    """Make the table of differences, the gravest first, and fold away what is too much."""
    ordered = sorted(
        facts.differences, key=lambda each: (GRAVEST_FIRST.index(each.severity), each.path)
    )
    rows = [_row(each) for each in ordered]
    shown = fitted(_HEAD, rows[:MOST_SHOWN], room)
    hidden_rows, more = rows[MOST_SHOWN:], facts.total - MOST_SHOWN
    if not hidden_rows:
        return [shown]
    summary = f"{counted(more, 'more difference')}"
    room -= len(shown) + 2 + len(folded(summary, "")) + 100
    table = fitted(_HEAD, hidden_rows, room)
    if facts.total > len(rows):
        table += f"\n\n{facts.total - len(rows):,} more differ that are not kept here."
    return [shown, folded(summary, table)] if table else [shown]


def _row(difference: DifferenceFacts) -> str:
    cells = [
        f"{MARKS[difference.severity]} {_cell(difference.path, _LONGEST_PATH)}",
        _side(difference.desired),
        _side(difference.observed),
    ]
    return f"| {' | '.join(cells)} |"


def _side(value: str | None) -> str:
    return "none" if value is None else _cell(value, _LONGEST_VALUE)


def _cell(text: str, most: int) -> str:
    return in_code(text, most).replace("|", "\\|")


def _fixes(facts: DriftFacts) -> str:
    fix = facts.fix
    if not facts.drifts or not fix.attempts:
        return ""
    who = "by itself" if fix.by == "orbits" else f"for {plain(fix.by, 80)}"
    said = f"It was tried {counted(fix.attempts, 'time')} to repair this, last {who}"
    if fix.goes_on:
        return f"{said}: that goes on."
    return (
        f"{said}: {words(fix.problem)}" if fix.problem else f"{said}; it differs again, or still."
    )


def _acknowledged(facts: DriftFacts) -> str:
    if not facts.by or facts.telling not in {Telling.ACKNOWLEDGED, Telling.IGNORED}:
        return ""
    word = "Accepted" if facts.telling is Telling.IGNORED else "Acknowledged"
    how = ", by closing this issue" if facts.hidden else ""
    until = f" until {moment(facts.until)}" if facts.until else ""
    if not facts.until and facts.telling is Telling.ACKNOWLEDGED:
        until = ", until it changes"
    why = f": {words(facts.reason, 600)}" if facts.reason else "."
    return f"{word} by {plain(facts.by, 80)}{how}{until}{why}"


def _flapping(facts: DriftFacts) -> str:
    if not facts.drifts or not facts.comes_back:
        return ""
    return (
        f"It comes and goes: it was opened again {counted(facts.comes_back, 'time')} within a day. "
        "It is closed when several looks in a row have found nothing."
    )


def _what_next(facts: DriftFacts) -> str:
    if facts.elsewhere:
        return f"It is told of in {words(facts.elsewhere, 300)}."
    if facts.drifts:
        return NEXT
    return _NEXT_UNABLE if facts.unable is not None else _NEXT_CLOSED
