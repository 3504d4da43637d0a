"""What a report needs to know of a change that is proposed: whom it would reach, and how."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from bot.report.facts import ExcludedFacts, PullRequestFacts

Act = Literal["adds", "changes", "removes"]


class Said(StrEnum):
    """What became of asking a tenant's stack what it would do."""

    WAITING = "waiting"
    PLANNED = "planned"
    NOT_SAID = "not-said"
    FAILED = "failed"
    NOT_ASKED = "not-asked"


class Standing(StrEnum):
    """How far a plan has come, or why it was left before it was made."""

    GOES_ON = "goes-on"
    DONE = "done"
    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"
    CLOSED = "closed"
    MERGED = "merged"


@dataclass(frozen=True)
class ChangeFacts:
    """One thing that a stack would do; what the values are stays with the stack."""

    path: str
    act: Act


@dataclass(frozen=True)
class TenantPlanFacts:
    """One tenant's part of a plan.

    `wave` is `None` for one who stays as it is for now, which is `held` or `frozen`, as `reason`
    says. `problem` says why nothing is known of what its stack would do.
    """

    tenant: str
    said: Said = Said.NOT_ASKED
    wave: int | None = None
    keeps: Literal["held", "frozen"] | None = None
    reason: str = ""
    changes: int = 0
    destructive: bool = False
    first: tuple[ChangeFacts, ...] = ()
    problem: str = ""


@dataclass(frozen=True)
class ProblemFacts:
    """What is wrong with `orbits.toml`, or, as a warning, only odd; lines count from 1."""

    sentence: str
    line: int | None = None
    is_warning: bool = False


@dataclass(frozen=True)
class PlanFacts:
    """A commit that somebody wants to merge, and what that would do.

    `group`: it is a merge queue's. `stopped` says what a rollout would wait for. `own_policy`:
    the change brings its own `orbits.toml`. `not_asked` says why stacks were not asked what they
    would do, and `problem` why there is no plan. `after` is the commit that took this one's place.
    `excluded` are the first who are left alone, besides so many `left_out` of the list.
    """

    services: tuple[str, ...]
    revision: str
    base: str
    standing: Standing = Standing.DONE
    tenants: tuple[TenantPlanFacts, ...] = ()
    excluded: tuple[ExcludedFacts, ...] = ()
    left_out: int = 0
    pull_request: PullRequestFacts | None = None
    group: bool = False
    pauses: bool = False
    stopped: str = ""
    own_policy: bool = False
    problems: tuple[ProblemFacts, ...] = ()
    not_asked: str = ""
    closed: bool = False
    problem: str = ""
    after: str = ""

    @property
    def refused(self) -> bool:
        """Whether nobody would be moved, as `orbits.toml` cannot be used."""
        return any(not problem.is_warning for problem in self.problems)

    @property
    def waves(self) -> int:
        """In how many waves it would go."""
        return max((each.wave or 0 for each in self.tenants), default=0)
