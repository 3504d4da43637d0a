"""What the journal is told and what it answers: steps, claims of runs, and their ends."""

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from bot.engine.definitions.kinds import Wanted
from bot.engine.definitions.outcomes import Outcome
from bot.states import State


class Grip(NamedTuple):
    """The right to write for a run: its id, and the token that it had when it was taken."""

    run_id: str
    token: int


class StepRow(NamedTuple):
    """One step as it is remembered; `result` and `failure` are JSON text.

    While it has no outcome, `result` is what is known of it so far (see `Underway`).
    """

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

    def underway(self, state: State, known: str) -> "StepRow":
        """Answer this step while it runs or waits, with what is known of it."""
        return self._replace(state=state, result=known)

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

    @property
    def finished(self) -> bool:
        """Whether there is an outcome to answer on replay."""
        return self.state.terminal


Memory = dict[str, StepRow]


@dataclass(slots=True)
class Begun:
    """A run that this process may write for, and what is remembered of it.

    It is `alone` where it is no step of another one, and has neither waits nor places of its own
    in the store: then its end concerns nobody but itself.
    """

    grip: Grip
    root_id: str
    deadline_at: datetime | None = None
    rank: int = 0
    memory: Memory = field(default_factory=dict)
    alone: bool = False


class Record(NamedTuple):
    """What was last brought about on an identity."""

    identity: str
    kind: str
    installed_version: int | None
    fingerprint: str | None
    arguments: str | None
    output: str | None
    settled: bool
    updated_at: datetime

    @classmethod
    def read(cls, row: Any) -> "Record":
        """Answer it as a row of the store has it."""
        return cls(*(getattr(row, name) for name in cls._fields))

    @property
    def last_good(self) -> dict[str, Any] | None:
        """The arguments that it was last brought about with."""
        return json.loads(self.arguments) if self.arguments else None

    @property
    def succeeded_at(self) -> datetime | None:
        """When it was last brought about; not yet, where only half of that was ever done."""
        return self.updated_at if self.arguments else None


@dataclass(frozen=True, slots=True)
class Claim:
    """What is asked of the journal by who wants a command to be carried out as a step.

    `run_id` is the id of the run if a new one is needed: as it is chosen before, a claim that is
    written twice makes one run. `check` answers what is up to date instead; `changes` notes that
    the identity is no longer in its recorded state; `lanes` are for a run of the queue,
    `None` for what is nested.
    """

    wanted: Wanted
    run_id: str
    at: datetime
    parent: Begun | None = None
    parent_step: str | None = None
    check: bool = False
    changes: bool = False
    lanes: tuple[tuple[str, int], ...] | None = None
    rank: int = 0
    deadline_at: datetime | None = None
    force: bool = False
    gives_up: bool = False
    """Whether what the root was cut off in, and has not asked for since, is in its way."""
    last_try: bool = True
    again: bool = False
    """Whether `run_id` is of a row that has waited in line."""

    @property
    def asker(self) -> tuple[str | None, str | None]:
        """The step that asks."""
        return (self.parent_id, self.parent_step)

    @property
    def parent_id(self) -> str | None:
        """The run that asks."""
        return self.parent.grip.run_id if self.parent else None


@dataclass(frozen=True, slots=True)
class RootClaim:
    """What is asked of the journal by who may carry out a run that waits in the queue.

    `check` notes where what it wants holds already; `changing` are the commands after which an
    identity is no longer in its recorded state.
    """

    run_id: str
    at: datetime
    check: bool
    changing: frozenset[str]


@dataclass(frozen=True, slots=True)
class Taken:
    """The run is this process's to carry out.

    `of_asker` is whether its end is written into the step of who asked, too. Where it is
    `up_to_date`, what is wanted is recorded as brought about, and stays so until it is unsettled.
    """

    begun: Begun
    record: Record | None
    of_asker: bool = True
    up_to_date: bool = False


@dataclass(frozen=True, slots=True)
class UpToDate:
    """What is wanted was brought about already; nothing was begun."""

    record: Record


@dataclass(frozen=True, slots=True)
class Joins:
    """An equal run goes on, or is in line, somewhere else: its end is to be waited for.

    `of_asker` is whether that end is written into the step of who asked, too.
    """

    run_id: str
    of_asker: bool = False


@dataclass(frozen=True, slots=True)
class Behind:
    """The run `run_id` is in line, after the run `ahead`; it is to be claimed again then."""

    run_id: str
    ahead: str


@dataclass(frozen=True, slots=True)
class Done:
    """The step that asks has an outcome already, which came after its run was taken up."""

    row: StepRow


Claimed = Taken | UpToDate | Joins | Behind | Done


@dataclass(frozen=True, slots=True)
class End:
    """How a run ended, and what that changes: the record of its identity, a step of its parent.

    `has_parent`: somebody's step may be waiting for it. `leaves`: it may have waits or places.
    `drifted`: it found that the world is not as recorded, so that what is desired is done anew.
    """

    grip: Grip
    identity: str
    outcome: Outcome
    at: datetime
    record: dict[str, Any] | None = None
    forget: str | None = None
    drifted: bool = False
    has_parent: bool = False
    leaves: bool = False
