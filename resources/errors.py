"""What can go wrong while a resource is brought to its state, in words for the person who must act.

Every error that a step may end with is rebuilt from the journal on replay, so that a
`try`/`except` in a workflow takes the same branch twice. That is why an error here is
a message and JSON-like facts, and nothing else.
"""

from pydantic import JsonValue


class OrbitsError(Exception):
    """Something went wrong in a way that was foreseen; the message says what to do.

    `facts` are JSON values that code may act on. They are stored: no secret belongs in them.
    Two are shown apart where there are many errors in a table: `summary`, one sentence, and
    `tail`, the last lines of what was printed or happened.
    """

    def __init__(self, message: str, **facts: JsonValue) -> None:
        super().__init__(message)
        self.facts = facts

    def __str__(self) -> str:
        return str(self.args[0])

    @property
    def summary(self) -> str:
        """What happened, in one sentence."""
        return str(self.facts.get("summary", self))

    @property
    def tail(self) -> str:
        """The last lines of what was printed or happened, already bounded; empty without any."""
        return str(self.facts.get("tail", ""))


class Refused(OrbitsError):
    """What was asked for is not done, and nothing was changed; the message is the whole answer."""


class StepFailed(OrbitsError):
    """A named step ended in failure, now or before a restart.

    Raised by `do` for whatever the step raised. `cause` is the error itself where it was an
    `OrbitsError`, and `None` where it was any other exception (its name is `cause_name`).
    The facts name the innermost step, however deep it was nested.
    """

    cause: OrbitsError | None = None

    @property
    def step(self) -> str:
        """The name of the innermost failed step, such as `sql-migrate`."""
        return str(self.facts["step"])

    @property
    def identity(self) -> str:
        """The identity of what the step belonged to, such as `backend-acme`."""
        return str(self.facts["identity"])

    @property
    def run_id(self) -> str:
        """The run in which the step failed."""
        return str(self.facts["run_id"])

    @property
    def reason(self) -> str:
        """What the step's own error said."""
        return str(self.facts["reason"])

    @property
    def summary(self) -> str:
        """The reason in one sentence."""
        return self.cause.summary if self.cause else self.reason

    @property
    def cause_name(self) -> str:
        """The class name of the step's own error, such as `ScriptFailed`."""
        return str(self.facts["cause_name"])

    @property
    def cancelled(self) -> bool:
        """Whether somebody ended it, so that nothing is wrong with what it did."""
        return self.cause_name == "Cancelled"

    @property
    def rolled_back(self) -> bool:
        """Whether what the failure left half done was put back to what it was before."""
        return bool(self.facts.get("rolled_back", False))

    def after_rollback(self) -> "StepFailed":
        """Answer this failure, noting that everything was put back; for a stack to raise."""
        noted = StepFailed(str(self), **self.facts | {"rolled_back": True})
        noted.cause = self.cause
        return noted

    @property
    def tail(self) -> str:
        """The last lines that the step printed; empty where it printed nothing."""
        return self.cause.tail if self.cause else ""


class ScriptFailed(OrbitsError):
    """A script ended with another status than 0, was ended at its timeout, or never started.

    `status` is the exit status (negative: the signal), or `None` where there is none.
    """

    @property
    def status(self) -> int | None:
        """The exit status, minus the signal's number, or `None`."""
        status = self.facts.get("status")
        return status if isinstance(status, int) else None


class HookNotDefined(OrbitsError):
    """A command was asked of a resource whose class does not say how to carry it out."""


class NoWayBack(OrbitsError):
    """A rollback was asked for and there is nothing to go back to, or no way to get there."""


class NotRunning(OrbitsError):
    """A step was asked for outside a run: only the engine can remember it."""


class NotGiven(OrbitsError):
    """A definition asked the process for something that it was not given at the start."""


class AmbiguousStep(OrbitsError):
    """Two steps that go on at once carry one name, so the journal could not tell them apart."""


class ReplayMismatch(OrbitsError):
    """The journal remembers another kind of step, or other arguments, under this name."""


class WaitsForItself(OrbitsError):
    """A step would wait for a run that, directly or through others, waits for that step."""


class InterruptedOnce(OrbitsError):
    """An action that may not be repeated was cut off, and cannot tell what became of it."""


class TimedOut(OrbitsError):
    """A step, a run or a wait took longer than it was allowed to."""


class Cancelled(OrbitsError):
    """Somebody ended a run before it was done."""


class SkippedByHand(OrbitsError):
    """A run or a step was told to be left out."""


class IdentityBusy(OrbitsError):
    """Another run has held an identity for longer than was to be waited."""
