"""What became of a step or a run: a result, or a failure that comes back in its own type."""

from collections.abc import Callable
from typing import Any, NamedTuple

from bot.states import State
from resources.errors import StepFailed
from resources.model.failure import Failure
from resources.model.values import NOTHING


class Outcome(NamedTuple):
    """How a run or a step ended: with a result as JSON text, or with a failure."""

    state: State
    result: str | None = None
    failure: Failure | None = None

    @classmethod
    def stored(cls, state: State, result: str | None, failure: str | None) -> "Outcome":
        """Read an outcome back from its row."""
        return cls(state, result, Failure.model_validate_json(failure) if failure else None)

    @property
    def cause(self) -> BaseException | None:
        """The error that a failed step ended with, as far as it is of a kind that is known."""
        error = self.failure.error() if self.failure else None
        return (error.cause or error) if isinstance(error, StepFailed) else error

    @property
    def failure_text(self) -> str | None:
        """The failure as its row has it."""
        return self.failure.model_dump_json() if self.failure else None

    def answer(self, read: Callable[[str], Any]) -> Any:
        """Answer the result, or raise the failure."""
        if self.failure is not None:
            raise self.failure.error()
        return read(self.result or NOTHING)
