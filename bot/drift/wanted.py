"""What a tenant's stack should be: what is recorded of it, holds and pins included."""

from collections.abc import Collection

from sqlalchemy import bindparam, exists
from sqlmodel import Session, col, select

from bot.engine.journal.statements import live
from bot.rollouts.policy.order import stages
from bot.rollouts.rows import lookup
from bot.store.tables import Deployed, Rollout, Run, Tenant
from resources.fleet import Desired

_HAS = (
    select(Deployed.service, Deployed.revision, Deployed.variables, Deployed.rollout_id)
    .join(Tenant, col(Tenant.name) == col(Deployed.tenant))
    .where(col(Deployed.tenant) == bindparam("tenant"))
    .order_by(col(Deployed.updated_at), col(Deployed.service))
)

_BUSY = (
    select(Run.id)
    .where(col(Run.identity) == bindparam("turn"), col(Run.id) != bindparam("but"), live(Run))
    .limit(1)
)


def desired_of(session: Session, tenant: str) -> Desired | None:
    """Answer the recorded revisions, with the variables that they were brought about with.

    `None` where the tenant is gone, or has nothing. A service that is held back is recorded at
    what it is held at, so that a look does not mind that there is a newer one.
    """
    has = session.connection().execute(_HAS, {"tenant": tenant}).all()
    if not has:
        return None
    revisions = {service: revision for service, revision, *_ in has}
    # Each deployment brings the whole stack about with the variables of then.
    *_, variables, rollout_id = has[-1]
    return Desired(
        tenant=tenant,
        revisions=revisions,
        variables=variables,
        stages=_stages(session, rollout_id, revisions),
        put_back=False,
    )


def is_desired(session: Session, desired: Desired) -> bool:
    """Answer whether this is what is recorded of a tenant still."""
    has = session.connection().execute(_HAS, {"tenant": desired.tenant}).all()
    revisions = {service: revision for service, revision, *_ in has}
    return bool(has) and (revisions, has[-1][2]) == (desired.revisions, desired.variables)


def is_busy(session: Session, tenant: str, but: str | None = None) -> bool:
    """Answer whether a deployment or a repair of a tenant goes on, or waits for its turn.

    One run does not count, where it is named.
    """
    asked = {"turn": turn_of(tenant), "but": but or ""}
    return session.connection().execute(_BUSY, asked).first() is not None


def busy_ones(session: Session, tenants: Collection[str]) -> set[str]:
    """Answer those of the tenants to whom something is deployed."""
    names = {turn_of(tenant): tenant for tenant in tenants}
    chosen = select(Run.identity).where(col(Run.identity).in_(list(names)), live(Run))
    return {names[identity] for identity in session.exec(chosen)}


def turn_of(tenant: str) -> str:
    """Answer the identity that all share who change a tenant's stack, so that they take turns."""
    return f"deployment-{tenant}"


def with_something(session: Session, unless_known: type) -> list[str]:
    """Answer the tenants that have something and of whom a table with `tenant` knows nothing."""
    known = exists().where(unless_known.tenant == col(Deployed.tenant))  # type: ignore[attr-defined]
    chosen = select(Deployed.tenant).join(Tenant, col(Tenant.name) == col(Deployed.tenant))
    return list(session.exec(chosen.where(~known).distinct().order_by(col(Deployed.tenant))))


def _stages(
    session: Session, rollout_id: str | None, revisions: dict[str, str]
) -> tuple[tuple[str, ...], ...]:
    """Answer the order of the services that the last rollout went by, if it said any."""
    if rollout_id is None or len(revisions) == 1:
        return ()
    text = session.exec(select(Rollout.policy).where(col(Rollout.id) == rollout_id)).first()
    policy = lookup.policy_in(text or "")
    if not any(each.after for each in policy.services.values()):
        return ()
    return stages(policy, revisions)
