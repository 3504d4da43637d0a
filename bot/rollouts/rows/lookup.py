"""Finding rows of rollouts, and marking what people should read as due."""

from collections.abc import Collection, Iterable
from functools import lru_cache

from sqlalchemy import func, or_
from sqlmodel import Session, col, select

from bot.rollouts import notices
from bot.rollouts.policy.policy import Policy, RolloutPolicy
from bot.rollouts.policy.reading import read_policy
from bot.rollouts.policy.together import policy_of
from bot.rollouts.tenant_notices import MOST_CHECKS, Telling, mark_tenants
from bot.store.tables import Deployed, Deployment, Rollout
from resources.errors import OrbitsError


class RolloutNotFound(OrbitsError):
    """A rollout was asked for that the store does not have."""


def rollout(session: Session, rollout_id: str) -> Rollout:
    """Answer a rollout; raises `RolloutNotFound`."""
    found = session.get(Rollout, rollout_id)
    if found is None:
        raise RolloutNotFound(f"There is no rollout {rollout_id} in the store.")
    return found


def rollouts_of(session: Session, repository: str, pull_request: int) -> list[Rollout]:
    """Answer the rollouts of a pull request, the oldest first."""
    chosen = select(Rollout).where(
        func.lower(col(Rollout.repository)) == repository.lower(),
        col(Rollout.pull_request) == pull_request,
    )
    return list(session.exec(chosen.order_by(col(Rollout.number))))


def deployments(session: Session, rollout_id: str) -> list[Deployment]:
    """Answer the deployments of a rollout, in the order in which they go."""
    chosen = select(Deployment).where(col(Deployment.rollout_id) == rollout_id)
    return list(session.exec(chosen.order_by(col(Deployment.wave), col(Deployment.tenant))))


def newest_of(session: Session, rows: Iterable[Rollout]) -> dict[str, Deployment]:
    """Answer the deployment of each tenant by the newest rollout of some, the oldest first."""
    return {one.tenant: one for row in rows for one in deployments(session, row.id)}


def deployed(session: Session, tenant: str) -> list[Deployed]:
    """Answer what a tenant has, by service; what changed last comes last."""
    chosen = select(Deployed).where(col(Deployed.tenant) == tenant)
    return list(session.exec(chosen.order_by(col(Deployed.updated_at), col(Deployed.service))))


def deployed_of(session: Session, services: Collection[str]) -> dict[str, dict[str, Deployed]]:
    """Answer what every tenant has of these services, by tenant and service."""
    has: dict[str, dict[str, Deployed]] = {}
    for row in session.exec(select(Deployed).where(col(Deployed.service).in_(services))):
        has.setdefault(row.tenant, {})[row.service] = row
    return has


def care_of(row: Rollout) -> RolloutPolicy:
    """Answer how careful a rollout is."""
    return policy_of(policy_in(row.policy), row.services)


@lru_cache(maxsize=64)
def policy_in(text: str) -> Policy:
    """Read an `orbits.toml` that was accepted when the rollout began."""
    return read_policy(text)


def newer_on(session: Session, tenant: str, row: Rollout) -> dict[str, str]:
    """Answer the services that the tenant has at a newer commit, with that commit in short.

    A rollout that began later brought an older one where this one's commit holds it.
    """
    newer = or_(col(Rollout.number) > row.number, col(Deployed.revision).in_(row.contained_in))
    chosen = (
        select(Deployed.service, Deployed.revision, Rollout)
        .outerjoin(Rollout, col(Deployed.rollout_id) == col(Rollout.id))
        .where(col(Deployed.tenant) == tenant, newer)
    )
    return {
        service: sha[:7]
        for service, sha, brought_by in session.exec(chosen)
        if brought_by is None or row.sha not in brought_by.contained_in
    }


def mark(session: Session, rollout_id: str, *changed: Deployment, awaited: bool = False) -> None:
    """Mark what is told of a rollout as due, and of those tenants of whom something changed."""
    row = rollout(session, rollout_id)
    notices.mark(session, row, awaited=awaited)
    if changed:
        of_rollout = select(func.count()).where(col(Deployment.rollout_id) == rollout_id)
        few = session.exec(of_rollout).one() <= MOST_CHECKS
        mark_tenants(session, row, changed, Telling(few, care_of(row).deployments))
