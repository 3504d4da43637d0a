"""What a rollout came to: in one word for GitHub, and in counts for people."""

from collections import Counter
from typing import Literal

from bot.report.facts import RolloutFacts
from bot.states import State

Status = Literal["queued", "in_progress", "completed"]
Conclusion = Literal["action_required", "success", "failure", "skipped", "neutral", "cancelled"]

_DONE = {State.SUCCEEDED, State.SKIPPED}
_COUNTED = {
    State.FAILED: "failed",
    State.ROLLED_BACK: "rolled back",
    State.RUNNING: "running",
    State.WAITING: "waiting",
    State.QUEUED: "queued",
    State.HELD: "held",
    State.CANCELLED: "cancelled",
    State.SKIPPED: "skipped",
}


def status(facts: RolloutFacts) -> Status:
    """Say how far the rollout is; one that ended badly is complete whatever its rows say."""
    if facts.state is State.QUEUED:
        return "queued"
    if facts.awaits_people:
        return "completed"
    if not facts.state.terminal:
        return "in_progress"
    unfinished = any(not deployment.state.terminal for deployment in facts.deployments)
    return "in_progress" if unfinished and facts.state in _DONE else "completed"


def conclusion(facts: RolloutFacts) -> Conclusion | None:
    """Say how the rollout ended; `None` while it goes on.

    It is a success only where every planned deployment is recorded as succeeded, or as
    skipped while another one succeeded. Where nothing was done it is `skipped`.
    """
    if status(facts) != "completed":
        return None
    if facts.awaits_people:
        return "action_required"
    states = {facts.state, *(deployment.state for deployment in facts.deployments)}
    if states & {State.FAILED, State.ROLLED_BACK}:
        return "failure"
    if State.CANCELLED in states:
        return "cancelled"
    if State.HELD in states:
        return "neutral"
    rows = {deployment.state for deployment in facts.deployments}
    nothing_was_done = facts.state is State.SKIPPED or rows <= {State.SKIPPED}
    return "skipped" if nothing_was_done else "success"


def tally(facts: RolloutFacts) -> str:
    """Count the tenants by what became of them, such as `11 of 14 tenants updated, 1 failed`."""
    counts = Counter(deployment.state for deployment in facts.deployments)
    planned = len(facts.deployments)
    if not planned:
        return _nothing_planned(facts)
    if counts[State.SKIPPED] == planned:
        return f"{planned} {_tenants(planned)} skipped"
    parts = [f"{counts[State.SUCCEEDED]} of {planned} {_tenants(planned)} {facts.done}"]
    parts += [f"{counts[state]} {word}" for state, word in _COUNTED.items() if counts[state]]
    return ", ".join(parts)


def _nothing_planned(facts: RolloutFacts) -> str:
    if not facts.state.terminal:
        return "not planned yet"
    if facts.state in {State.FAILED, State.CANCELLED}:
        return f"{facts.state} before any tenant was reached"
    return "no tenant is affected"


def _tenants(count: int) -> str:
    return "tenant" if count == 1 else "tenants"
