"""How much goes on at once, and how long is waited for what."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

EVERYBODY = "all"
"""The lane that every run of the queue is in."""


@dataclass(frozen=True)
class Limits:
    """How many runs of the queue go on at once: in all, and with one lane of a kind.

    `by_kind` limits lanes by what stands before their colon: `{"account": 5}` lets five runs
    go on in each account.
    """

    overall: int | None = None
    by_kind: Mapping[str, int] = field(default_factory=dict)

    def places(self, lanes: Iterable[str]) -> tuple[tuple[str, int], ...]:
        """Answer the limited lanes among those, with how many each lets go on at once."""
        limited = [(lane, self.by_kind.get(lane.partition(":")[0])) for lane in set(lanes)]
        everybody = [(EVERYBODY, self.overall)]
        return tuple((lane, most) for lane, most in sorted(limited) + everybody if most)


@dataclass(frozen=True)
class Pace:
    """How an engine works: how much at once, and how long it waits for what.

    `heartbeat` and `expiry` are those of its lease; `patience` is how long a run waits in line
    for an identity; `grace` how long steps may go on when the process is to end.
    """

    at_once: int = 100
    limits: Limits = field(default_factory=Limits)
    heartbeat: timedelta = timedelta(seconds=3)
    expiry: timedelta = timedelta(seconds=15)
    patience: timedelta = timedelta(hours=1)
    grace: timedelta = timedelta(0)
    look_every: timedelta = timedelta(seconds=1)
