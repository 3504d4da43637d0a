"""Which hooks of a resource a command is made of."""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from resources.errors import HookNotDefined, NoWayBack
from resources.model.resource import Resource


class BroughtAbout(Protocol):
    """What was last brought about on an identity, as far as a command depends on it."""

    @property
    def installed_version(self) -> int | None:
        """The version of the class that installed it."""

    @property
    def fingerprint(self) -> str | None:
        """What tells its class, version and arguments apart from others."""

    @property
    def arguments(self) -> str | None:
        """What it was brought about with, as JSON; `None` where that has not succeeded yet."""


async def carry_out_hooks(
    resource: Resource, command: str, fingerprint: str, record: BroughtAbout | None
) -> Any:
    """Call the hooks that the command is made of, and answer its result."""
    match command:
        case "update":
            await _install_and_update(resource, fingerprint, record)
        case "install":
            await resource.define_install()
        case "rollback":
            await _roll_back(resource, record)
        case _:
            return await _own_command(resource, command)()
    return await resource.output()


async def _install_and_update(
    resource: Resource, fingerprint: str, record: BroughtAbout | None
) -> None:
    new = record is None or record.installed_version != resource.version
    updates, installs = resource.defines("update"), resource.defines("install")
    same_arguments = record is None or record.fingerprint in {None, fingerprint}
    if installs and (new or (same_arguments and not updates)):
        await resource.define_install()
        if not updates:
            return
    await resource.define_update()


async def _roll_back(resource: Resource, record: BroughtAbout | None) -> None:
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
