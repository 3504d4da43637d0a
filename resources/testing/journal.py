"""What a rehearsal remembers when its process dies: steps, what was brought about, signals."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import uuid4

from pydantic import JsonValue

from resources.errors import OrbitsError, StepFailed
from resources.model.definition import Definition
from resources.model.failure import Failure
from resources.model.resource import Resource
from resources.model.values import NOTHING

SIGNAL = "signal"
"""The kind of a step that waits for one."""


class Outcome(StrEnum):
    """How a step ended, in the words of the bot."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    SKIPPED = "skipped"


class StepEnd(NamedTuple):
    """A step that ended: of which identity, under which name, and how.

    The name is that of the journal: `deploy[backend-acme]` for a resource, `check#2` for the
    second turn of a loop, `prepare/check` for a step of a workflow that is a step itself.
    """

    identity: str
    step: str
    outcome: Outcome

    def __str__(self) -> str:
        return f"{self.identity}: {self.step} {self.outcome}"


class Ending(NamedTuple):
    """What became of a step or a run: a result as JSON, or a failure. `None`: it was given up."""

    outcome: Outcome | None
    result: str | None = None
    failure: Failure | None = None

    @property
    def cause(self) -> OrbitsError | None:
        """The error behind a failure, as far as it is of a kind that is known."""
        error = self.failure.error() if self.failure else None
        return (error.cause or error) if isinstance(error, StepFailed) else error

    def answer(self, read: Callable[[str], Any]) -> Any:
        """Answer the result, or raise the failure."""
        if self.failure is not None:
            raise self.failure.error()
        return read(self.result or NOTHING)


@dataclass(frozen=True)
class StepMemory:
    """One step as it is remembered; without an ending, what is known of it so far.

    `runs` tells one that is carried out from one that waits. `attempts` have failed; `handle` is
    that of a long action, `since` when its attempt began, `until` when a wait ends.
    """

    name: str
    kind: str
    arguments: str
    ending: Ending | None = None
    runs: bool = True
    attempts: int = 0
    handle: str | None = None
    since: datetime | None = None
    until: datetime | None = None


class Wanted(NamedTuple):
    """A command of an identity with its exact arguments."""

    identity: str
    command: str
    kind: str
    version: int
    arguments: str

    @classmethod
    def of(cls, definition: Definition, command: str | None = None) -> "Wanted":
        """Describe what is wanted of `definition`; `command` is for resources."""
        kind = f"{type(definition).__module__}:{type(definition).__qualname__}"
        arguments = definition.model_dump_json()
        if isinstance(definition, Resource):
            command = command or definition.digest()
            return cls(definition.identity(), command, kind, definition.version, arguments)
        identity = getattr(definition, "identity", lambda: None)() or ""
        return cls(identity, "run", kind, 0, arguments)

    @property
    def fingerprint(self) -> str:
        """What differs where the class, its version or an argument does."""
        return f"{self.kind} {self.version} {self.arguments}"


@dataclass
class RunMemory:
    """A run that has not ended: its steps outlive the process."""

    run_id: str
    wanted: Wanted
    deadline_at: datetime | None = None
    steps: dict[str, StepMemory] = field(default_factory=dict)
    last_good: dict[str, Any] | None = None
    succeeded_at: datetime | None = None
    """When its identity was last brought about, before it began."""


@dataclass
class Record:
    """What was last brought about on an identity; `settled` until something else is begun."""

    installed_version: int | None
    fingerprint: str | None
    arguments: str | None
    output: str | None
    updated_at: datetime
    settled: bool = True

    def told(self) -> JsonValue:
        """Answer the arguments and the output, to be compared."""
        read = (json.loads(text) if text else None for text in (self.arguments, self.output))
        return dict(zip(("arguments", "output"), read, strict=True))


class Printed(NamedTuple):
    """A piece of what a step printed; the name is empty for what belongs to no step."""

    identity: str
    step: str
    text: str


class Signal(NamedTuple):
    """What somebody tells a run that waits for it, and from when on it is there."""

    payload: str
    sent_at: datetime


@dataclass
class Journal:
    """The memory of one rehearsal, in which nothing is lost; no other has its name."""

    name: str = field(default_factory=lambda: uuid4().hex)
    live: dict[Wanted, RunMemory] = field(default_factory=dict)
    records: dict[str, Record] = field(default_factory=dict)
    once: dict[tuple[str, str], tuple[str, str | None]] = field(default_factory=dict)
    """By identity and name: the kind and the result of what was done once."""
    signals: dict[str, Signal] = field(default_factory=dict)
    ends: list[StepEnd] = field(default_factory=list)
    printed: list[Printed] = field(default_factory=list)
    _runs: int = 0

    def run_of(self, wanted: Wanted, deadline_at: datetime | None) -> RunMemory:
        """Answer the run that was cut off in this command, or a new one."""
        memory = self.live.get(wanted)
        if memory is None:
            self._runs += 1
            memory = RunMemory(f"run-{self._runs}", wanted, deadline_at)
            self.live[wanted] = memory
            record = self.records.get(wanted.identity)
            if record is not None and record.arguments is not None:
                memory.last_good = json.loads(record.arguments)
                memory.succeeded_at = record.updated_at
        return memory

    def keep(self, run: RunMemory, step: StepMemory) -> None:
        """Remember a step as it stands, and tell of its end."""
        run.steps[step.name] = step
        if step.ending is not None and step.ending.outcome is not None:
            identity = run.wanted.identity or run.run_id
            self.ends.append(StepEnd(identity, step.name, step.ending.outcome))
            if step.kind == SIGNAL and step.ending.outcome is Outcome.SUCCEEDED:
                # It was for this run: another one waits for its own.
                self.signals.pop(step.name, None)

    def forget(self, identity: str) -> None:
        """Forget what was brought about on an identity, which is no more."""
        self.records.pop(identity, None)
        for key in [key for key in self.once if key[0] == identity]:
            del self.once[key]
