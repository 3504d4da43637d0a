"""Whether a rehearsal's world still has what was brought about, as the resource itself answers."""

from collections.abc import Callable

from resources.model.resource import Resource
from resources.model.values import SKIPPABLE
from resources.testing.journal import Record, Wanted


def holds(record: Record | None, wanted: Wanted) -> bool:
    """Answer whether what a command would bring about is what was last brought about."""
    same = record is not None and record.settled and record.fingerprint == wanted.fingerprint
    return same and wanted.command in SKIPPABLE


async def is_intact(resource: Resource, log: Callable[[str], None] | None) -> bool:
    """Answer whether it is all there; where that cannot be told, it is not."""
    try:
        return await resource.intact()
    except Exception as error:  # noqa: BLE001 (as the bot does: what is not known is done)
        if log is not None:
            log(f"It is not known whether {resource.identity()} is intact: {error}\n")
        return False
