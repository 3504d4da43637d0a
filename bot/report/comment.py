"""The one comment on a merged pull request, edited as its rollout goes on."""

from bot.report.facts import DeploymentFacts, RolloutFacts
from bot.report.sections import (
    FAILURES,
    FOLDED,
    UNSETTLED,
    folded_table,
    folded_word,
    heading,
    in_states,
    left_alone,
    origin,
    output,
    table,
    what_next,
    what_was_before,
)

MARKER = "<!-- orbits: the rollout of this pull request -->"
"""The first line of the comment, by which it is found again; nobody sees it."""

LONGEST = 32_000
"""Characters; GitHub takes 65,536, and slows down well before."""

TABLE_ONLY_ABOVE = 20

_LEAST_FOR_OTHERS = 6_000
_MOST_OUTPUT = 6_000


def comment(facts: RolloutFacts) -> str:
    """Write the comment, its marker included.

    Where it grows too long, what matters least is cut first: who is not affected, then what
    went well, then what still goes on, then output. A failed tenant is cut last.
    """
    first = [MARKER, "\n".join(filter(None, [heading(facts), origin(facts)]))]
    last = [where_output_is(facts), what_was_before(facts), what_next(facts)]
    room = LONGEST - sum(len(part) + 2 for part in (*first, *last))

    failed = in_states(facts, FAILURES)
    outputs = [] if _crowded(facts) else _outputs(failed, room)
    room -= sum(len(part) + 2 for part in outputs)
    loud = table([*failed, *in_states(facts, UNSETTLED)], room)
    room -= len(loud) + 2
    quiet = []
    for state in FOLDED:
        part = folded_table(in_states(facts, [state]), folded_word(facts, state), room - 2)
        room -= len(part) + 2
        quiet.append(part)
    alone = left_alone(facts.excluded, room - 2)
    return "\n\n".join(filter(None, [*first, loud, *outputs, *quiet, alone, *last])) + "\n"


def where_output_is(facts: RolloutFacts) -> str:
    """Say where the output of failed steps is, if the comment has no room for it."""
    if not _crowded(facts) or not any(one.tail for one in in_states(facts, FAILURES)):
        return ""
    return "What the failed steps printed is in the check `orbits/deploy` of this commit."


def _crowded(facts: RolloutFacts) -> bool:
    return len(facts.deployments) > TABLE_ONLY_ABOVE


def _outputs(failed: list[DeploymentFacts], room: int) -> list[str]:
    printed = [deployment for deployment in failed if deployment.tail.strip()]
    if not printed:
        return []
    each = min(_MOST_OUTPUT, (room - _LEAST_FOR_OTHERS) // len(printed))
    return [output(deployment, each - 2) for deployment in printed]
