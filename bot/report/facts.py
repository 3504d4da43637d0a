"""What a report needs to know of a rollout: recorded facts, and nothing that must be asked for."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.states import State


@dataclass(frozen=True)
class PullRequestFacts:
    """The pull request that started a rollout; `author` is a login."""

    number: int
    title: str
    author: str


@dataclass(frozen=True)
class DeploymentFacts:
    """One tenant's part of a rollout.

    `before` and `after` are commits, `reason` a few words or a sentence, `tail` the last lines
    that the failed step printed. `rolled_back_to` is the commit that the tenant was put back to.
    """

    tenant: str
    state: State
    before: str | None = None
    after: str | None = None
    reason: str = ""
    took: timedelta | None = None
    failed_step: str | None = None
    tail: str = ""
    rolled_back_to: str | None = None
    run_id: str | None = None
    done: str = "updated"


@dataclass(frozen=True)
class ExcludedFacts:
    """A tenant or a service that the rollout leaves alone, and why."""

    name: str
    reason: str


@dataclass(frozen=True)
class RolloutFacts:
    """One revision on its way to many tenants.

    `deployments` are all that are planned, in the order in which they go. `note` says what
    else matters in a few words: the wave, or what stopped it. `next_steps` are lines to type.
    `done` is what it does to a tenant, in one word; of a way back `asked` says who wanted it and
    why. `earlier` are other rollouts of the pull request, in a line each. `buttons` are commands
    that may be given by one press. It `awaits_people` where it does not go on without them.
    """

    services: tuple[str, ...]
    revision: str
    state: State
    deployments: tuple[DeploymentFacts, ...] = ()
    excluded: tuple[ExcludedFacts, ...] = ()
    pull_request: PullRequestFacts | None = None
    note: str = ""
    started: datetime | None = None
    finished: datetime | None = None
    run_url: str | None = None
    next_steps: tuple[str, ...] = ()
    done: str = "updated"
    asked: str = ""
    earlier: tuple[str, ...] = ()
    buttons: tuple[str, ...] = ()
    awaits_people: bool = False
