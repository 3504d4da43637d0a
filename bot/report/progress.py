"""One line about a rollout, for a terminal."""

from datetime import datetime

from bot.report.facts import RolloutFacts
from bot.report.harmless import one_line
from bot.report.sections import duration
from bot.report.verdict import tally

_WIDTH = 20


def progress_line(facts: RolloutFacts, now: datetime) -> str:
    """Say how far the rollout is, without colours, in one line."""
    planned = len(facts.deployments)
    done = sum(deployment.state.terminal for deployment in facts.deployments)
    filled = _WIDTH * done // planned if planned else 0
    bar = "█" * filled + "░" * (_WIDTH - filled)
    name = one_line(", ".join(facts.services))
    took = ""
    if facts.started is not None:
        took = f" ({duration((facts.finished or now) - facts.started)})"
    return f"{name} → {one_line(facts.revision)[:7]} {bar} {tally(facts)}{took}"
