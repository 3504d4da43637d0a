"""What every run of an engine shares: its memory, its time, and what the process offers."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from bot.engine.background import Background
from bot.engine.clock import Clock
from bot.engine.happenings import Listener
from bot.engine.journal.journal import Journal
from bot.engine.logs.step_log import StepLogs
from bot.engine.pace import Limits
from bot.engine.watch import Watch
from resources.errors import NotGiven
from resources.masking import Masks

T = TypeVar("T")


class Given:
    """The objects that the process offers to definitions, by type."""

    def __init__(self, *objects: object) -> None:
        self._objects = objects

    def get(self, kind: type[T]) -> T:
        """Answer the object of that type; raises `NotGiven`."""
        for candidate in self._objects:
            if isinstance(candidate, kind):
                return candidate
        raise NotGiven(
            f"A definition asks for a {kind.__name__}, which this process was not given. "
            "Whoever builds the engine passes it in."
        )


@dataclass(frozen=True)
class Surroundings:
    """What every scope of an engine shares.

    `patience` is how long a run waits in line for an identity before it fails. `wake` lets who
    works alone look for what is in the queue.
    """

    journal: Journal
    clock: Clock
    given: Given
    tell: Listener
    watch: Watch
    masks: Masks
    logs: StepLogs
    limits: Limits
    patience: timedelta
    background: Background
    wake: Callable[[], None]
