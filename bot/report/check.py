"""What the check `orbits/deploy` says on the merge commit."""

from dataclasses import dataclass

from bot.report.facts import RolloutFacts
from bot.report.sections import (
    FAILURES,
    FOLDED,
    UNSETTLED,
    folded_table,
    in_states,
    left_alone,
    origin,
    output,
    table,
    what_next,
)
from bot.report.verdict import Conclusion, Status, conclusion, status, tally

CHECK_NAME = "orbits/deploy"

LONGEST = 60_000
"""Characters of the summary, and of the text; GitHub takes 65,535 each."""


@dataclass(frozen=True)
class CheckWords:
    """A check in GitHub's own terms; `conclusion` is there once `status` is `completed`."""

    status: Status
    conclusion: Conclusion | None
    title: str
    summary: str
    text: str


def check(facts: RolloutFacts) -> CheckWords:
    """Say how the rollout stands; green only where every planned tenant is recorded as done."""
    title = tally(facts)
    return CheckWords(
        status=status(facts),
        conclusion=conclusion(facts),
        title=title[0].upper() + title[1:],
        summary=_summary(facts),
        text=_text(facts),
    )


def _summary(facts: RolloutFacts) -> str:
    first, last = origin(facts), what_next(facts)
    room = LONGEST - len(first) - len(last) - 6
    loud = table(in_states(facts, (*FAILURES, *UNSETTLED)), room)
    room -= len(loud)
    parts = [first, loud]
    for state, word in FOLDED.items():
        part = folded_table(in_states(facts, [state]), word, room - 2)
        room -= len(part) + 2
        parts.append(part)
    return "\n\n".join(filter(None, [*parts, last])) or f"{tally(facts)}."


def _text(facts: RolloutFacts) -> str:
    printed = [one for one in in_states(facts, FAILURES) if one.tail.strip()]
    parts = []
    if printed:
        shown = printed[:100]
        each = LONGEST // 2 // len(shown)
        parts = [output(one, each) for one in shown]
        if len(printed) > len(shown):
            parts.append(f"… and {len(printed) - len(shown)} more, not shown here.")
    room = LONGEST - sum(len(part) + 2 for part in parts)
    return "\n\n".join(filter(None, [*parts, left_alone(facts.excluded, room)]))
