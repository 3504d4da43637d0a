"""What is told of runs, to people and to machines."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from bot.engine.control.intervention import moment
from bot.engine.identifiers import short
from bot.states import State


class Told(BaseModel):
    """A value that is only told."""

    model_config = ConfigDict(frozen=True)


class OwnerStatus(Told):
    """The process that works on a run."""

    host: str
    pid: int
    heartbeat_at: datetime


class RunLine(Told):
    """A run in one line; `since` when it has been in its state, as far as that is known."""

    run: str
    parent: str | None
    identity: str
    command: str
    state: State
    paused: bool
    cancelled_by: str | None
    since: datetime
    asked_at: datetime

    @property
    def words(self) -> str:
        """How it is called in a sentence."""
        return f"{self.identity} ({self.command}, run {short(self.run)})"

    @property
    def state_words(self) -> str:
        """How far it has come, and what somebody asked of it."""
        if not self.state.terminal and self.cancelled_by is not None:
            return f"{self.state}, ending"
        return f"{self.state}, paused" if self.paused else str(self.state)


class Wait(Told):
    """Something that a run waits for.

    `what` names the signal, the step, the lane or the identity. `run` is the run that is ahead,
    or is joined.
    """

    kind: Literal["signal", "sleep", "retry", "line", "run", "lane", "resume"]
    what: str
    until: datetime | None = None
    run: str | None = None

    @property
    def words(self) -> str:
        """What is waited for, to follow `waits`."""
        until = moment(self.until) if self.until else ""
        other = f"run {short(self.run)}" if self.run else ""
        return {
            "signal": f"for the signal `{self.what}`{until and f', until {until}'}",
            "sleep": f"in `{self.what}` until {until}",
            "retry": f"to try `{self.what}` again at {until}",
            "line": f"for its turn on {self.what}, behind {other}",
            "run": f"for {self.what} ({other})",
            "lane": f"for a place in the lane `{self.what}`",
            "resume": "to be resumed",
        }[self.kind]


class StepStatus(Told):
    """A step, and how many seconds it has taken so far."""

    name: str
    kind: str
    state: State
    started_at: datetime
    finished_at: datetime | None
    seconds: float
    problem: str | None


class RunStatus(RunLine):
    """A run with its steps, what it waits for, and what is nested in it."""

    owner: OwnerStatus | None
    finished_at: datetime | None
    deadline_at: datetime | None
    problem: str | None
    waits: list[Wait]
    steps: list[StepStatus]
    children: list["RunStatus"]


class HolderStatus(Told):
    """Who works on an identity, who is in line for it, and who did so last."""

    identity: str
    holder: RunLine | None
    owner: OwnerStatus | None
    line: list[RunLine]
    last: RunLine | None

    @property
    def words(self) -> str:
        """All of it in sentences, with what frees the identity."""
        if self.holder is None:
            words = f"{self.identity} is free."
        else:
            holder, run = self.holder, short(self.holder.run)
            where = f"on {self.owner.host}, process {self.owner.pid}" if self.owner else "by nobody"
            words = (
                f"{self.identity} is held by its command {holder.command} (run {run}) since "
                f"{moment(holder.since)}, carried out {where}. Free it with `orbits cancel {run}`."
            )
        if self.line:
            line = ", ".join(f"{each.command} (run {short(each.run)})" for each in self.line)
            words += f" In line: {line}."
        if self.last is not None:
            words += (
                f" Last ended: {self.last.command} (run {short(self.last.run)}), "
                f"{self.last.state} at {moment(self.last.since)}."
            )
        return words


class LaneStatus(Told):
    """A lane: how many places of it are held, of how many, and how many runs want one."""

    lane: str
    held: int
    most: int
    waiting: int
