"""The way back: to which revisions and variables each tenant of a rollout would go."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session

from bot.report.suggestions import in_code
from bot.rollouts.rows import lookup
from bot.states import State
from bot.store.tables import Deployed, Deployment


@dataclass(frozen=True)
class WayBack:
    """To what one tenant would go back: the revision of each service, and its variables."""

    tenant: str
    target: Mapping[str, str]
    has: Mapping[str, str]
    variables: Mapping[str, Any]


@dataclass(frozen=True)
class NoWay:
    """A tenant that stays as it is, and why, in a few words."""

    tenant: str
    why: str


def ways_back(
    session: Session,
    deployments: Iterable[Deployment],
    services: Collection[str],
    to: str | None = None,
) -> tuple[list[WayBack], list[NoWay]]:
    """Answer how each tenant that one of these deployments moved goes back.

    It goes to what it had before, or to the commit `to`, which may be any.
    """
    ways: list[WayBack] = []
    stays: list[NoWay] = []
    has = lookup.deployed_of(session, services)
    for deployment in deployments:
        match _way_back(deployment, services, has.get(deployment.tenant, {}), to):
            case WayBack() as way:
                ways.append(way)
            case NoWay() as none:
                stays.append(none)
    return ways, stays


def _way_back(
    deployment: Deployment,
    services: Collection[str],
    has: Mapping[str, Deployed],
    to: str | None,
) -> WayBack | NoWay:
    tenant = deployment.tenant
    if not _was_moved(deployment):
        return NoWay(tenant, _not_moved(deployment))
    moved = [name for name in deployment.desired["services"] if name in services]
    succeeded = deployment.state == State.SUCCEEDED
    had = moved if succeeded else [name for name in moved if name in deployment.before]
    gone = [name for name in had if name not in has]
    if gone:
        return NoWay(tenant, f"has no {_and(gone)} any more")
    since = [name for name in moved if succeeded and has[name].rollout_id != deployment.rollout_id]
    first = [name for name in moved if name not in deployment.before]
    if not moved:
        return NoWay(tenant, "got none of these services")
    if since and to is None:
        return NoWay(tenant, f"got {_and(since)} from a newer rollout since: roll that back first")
    if first and to is None:
        return NoWay(tenant, f"had no {_and(first)} before")
    return WayBack(
        tenant=tenant,
        target={name: to or deployment.before[name] for name in moved},
        has={name: has[name].revision for name in moved if name in has},
        variables=deployment.variables_before,
    )


def _was_moved(deployment: Deployment) -> bool:
    """Answer whether it was brought to its target, or may stand somewhere on the way."""
    left_so = deployment.state in {State.FAILED, State.CANCELLED} and not deployment.rolled_back
    began = bool(deployment.desired)
    return deployment.state == State.SUCCEEDED or (left_so and began and bool(deployment.before))


def _not_moved(deployment: Deployment) -> str:
    if deployment.state == State.RUNNING:
        return "being deployed to just now: `/orbits cancel` it, or wait"
    if deployment.state in {State.FAILED, State.CANCELLED} and deployment.desired:
        was = "put back already" if deployment.rolled_back else "nothing to go back to"
        return f"{was}; `/orbits retry` tries again"
    if deployment.state == State.ROLLED_BACK:
        return "rolled back already"
    return f"not moved: {deployment.state}"


def _and(names: list[str]) -> str:
    return " and ".join(map(in_code, names))
