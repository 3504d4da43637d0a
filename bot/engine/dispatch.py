"""How a process comes to hear of runs that wait in the store: the one thing that differs by scale.

The journal is the truth, and a hint only a reason to look at a run: it may come twice, or late.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple, Protocol

from sqlalchemy import Connection


class Hint(NamedTuple):
    """A run that somebody should look at; a higher priority is looked at first."""

    run_id: str
    priority: int = 0


Look = Callable[[str], Awaitable[None]]
"""Looks at a run: takes it if it may, and returns when it occupies no place here any more."""


class Dispatch(Protocol):
    """Brings the runs of the store to the processes that work on them."""

    hints: bool
    """Whether a run is heard of by hints; without, whoever works looks for it in the store."""

    def announce(self, connection: Connection, hints: Sequence[Hint]) -> None:
        """Tell of runs in the transaction of `connection`: they are heard of when it commits."""

    def reissue(self, connection: Connection) -> int:
        """Tell anew of those runs that could be taken and that nobody will hear of; count them."""

    async def deliver(self, look: Look, at_once: int) -> None:
        """Hand hinted runs to `look`, at most `at_once` at a time, until cancelled."""
