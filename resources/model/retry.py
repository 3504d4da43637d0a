"""How often a step is tried, and how long is waited in between."""

import random
from dataclasses import dataclass
from datetime import timedelta

from resources.errors import HookNotDefined, InterruptedOnce, NotGiven, NoWayBack, Refused


@dataclass(frozen=True)
class Retry:
    """Tries a step up to `attempts` times, with a wait that grows by `factor` in between.

        retry = Retry(attempts=5, first=timedelta(seconds=2))

    Each wait is shortened at random by up to the share `jitter`, so that many tenants that
    failed together do not come back together. What would fail in the same way again, the
    errors in `unless`, is not tried again.
    """

    attempts: int = 1
    first: timedelta = timedelta(seconds=1)
    factor: float = 2.0
    longest: timedelta = timedelta(minutes=5)
    jitter: float = 0.5
    unless: tuple[type[Exception], ...] = (
        Refused,
        NoWayBack,
        HookNotDefined,
        InterruptedOnce,
        NotGiven,
    )

    def __post_init__(self) -> None:
        """Refuse what could never end, or never begin."""
        if self.attempts < 1 or self.factor < 1 or not 0 <= self.jitter <= 1:
            raise ValueError("a retry has attempts >= 1, a factor >= 1 and a jitter from 0 to 1")

    def again(self, failed: int, error: BaseException) -> bool:
        """Answer whether it is tried again after `failed` attempts, the last with `error`."""
        return failed < self.attempts and not isinstance(error, self.unless)

    def wait(self, failed: int) -> timedelta:
        """Answer how long to wait after `failed` attempts."""
        grown = self.first.total_seconds() * self.factor ** min(failed - 1, 60)
        whole = min(grown, self.longest.total_seconds())
        # It spreads load; nobody has to be unable to guess it.
        return timedelta(seconds=whole * (1 - self.jitter * random.random()))  # noqa: S311


ONCE = Retry()
"""One attempt: what fails has failed."""
