"""How far a run, a step, a rollout or a deployment has come: one word each, everywhere."""

from enum import StrEnum


class State(StrEnum):
    """The words that the store, GitHub's comments and the command line share."""

    QUEUED = "queued"
    WAITING = "waiting"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"
    HELD = "held"
    ROLLED_BACK = "rolled-back"

    @property
    def terminal(self) -> bool:
        """Whether it stays so unless somebody asks for more."""
        return self not in LIVE


LIVE = (State.QUEUED, State.WAITING, State.RUNNING)
