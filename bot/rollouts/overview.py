"""What tenants have and what keeps them: for who looks at them, or would forget them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from bot.engine.identifiers import short
from bot.rollouts.profiles.profile import Profile
from bot.rollouts.rows import holds
from bot.rollouts.tenants import profile_of, rows_of
from bot.rollouts.uninstalled import keeps_something
from bot.states import LIVE
from bot.store.tables import Deployed, Deployment, Hold, Rollout, Run, Tenant


@dataclass(frozen=True)
class TenantOverview:
    """A tenant, the revision of each service that it has, and what keeps it there."""

    tenant: Tenant
    revisions: Mapping[str, str]
    holds: Sequence[Hold]

    @property
    def name(self) -> str:
        """What the tenant is called."""
        return self.tenant.name

    @property
    def profile(self) -> Profile:
        """What was said of it."""
        return profile_of(self.tenant)


def overview_of(session: Session, now: datetime) -> list[TenantOverview]:
    """Answer all tenants with what they have, in the order of their names."""
    revisions: dict[str, dict[str, str]] = {}
    for row in session.exec(select(Deployed).order_by(col(Deployed.service))):
        revisions.setdefault(row.tenant, {})[row.service] = row.revision
    held: dict[str, list[Hold]] = {}
    for hold in holds.holds_at(session, now):
        held.setdefault(hold.tenant, []).append(hold)
    return [
        TenantOverview(row, revisions.get(row.name, {}), held.get(row.name, ()))
        for row in rows_of(session)
    ]


def obstacles(session: Session, now: datetime, name: str) -> list[str]:
    """Say why a tenant should not be forgotten: somebody works on it, or something is held."""
    return [
        *(f"it is being uninstalled (run {short(run)})" for run in _uninstalls(session, name)),
        *(f"its deployment of {words} goes on" for words in going_on(session, name)),
        *(
            f"its {hold.service} is {holds.why_kept(hold)}"
            for hold in holds.holds_at(session, now, name)
            if keeps_something(hold)
        ),
    ]


def _uninstalls(session: Session, name: str) -> Sequence[str]:
    """Answer the runs that uninstall a tenant, or wait for their turn."""
    asked = (col(Run.identity) == f"deployment-{name}", col(Run.command) == "uninstall")
    return session.exec(select(Run.id).where(*asked, col(Run.state).in_(LIVE))).all()


def going_on(session: Session, name: str) -> list[str]:
    """Answer what is being deployed for a tenant, or is about to be."""
    chosen = (
        select(Rollout)
        .join(Deployment, col(Deployment.rollout_id) == col(Rollout.id))
        .where(col(Deployment.tenant) == name, col(Deployment.state).in_(LIVE))
        .order_by(col(Rollout.number))
    )
    return [
        f"{' and '.join(row.services)} → {row.sha[:7]}"
        + (f" ({row.repository}#{row.pull_request})" if row.pull_request else "")
        for row in session.exec(chosen)
    ]
