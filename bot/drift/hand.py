"""What rows of drift are changed with."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlmodel import Session

from bot.engine.journal.asking import RunQueue
from resources.fleet import Service
from resources.model.resource import Difference
from resources.model.workflow import Workflow

NewLook = Callable[[str], Workflow]
"""Answers the workflow that looks at a tenant's stack."""

NewFix = Callable[[str, int, bool], Workflow]
"""Answers the workflow that repairs a tenant's stack: which attempt, and whether it is forced."""


@dataclass(frozen=True)
class Hand:
    """A session, the time, and how looks and repairs are begun; so many looks `at_once`."""

    session: Session
    now: datetime
    queue: RunQueue
    services: Sequence[Service]
    new_look: NewLook
    new_fix: NewFix
    at_once: int = 10


@dataclass(frozen=True)
class Sight:
    """What a look at a stack came to: what differs, or the problem that it could not be made for.

    `every` and `ignores` are what its class says; `never`: it does not know how to look.
    """

    differences: tuple[Difference, ...] = ()
    problem: str = ""
    every: timedelta | None = None
    ignores: tuple[str, ...] = field(default=())
    never: bool = False
