"""What `orbits.toml` says of drift, kept in the store: looks go by the clock, and not by events.

A tenant goes by the file of the service that what drifts belongs to, and its issue is in that
repository, unless the file names another.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import structlog
from sqlmodel import Session, col, select

from bot.engine.clock import Clock
from bot.github.door import GitHub
from bot.github.failures import FileNotReadable, GitHubFailed, RetryLater
from bot.rollouts.affected import TenantFacts
from bot.rollouts.policy.freezes import freeze_at
from bot.rollouts.policy.matching import reaches
from bot.rollouts.policy.policy import Policy
from bot.rollouts.policy.problems import PolicyRefused
from bot.rollouts.policy.reading import read_policy
from bot.rollouts.policy_file import policy_text
from bot.rollouts.rows import lookup
from bot.rollouts.tenants import profile_of
from bot.store.database import Database
from bot.store.tables import Deployed, KeptPolicy, Tenant
from resources.fleet import Service

log = structlog.get_logger(__name__)

AGAIN_AFTER = timedelta(minutes=10)
"""A file is read no more often than this."""


@dataclass(frozen=True)
class Ground:
    """Where the issue of a tenant's drift is, and the policy that it goes by."""

    repository: str
    policy: Policy


def ground_of(
    session: Session, services: Sequence[Service], tenant: str, paths: Iterable[str] = ()
) -> Ground:
    """Answer what a tenant goes by, of whom these paths differ."""
    home = _home(session, services, tenant, next(iter(paths), "")).repository
    policy = kept_policy(session, home)
    return Ground(policy.drift.repository or home, policy)


def kept_policy(session: Session, repository: str) -> Policy:
    """Answer the policy of a repository as it was read last; by default that without a file."""
    row = session.get(KeptPolicy, repository)
    try:
        return lookup.policy_in(row.text if row else "")
    except PolicyRefused:
        # It was kept by a release that could read it.
        return Policy()


def any_pauses_in_freezes(session: Session) -> bool:
    """Answer whether there is a policy by which freezes matter here."""
    repositories = session.exec(select(KeptPolicy.repository)).all()
    return any(kept_policy(session, each).drift.pause_in_freezes for each in repositories)


def ignored_paths(policy: Policy, tenant: TenantFacts) -> tuple[str, ...]:
    """Answer the globs of paths in a tenant whose differences nobody minds."""
    ignored = (each for each in policy.drift.ignore if reaches(each.tenants, tenant))
    return tuple(glob for each in ignored for glob in each.paths)


def is_frozen(policy: Policy, tenant: TenantFacts, now: datetime) -> bool:
    """Answer whether nobody is to look at a tenant because of a freeze."""
    return policy.drift.pause_in_freezes and freeze_at(policy, tenant, now) is not None


def facts_of(session: Session, tenant: str) -> TenantFacts | None:
    """Answer what a policy goes by of a tenant."""
    row = session.get(Tenant, tenant)
    return profile_of(row).facts(tenant) if row else None


async def refresh(
    database: Database, github: GitHub, clock: Clock, services: Sequence[Service]
) -> None:
    """Read again what was read long ago; what GitHub does not answer is left for the next time."""
    for repository, branch in {each.repository: each.branch for each in reversed(services)}.items():
        now = clock.now()
        before = await database.read(partial(_kept, repository))
        if before is not None and now - before.read_at < AGAIN_AFTER:
            continue
        try:
            after = await _read(github, repository, branch, before, now)
        except RetryLater as limited:
            log.info("policies_wait", problem=str(limited))
            return
        except GitHubFailed as failed:
            log.warning("policy_not_read", repository=repository, problem=str(failed))
            continue
        await database.write(partial(_keep, after))


def _kept(repository: str, session: Session) -> KeptPolicy | None:
    return session.get(KeptPolicy, repository)


def _keep(row: KeptPolicy, session: Session) -> None:
    session.merge(row)


async def _read(
    github: GitHub, repository: str, branch: str, before: KeptPolicy | None, now: datetime
) -> KeptPolicy:
    kept = before.text if before else ""
    try:
        text = await policy_text(github, repository, branch)
        read_policy(text)
    except (FileNotReadable, PolicyRefused) as unreadable:
        return KeptPolicy(repository=repository, text=kept, problem=str(unreadable), read_at=now)
    return KeptPolicy(repository=repository, text=text, read_at=now)


def _home(session: Session, services: Sequence[Service], tenant: str, path: str) -> Service:
    """Answer the service that a path belongs to, else the first one that the tenant has."""
    first = path.partition("/")[0]
    for service in services:
        if service.name == first:
            return service
    chosen = select(Deployed.service).where(col(Deployed.tenant) == tenant)
    has = set(session.exec(chosen))
    return next((each for each in services if each.name in has), services[0])
