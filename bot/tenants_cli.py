"""`orbits tenants`: the rows of tenants, for people and for machines."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from rich.console import Console
from rich.table import Table

from bot.engine.clock import SystemClock
from bot.rollouts.tenants import TenantOverview, Tenants
from bot.settings import StoreSettings, read_settings
from bot.store import schema
from bot.store.database import Database
from bot.store.tables import Tenant
from resources.errors import Refused

T = TypeVar("T")


def print_tenants(*, as_json: bool) -> None:
    """Print every tenant with its revisions."""
    overview = _with_tenants(lambda tenants: tenants.overview())
    if as_json:
        json.dump([_as_json(one) for one in overview], sys.stdout, indent=2)
        sys.stdout.write("\n")
    else:
        Console().print(_table(overview))


def add(name: str, variables: Sequence[str], tags: Sequence[str], services: Sequence[str]) -> None:
    """Add a tenant; raises `Refused`."""
    tenant = Tenant(
        name=name,
        variables=dict(_variable(text) for text in variables),
        tags=sorted(set(tags)),
        services=sorted(set(services)),
    )
    _with_tenants(lambda tenants: tenants.add(tenant))
    sys.stdout.write(
        f"Added the tenant {name}; it gets each of its services with that service's next merge.\n"
    )


def remove(name: str) -> None:
    """Forget a tenant; raises `Refused`."""
    _with_tenants(lambda tenants: tenants.remove(name))
    sys.stdout.write(f"Forgot the tenant {name}; what was deployed for it is left as it is.\n")


def _with_tenants(work: Callable[[Tenants], Awaitable[T]]) -> T:
    async def open_and_work() -> T:
        database = Database(read_settings(StoreSettings).database_url)
        schema.upgrade(database.engine)
        async with database:
            return await work(Tenants(database, SystemClock()))

    return asyncio.run(open_and_work())


def _variable(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.isidentifier():
        raise Refused(f"`{text}` is no variable: write name=value. Nothing was added.")
    return name, value


def _as_json(one: TenantOverview) -> dict[str, object]:
    tenant = one.tenant
    return {
        "name": tenant.name,
        "tags": tenant.tags,
        "services": tenant.services,
        "variables": tenant.variables,
        "revisions": dict(one.revisions),
    }


def _table(overview: Sequence[TenantOverview]) -> Table:
    table = Table("Tenant", "Services", "Revisions", "Tags", "Variables")
    for one in overview:
        table.add_row(
            one.tenant.name,
            ", ".join(one.tenant.services) or "all",
            ", ".join(f"{service} {sha[:7]}" for service, sha in one.revisions.items()),
            ", ".join(one.tenant.tags),
            ", ".join(f"{name}={value}" for name, value in one.tenant.variables.items()),
        )
    return table
