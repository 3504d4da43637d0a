"""What is recorded of an identity when a command on it has succeeded."""

from typing import Any

from bot.engine.definitions.kinds import Wanted
from bot.engine.definitions.outcomes import Outcome
from bot.engine.journal.rows import Record
from resources.model.resource import Resource


def new_record(
    resource: Resource, wanted: Wanted, before: Record | None, outcome: Outcome
) -> dict[str, Any]:
    """Answer what is to be recorded of an identity after a command has succeeded."""
    record = {
        "identity": wanted.identity,
        "kind": wanted.kind,
        "installed_version": resource.version,
        "fingerprint": wanted.fingerprint,
        "arguments": wanted.arguments,
        "output": outcome.result,
        "settled": True,
    }
    if wanted.command == "install" and resource.defines("update"):
        # Half of what is desired: an update is still to come, and is what can be gone back to.
        kept = ("fingerprint", "arguments", "output")
        record |= {name: getattr(before, name, None) for name in kept} | {"settled": False}
    return record
