"""What the check `orbits/deploy` says on the merge commit."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.channels.failures import NOT_SENT
from bot.report.facts import DeploymentFacts, RolloutFacts
from bot.report.harmless import words
from bot.report.sections import (
    FAILURES,
    FOLDED,
    UNSETTLED,
    folded_table,
    folded_word,
    in_states,
    left_alone,
    origin,
    output,
    table,
    what_next,
)
from bot.report.verdict import Conclusion, Status, conclusion, status, tally
from bot.states import State

CHECK_NAME = "orbits/deploy"

NOT_WRITTEN = "The comment on the pull request could not be written."

_STATUS: dict[State, Status] = {
    State.QUEUED: "queued",
    State.WAITING: "queued",
    State.RUNNING: "in_progress",
}
_CONCLUSIONS: dict[State, Conclusion] = {
    State.SUCCEEDED: "success",
    State.FAILED: "failure",
    State.CANCELLED: "cancelled",
    State.SKIPPED: "skipped",
    State.HELD: "neutral",
    State.ROLLED_BACK: "neutral",
}

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


def check(facts: RolloutFacts, untold: Sequence[str] = ()) -> CheckWords:
    """Say how the rollout stands; green only where every planned tenant is recorded as done.

    `untold` says why the comment on the pull request could not be written, or an alert not sent.
    """
    title = tally(facts)
    return CheckWords(
        status=status(facts),
        conclusion=conclusion(facts),
        title=title[0].upper() + title[1:],
        summary=_summary(facts, untold),
        text=_text(facts),
    )


def tenant_check(deployment: DeploymentFacts) -> CheckWords:
    """Say how one tenant's deployment stands, in a check of its own."""
    state = deployment.state
    return CheckWords(
        status=_STATUS.get(state, "completed"),
        conclusion=None if state in _STATUS else _CONCLUSIONS[state],
        title=state.replace("-", " ").capitalize(),
        summary=table([deployment], LONGEST),
        text=output(deployment, LONGEST) if deployment.tail.strip() else "",
    )


def _summary(facts: RolloutFacts, untold: Sequence[str]) -> str:
    unwritten = [f"⚠️ {words(_unwritten(why), 500)}" for why in dict.fromkeys(untold)]
    first, last = "\n\n".join(filter(None, [origin(facts), *unwritten])), what_next(facts)
    room = LONGEST - len(first) - len(last) - 6
    loud = table(in_states(facts, (*FAILURES, *UNSETTLED)), room)
    room -= len(loud)
    parts = [first, loud]
    for state in FOLDED:
        part = folded_table(in_states(facts, [state]), folded_word(facts, state), room - 2)
        room -= len(part) + 2
        parts.append(part)
    return "\n\n".join(filter(None, [*parts, last])) or f"{tally(facts)}."


def _unwritten(why: str) -> str:
    return why if why.startswith(NOT_SENT) else f"{NOT_WRITTEN} {why}"


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
