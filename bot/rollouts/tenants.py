"""The tenants as rows: who they are, and which revisions they have."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from sqlmodel import Session, col, delete, select

from bot.engine.clock import Clock
from bot.store.database import Database
from bot.store.tables import Deployed, Tenant
from resources.errors import Refused

_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


@dataclass(frozen=True)
class TenantOverview:
    """A tenant, and the revision of each service that it has."""

    tenant: Tenant
    revisions: Mapping[str, str]


class Tenants:
    """The clients of an agency."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def add(self, tenant: Tenant) -> None:
        """Add a tenant; raises `Refused` where its name is taken, or is none."""
        if not _NAME.fullmatch(tenant.name):
            raise Refused(
                f"`{tenant.name}` is no name for a tenant: use at most 63 small letters, digits "
                "and hyphens, such as `acme`. Nothing was added."
            )
        await self._database.write(lambda session: self._add(session, tenant))

    async def remove(self, name: str) -> None:
        """Forget a tenant; what was deployed for it stays as it is. Raises `Refused`."""
        await self._database.write(lambda session: _remove(session, name))

    async def overview(self) -> list[TenantOverview]:
        """Answer all tenants with what they have, in the order of their names."""
        return await self._database.read(_overview)

    async def has(self, tenant: str, revisions: Mapping[str, str]) -> None:
        """Record that a tenant was brought to revisions outside any rollout."""
        await self._database.write(lambda session: self._has(session, tenant, revisions))

    def _add(self, session: Session, tenant: Tenant) -> None:
        if session.get(Tenant, tenant.name) is not None:
            raise Refused(f"There is a tenant `{tenant.name}` already. Nothing was added.")
        tenant.created_at = self._clock.now()
        session.add(tenant)

    def _has(self, session: Session, tenant: str, revisions: Mapping[str, str]) -> None:
        now = self._clock.now()
        for service, revision in revisions.items():
            row = Deployed(tenant=tenant, service=service, revision=revision, updated_at=now)
            session.merge(row)


def _remove(session: Session, name: str) -> None:
    tenant = session.get(Tenant, name)
    if tenant is None:
        known = ", ".join(session.exec(select(Tenant.name).order_by(col(Tenant.name)))) or "none"
        raise Refused(f"There is no tenant `{name}`; there are: {known}. Nothing was removed.")
    session.delete(tenant)
    session.exec(delete(Deployed).where(col(Deployed.tenant) == name))


def _overview(session: Session) -> list[TenantOverview]:
    revisions: dict[str, dict[str, str]] = {}
    for row in session.exec(select(Deployed).order_by(col(Deployed.service))):
        revisions.setdefault(row.tenant, {})[row.service] = row.revision
    tenants = session.exec(select(Tenant).order_by(col(Tenant.name)))
    return [TenantOverview(tenant, revisions.get(tenant.name, {})) for tenant in tenants]
