"""How tenants are listed: a table for people, JSON for machines."""

from collections.abc import Callable, Sequence

from rich.table import Table

from bot.rollouts.moves import HeldBy
from bot.rollouts.overview import TenantOverview
from bot.rollouts.profiles.fields import EVERYONE
from bot.rollouts.profiles.variables import references_in, shown
from bot.store.tables import Hold

ALWAYS = {"Tenant", "Services"}
"""The columns that are there though they say nothing of anybody."""


def table_of(overview: Sequence[TenantOverview]) -> Table:
    """Answer what a person reads; a column that says nothing of anybody is left out."""
    cells = {heading: [cell(one) for one in overview] for heading, cell in _CELLS.items()}
    cells["Ring"] = cells["Ring"] if {*cells["Ring"]} != {EVERYONE} else []
    cells = {name: column for name, column in cells.items() if name in ALWAYS or any(column)}
    table = Table(*cells)
    for row in zip(*cells.values(), strict=True):
        table.add_row(*row)
    return table


def as_json_value(one: TenantOverview) -> dict[str, object]:
    """Answer what a machine reads; `references` names the variables that refer to a secret."""
    tenant = one.tenant
    return {
        "name": tenant.name,
        "ring": tenant.ring,
        "tags": tenant.tags,
        "services": tenant.services,
        "branches": tenant.branches,
        "variables": tenant.variables,
        "references": references_in(tenant.variables),
        "revisions": dict(one.revisions),
        "holds": [hold.model_dump(mode="json", exclude={"tenant"}) for hold in one.holds],
    }


_CELLS: dict[str, Callable[[TenantOverview], str]] = {
    "Tenant": lambda one: one.name,
    "Ring": lambda one: one.tenant.ring,
    "Tags": lambda one: ", ".join(one.tenant.tags),
    "Services": lambda one: ", ".join(one.tenant.services) or "all",
    "Revisions": lambda one: ", ".join(f"{name} {sha[:7]}" for name, sha in one.revisions.items()),
    "Tracks": lambda one: ", ".join(f"{name}={own}" for name, own in one.tenant.branches.items()),
    "Held": lambda one: _held(one.holds),
    "Variables": lambda one: ", ".join(shown(*each) for each in one.tenant.variables.items()),
}


def _held(holds: Sequence[Hold]) -> str:
    """Say what is held, and how; of what is held at nothing also by whom, and why."""
    services: dict[str, list[str]] = {}
    for hold in holds:
        services.setdefault(_how(hold), []).append(hold.service)
    return ", ".join(f"{' and '.join(names)} {how}" for how, names in services.items())


def _how(hold: Hold) -> str:
    word = "pinned" if hold.kind == HeldBy.PIN else "held"
    if hold.revision is None:
        return f"{word} by {hold.placed_by}: {hold.reason}"
    return f"{word} at {hold.revision[:7]}"
