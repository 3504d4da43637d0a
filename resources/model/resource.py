"""Things with an identity that are brought to a state, and kept there."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, JsonValue

from resources.errors import HookNotDefined
from resources.model.definition import Steps

CLOCKS_DIFFER = timedelta(seconds=10)
"""What one machine dates this shortly after another's moment may have been before it.

Machines of a fleet keep time by NTP, as AWS does: they are seldom a second apart.
"""


class Severity(StrEnum):
    """How much a difference matters to whoever is called about it."""

    NOTICE = "notice"
    WARNING = "warning"
    CRITICAL = "critical"


class Difference(BaseModel):
    """One field in which the observed world is not the desired one.

    `path` names the field, such as `files/app.conf`; a side that does not exist is `None`.
    """

    model_config = ConfigDict(frozen=True)

    path: str
    desired: JsonValue
    observed: JsonValue
    severity: Severity = Severity.WARNING


class Plan(BaseModel):
    """What a command would do, before it is done. `destructive`: data would be lost."""

    model_config = ConfigDict(frozen=True)

    changes: tuple[Difference, ...] = ()
    destructive: bool = False


class Resource(Steps):
    """A thing in the world, told apart by its identity, brought to the state its arguments say.

    One command works on an identity at a time, in the whole fleet; the same command asked
    for twice at once is done once. What was last brought about is recorded, and a resource
    whose class version and arguments equal it is skipped, its recorded output answered; but not
    one in which a cycle has found differences since.
    """

    version: ClassVar[int] = 1
    """Raise it when `define_install` must run again on what is installed already.

    It also runs again where a cycle has found differences: what was installed may be gone.
    """

    cycle_every: ClassVar[timedelta | None] = timedelta(hours=1)
    """How often a tenant's stack of this class is looked at for drift; `None` is never."""

    ignores: ClassVar[tuple[str, ...]] = ()
    """Globs of paths in whose differences nobody is interested, such as `files/*.log`."""

    queued: ClassVar[bool] = False
    """Whether a `do` hands it to the queue, for any worker to carry out: the unit of distribution.

    What it is made of is carried out where it is, and whoever waits for it occupies no place.
    """

    def identity(self) -> str:
        """Answer which thing this is; equal identities are one thing, shared by all who do it."""
        raise NotImplementedError(f"{type(self).__name__} defines no identity()")

    def lanes(self) -> tuple[str, ...]:
        """Answer what it shares with others, as `kind:name`, such as `account:1234`.

        Where the operator limits a kind, no more queued runs than that go on at once with
        the same lane. It counts for a run of the queue, not for what is nested in it.
        """
        return ()

    def digest(self) -> str:
        """Answer the command that a plain `do` runs; `update` also installs where needed."""
        return "update"

    async def output(self) -> Any:
        """Answer what others may know of the resource; asked after each successful command.

        Its annotation is how the recorded output is read back.
        """
        return None

    async def intact(self) -> bool:
        """Answer whether what was recorded still holds, before it is skipped.

        Asked again where a run goes on after a crash or by `retry`: what it had brought about may
        be gone, or on another machine, and is brought about anew.

        For checks of a few milliseconds, such as whether a folder is there; anything dearer
        belongs in `define_cycle`.
        """
        return True

    def last_good(self) -> Self | None:
        """Answer this resource as it was last brought about with success, or `None`.

        Known while it runs, and the same throughout the run.
        """
        arguments = self.scope.last_good()
        return None if arguments is None else type(self).model_validate(arguments)

    def last_success(self) -> datetime | None:
        """Answer when all that this run is part of was last brought about with success.

        That is the success of the outermost resource, such as a tenant's stack, or this one where
        nobody asked for it; a success of what is nested in it does not count. `None` where it
        never succeeded. What came into being since then was never part of anything that works.
        Known while it runs, and the same throughout the run. Whoever compares times of other
        machines with it adds `CLOCKS_DIFFER`.
        """
        whole = self.scope.whole()
        return whole.last_success if whole else None

    def goes_back(self) -> bool:
        """Answer whether this run is a rollback, or part of one, whatever it was asked for."""
        whole = self.scope.whole()
        return whole is not None and whole.goes_back

    async def define_install(self) -> None:
        """Bring it about for the first time, and again when `version` changes."""
        raise self._lacks("install")

    async def define_update(self) -> None:
        """Bring what is installed to the state that the arguments say."""
        raise self._lacks("update")

    async def define_rollback(self) -> None:
        """Go back to the state that the arguments say; these were brought about before."""
        await self.define_update()

    async def define_uninstall(self) -> None:
        """Remove it from the world."""
        raise self._lacks("uninstall")

    async def define_cycle(self) -> list[Difference]:
        """Observe the world and answer where it differs from the arguments, changing nothing."""
        raise self._lacks("cycle")

    async def define_plan(self) -> Plan:
        """Answer what `define_update` would do, changing nothing."""
        raise self._lacks("plan")

    @classmethod
    def defines(cls, command: str) -> bool:
        """Answer whether the class itself says how to carry out `command`."""
        hook = getattr(cls, f"define_{command}", None)
        return hook is not None and hook is not getattr(Resource, f"define_{command}", None)

    def _lacks(self, command: str) -> HookNotDefined:
        return HookNotDefined(
            f"{self.identity()} cannot be asked to {command}: its class {type(self).__name__} "
            f"defines no `define_{command}`. Nothing was changed."
        )
