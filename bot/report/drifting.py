"""What a report needs to know of a tenant that drifts: recorded facts, and no secret."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from resources.model.resource import Severity


class Telling(StrEnum):
    """What there is to tell of a tenant: how its drift stands, if there is or was one.

    What was found but once is nothing yet.
    """

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    IGNORED = "ignored"
    RESOLVED = "resolved"
    NOTHING = "nothing"


@dataclass(frozen=True)
class DifferenceFacts:
    """One field; a side that does not exist is `None`, and the other one a text."""

    path: str
    desired: str | None
    observed: str | None
    severity: Severity = Severity.WARNING


@dataclass(frozen=True)
class ServiceFacts:
    """The revision at which a service should be; `kept` says why, where it is held or pinned."""

    name: str
    revision: str
    kept: str = ""


@dataclass(frozen=True)
class FixFacts:
    """How often it was tried to repair a drift, for whom at last, and why that did not do."""

    attempts: int = 0
    by: str = ""
    problem: str = ""
    goes_on: bool = False


@dataclass(frozen=True)
class UnableFacts:
    """Since when a tenant could not be looked at, and why."""

    since: datetime
    problem: str


@dataclass(frozen=True)
class DriftFacts:
    """A tenant that is not as it should be, was not, or cannot be looked at.

    `differences` are those that are kept, of `total`. `by`, `until` and `reason` belong to who
    acknowledged or ignored it; `hidden`: by closing the issue. `comes_back` says how often it was
    opened again within a day, where that is often. `elsewhere` names what tells of it instead.
    """

    tenant: str
    telling: Telling
    differences: tuple[DifferenceFacts, ...] = ()
    total: int = 0
    since: datetime | None = None
    services: tuple[ServiceFacts, ...] = ()
    fix: FixFacts = FixFacts()
    by: str = ""
    until: datetime | None = None
    reason: str = ""
    hidden: bool = False
    comes_back: int = 0
    unable: UnableFacts | None = None
    clean_since: datetime | None = None
    elsewhere: str = ""

    @property
    def drifts(self) -> bool:
        """Whether it is not as it should be, as far as is known, and nobody accepts that."""
        return self.telling in {Telling.OPEN, Telling.ACKNOWLEDGED}

    @property
    def severity(self) -> Severity:
        """The greatest severity of what differs."""
        gravity = list(Severity)
        return max(
            (each.severity for each in self.differences), key=gravity.index, default=Severity.NOTICE
        )


@dataclass(frozen=True)
class ChangedFacts:
    """How the differences are others than were told before, by their paths."""

    new: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    now: int = 0


@dataclass(frozen=True)
class UmbrellaFacts:
    """The tenants of a repository that are told of together, as they are so many."""

    repository: str
    tenants: tuple[DriftFacts, ...] = ()
