"""Which hooks of a definition a command is made of."""

from collections.abc import Awaitable, Callable
from typing import Any

from bot.engine.definitions.kinds import Wanted
from bot.engine.definitions.outcomes import Outcome
from bot.engine.journal.rows import Record
from resources.errors import HookNotDefined, NoWayBack
from resources.model.resource import Resource


async def carry_out_hooks(resource: Resource, wanted: Wanted, record: Record | None) -> Any:
    """Call the hooks that the command is made of, and answer its result."""
    match wanted.command:
        case "update":
            await _install_and_update(resource, wanted, record)
        case "install":
            await resource.define_install()
        case "rollback":
            await _roll_back(resource, record)
        case command:
            return await _own_command(resource, command)()
    return await resource.output()


async def _install_and_update(resource: Resource, wanted: Wanted, record: Record | None) -> None:
    new = record is None or record.installed_version != resource.version
    updates, installs = resource.defines("update"), resource.defines("install")
    same_arguments = record is None or record.fingerprint in {None, wanted.fingerprint}
    if installs and (new or (same_arguments and not updates)):
        await resource.define_install()
        if not updates:
            return
    await resource.define_update()


async def _roll_back(resource: Resource, record: Record | None) -> None:
    if record is None or record.arguments is None:
        raise NoWayBack(
            f"{resource.identity()} cannot be rolled back: it was never brought about with "
            "success, so there is nothing to go back to. Nothing was changed."
        )
    if not (resource.defines("rollback") or resource.defines("update")):
        raise NoWayBack(
            f"{resource.identity()} cannot be rolled back: its class {type(resource).__name__} "
            "defines no `define_rollback` and no `define_update`. Nothing was changed."
        )
    await resource.define_rollback()


def _own_command(resource: Resource, command: str) -> Callable[[], Awaitable[Any]]:
    hook: Callable[[], Awaitable[Any]] | None = getattr(resource, f"define_{command}", None)
    if hook is None:
        known = sorted(
            name.removeprefix("define_") for name in dir(resource) if name.startswith("define_")
        )
        raise HookNotDefined(
            f"{resource.identity()} knows no command `{command}`; it knows {', '.join(known)}. "
            "Nothing was changed."
        )
    return hook


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
