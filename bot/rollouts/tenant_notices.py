"""What GitHub is told of each tenant of a rollout: a check while they are few, and a deployment.

A check for each of many would take more writes than GitHub allows, and nobody would read them. A
GitHub Deployment in the tenant's environment is a choice of the policy (`deployments = true`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session

from bot.github.answers import Annotation, DeploymentState, DeploymentStatus
from bot.outbox.budget import Rank
from bot.outbox.marking import due
from bot.outbox.rendering import Rendered
from bot.outbox.targets import Check, Environment
from bot.report.check import CHECK_NAME, tenant_check
from bot.report.facts import DeploymentFacts
from bot.states import State
from bot.store.tables import Deployment, Rollout

DEPLOYMENT = "deployment"
MOST_CHECKS = 20
"""Up to so many tenants each have a check of their own."""

_STATES: dict[State, DeploymentState] = {
    State.QUEUED: "queued",
    State.RUNNING: "in_progress",
    State.SUCCEEDED: "success",
    State.FAILED: "failure",
    State.CANCELLED: "error",
    State.ROLLED_BACK: "inactive",
}


@dataclass(frozen=True)
class Telling:
    """What is told of each tenant of one rollout."""

    checks: bool
    environments: bool


def mark_tenants(
    session: Session, row: Rollout, deployments: Sequence[Deployment], telling: Telling
) -> None:
    """Mark what GitHub should say of these tenants of a rollout as due."""
    for one in deployments:
        source = f"{DEPLOYMENT}:{row.id}/{one.tenant}"
        name = f"{row.id}/{one.tenant}"
        if telling.checks:
            check = Check(row.repository, row.sha, f"{CHECK_NAME}: {one.tenant}", name)
            due(session, check, source, rank=Rank.PROGRESS)
        if telling.environments and one.state in _STATES:
            sha = next((one.target[each] for each in row.services if each in one.target), row.sha)
            environment = Environment(row.repository, sha, one.tenant, name)
            due(session, environment, source, rank=Rank.PROGRESS)


def rendered(
    facts: DeploymentFacts, target: Check | Environment, annotations: tuple[Annotation, ...] = ()
) -> Rendered:
    """Render what is said of one tenant, in its check or in its environment."""
    if isinstance(target, Environment):
        state = _STATES.get(facts.state)
        said = DeploymentStatus(state, facts.reason or facts.state) if state else None
        return Rendered(said, facts.state.terminal)
    words = tenant_check(facts)
    run = target.saying(words, annotations=annotations)
    return Rendered(run, facts.state.terminal)
