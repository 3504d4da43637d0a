"""What the store keeps under a tenant's name that no row of the tenant itself speaks of."""

import json

from sqlalchemy import func
from sqlmodel import Session, col, select

from bot.store.tables import Recorded, Tenant, TerraformState


def recorded_of(session: Session, tenant: str) -> list[str]:
    """Answer the identities of what was brought about for a tenant of that name and not removed.

    These are resources whose arguments name the tenant, what is called after one of those, and
    states of Terraform that end in its name; the bot's own are left out.
    """
    own = _named_by_arguments(session, tenant)
    called_so = col(Recorded.identity).endswith(f"-{tenant}", autoescape=True)
    recorded = session.exec(select(Recorded.identity).where(called_so))
    parts = {name for name in recorded if any(name.endswith(f"-{each}") for each in own)}
    states = _states(session, tenant)
    return sorted({*own, *parts, *states} - {f"deployment-{tenant}"})


def _named_by_arguments(session: Session, tenant: str) -> set[str]:
    # The text narrows it down, for there is no index; what it means is decided by reading it.
    told = col(Recorded.arguments).contains(f'"tenant":"{tenant}"', autoescape=True)
    rows = session.exec(select(Recorded.identity, Recorded.arguments).where(told))
    return {name for name, said in rows if json.loads(said or "{}").get("tenant") == tenant}


def _states(session: Session, tenant: str) -> set[str]:
    """Answer the states that are not empty, but for those of tenants with a longer name."""
    newest = func.max(TerraformState.version)
    called_so = col(TerraformState.identity).endswith(f"-{tenant}", autoescape=True)
    by_identity = select(TerraformState.identity, newest).where(called_so)
    longer = col(Tenant.name).endswith(f"-{tenant}", autoescape=True)
    others = session.exec(select(Tenant.name).where(longer)).all()
    return {
        name
        for name, version in session.exec(by_identity.group_by(col(TerraformState.identity)))
        if session.get_one(TerraformState, (name, version)).body
        and not any(name.endswith(f"-{other}") for other in others)
    }
