"""Where the process of a rehearsal dies, and what it says when it does."""

from dataclasses import dataclass
from enum import StrEnum

from resources.errors import OrbitsError


class Moment(StrEnum):
    """When, at a step, the process dies."""

    BEFORE = "before"
    """Nothing of the step was done."""
    IN = "in"
    """What the step does was done, and not written down: the worst moment."""
    AFTER = "after"
    """The step's end was written down."""


class Crashed(OrbitsError):
    """The process of the rehearsal died where the test wanted it to; `resume()` starts another."""


class Waits(OrbitsError):
    """A run waits for a signal that nobody has sent; `send` it, and `resume()`."""


class NotReached(OrbitsError):
    """The process was to die at a step that was never begun."""


@dataclass(frozen=True)
class CrashPoint:
    """A moment of a step; `step` is its name in the journal, or what its author called it.

    Without an `identity`, it is the first step of that name, whatever it works on.
    """

    moment: Moment
    step: str
    identity: str = ""

    def is_at(self, moment: Moment, identity: str, key: str) -> bool:
        """Answer whether this is it."""
        mine = self.identity in {"", identity}
        return moment is self.moment and mine and self.step in {key, given_name(key)}

    def __str__(self) -> str:
        return f"{self.moment} `{self.step}`" + (f" of {self.identity}" if self.identity else "")


def given_name(key: str) -> str:
    """Answer what the author of a step called it: without the identity, workflow and turn."""
    return key.partition("[")[0].rpartition("/")[2].partition("#")[0]
