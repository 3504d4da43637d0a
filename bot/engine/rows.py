"""What the journal is told and what it answers: steps, runs that were taken, and their ends."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from bot.engine.outcomes import Outcome
from bot.states import State


class Grip(NamedTuple):
    """The right to write for a run: its id, and the token that it had when it was taken."""

    run_id: str
    token: int


class StepRow(NamedTuple):
    """One step as it is remembered; `result` and `failure` are JSON text."""

    name: str
    kind: str
    fingerprint: str
    state: State
    result: str | None
    failure: str | None
    started_at: datetime
    finished_at: datetime | None

    @classmethod
    def begun(cls, name: str, kind: str, fingerprint: str, at: datetime) -> "StepRow":
        """Answer a step that has no outcome yet."""
        return cls(name, kind, fingerprint, State.RUNNING, None, None, at, None)

    def ended(self, outcome: Outcome, at: datetime) -> "StepRow":
        """Answer this step with its outcome."""
        return StepRow(
            self.name,
            self.kind,
            self.fingerprint,
            outcome.state,
            outcome.result,
            outcome.failure_text,
            self.started_at,
            at,
        )

    @classmethod
    def read(cls, row: Any) -> "StepRow":
        """Answer a step as a row of the store has it."""
        return cls(**{name: getattr(row, name) for name in cls._fields})

    def values(self, run_id: str) -> dict[str, Any]:
        """Answer the values of its row."""
        return {"run_id": run_id, **self._asdict()}

    @property
    def finished(self) -> bool:
        """Whether there is an outcome to answer on replay."""
        return self.state is not State.RUNNING


Memory = dict[str, StepRow]


@dataclass(slots=True)
class Begun:
    """A run that this process may write for, and what is remembered of it."""

    grip: Grip
    root_id: str
    memory: Memory = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class End:
    """How a run ended, and what that changes: the record of its identity, a step of its parent."""

    grip: Grip
    outcome: Outcome
    at: datetime
    record: dict[str, Any] | None = None
    forget: str | None = None
    parent: tuple[Grip, StepRow] | None = None
