"""What is said of a tenant whose stack was uninstalled: its services are held, at nothing."""

from bot.store.tables import Hold

LEAVES = "being uninstalled"
UNINSTALLED = "uninstalled"


def keeps_something(row: Hold) -> bool:
    """Answer whether anything would be lost with a hold: not where it holds what is gone."""
    return row.revision is not None or row.reason != UNINSTALLED
