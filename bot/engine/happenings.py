"""What the engine tells whoever listens: that something became durable, and what was printed."""

from collections.abc import Callable
from dataclasses import dataclass

from bot.engine.outcomes import Outcome
from bot.states import State


@dataclass(frozen=True, slots=True)
class RunBegan:
    """A run began, or goes on after a crash (`resumed`)."""

    run_id: str
    identity: str
    command: str
    resumed: bool


@dataclass(frozen=True, slots=True)
class RunEnded:
    """A run's end is durable."""

    run_id: str
    identity: str
    command: str
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class StepEnded:
    """A step's outcome is durable."""

    run_id: str
    identity: str
    step: str
    state: State


@dataclass(frozen=True, slots=True)
class StepPrinted:
    """A step printed something while it ran."""

    run_id: str
    identity: str
    step: str
    text: str


Happening = RunBegan | RunEnded | StepEnded | StepPrinted
Listener = Callable[[Happening], None]
