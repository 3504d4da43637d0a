"""What the engine tells whoever listens: that something became durable."""

from collections.abc import Callable
from typing import NamedTuple

from bot.engine.definitions.outcomes import Outcome
from bot.states import State


class RunBegan(NamedTuple):
    """A run began, or goes on after a crash (`resumed`)."""

    run_id: str
    identity: str
    command: str
    resumed: bool


class RunEnded(NamedTuple):
    """A run's end is durable."""

    run_id: str
    identity: str
    command: str
    outcome: Outcome


class StepEnded(NamedTuple):
    """A step's outcome is durable."""

    run_id: str
    identity: str
    step: str
    state: State


Happening = RunBegan | RunEnded | StepEnded
Listener = Callable[[Happening], None]
