"""One run's work on a module: planned, applied as planned, and what was left undone handed in."""

import asyncio
import shutil
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

from resources.errors import IdentityBusy, OrbitsError, Refused
from resources.library.terraform.command import CHANGES, Ended, Terraform
from resources.library.terraform.events import Change
from resources.library.terraform.outputs import Serial, serial_of

STALE = ("Saved plan is stale", "Saved plan does not match the given state")
"""The second is about one that was made when there was no state yet."""

PLAN = "orbits.tfplan"
_FIRST_LOOK = timedelta(seconds=0.5)
_LAST_LOOK = timedelta(seconds=10)


class PlanWentStale(OrbitsError):
    """A plan is not applied, as the state is not the one that it was made on."""


@dataclass(frozen=True)
class MadePlan:
    """A plan in a file, good for one state of one module, and for nothing after that."""

    file: Path
    identity: str
    changes: tuple[Change, ...]
    pending: bool
    """Whether there is something to do, be it in the outputs only."""

    @property
    def destroyed(self) -> list[Change]:
        """What would go."""
        return [change for change in self.changes if change.destroys]

    @property
    def imported(self) -> list[str]:
        """The addresses of what would be taken over, as it is there already."""
        return [change.address for change in self.changes if change.imported]


@dataclass(frozen=True)
class Work:
    """Terraform on one state, as long as one command of a resource goes on.

    `state` answers which state there is now. Where others hold its lock, the run waits for as
    long as `patience` lasts, and says for whom.
    """

    terraform: Terraform
    state: Callable[[], Awaitable[Serial]]
    patience: timedelta

    async def plan(self, *options: str) -> MadePlan:
        """Answer what is to be done; the plan's file may hold secrets, and goes with the folder.

        It locks nothing: to apply it is to wait for the lock, and to find out under it whether
        the state is still the one that the plan was made on.
        """
        file = self.terraform.folder / PLAN
        ended = await self.looked(f"-out={file}", *options)
        return MadePlan(
            file=file,
            identity=self.terraform.identity,
            changes=tuple(ended.events.changes),
            pending=ended.status == CHANGES,
        )

    async def looked(self, *options: str) -> Ended:
        """Plan for whoever wants to know: it locks nothing, as nothing is written."""
        arguments = ("-json", "-detailed-exitcode", "-lock=false", *options)
        return await self.terraform.run("plan", *arguments)

    async def apply(self, plan: MadePlan) -> None:
        """Do what was planned, and nothing else; raises `PlanWentStale`, having done nothing.

        Terraform itself refuses a plan that was made on another state, under the state's lock.
        """
        try:
            ended = await self._attempted("apply", "-json", str(plan.file))
        finally:
            plan.file.unlink(missing_ok=True)
        if ended.events.failed_for(*STALE):
            raise _went_stale(plan, await self.state())
        if not ended.well:
            raise self.terraform.failure("apply", ended)

    async def hand_in(self, errored: Path) -> None:
        """Hand in a state that an earlier run could not; one that is outdated is put aside.

        Where that fails it stays where it is, and nothing else is done: without it, what it
        names would be made a second time. Raises `Refused` where the file is no whole state.
        """
        content, now = await asyncio.to_thread(errored.read_bytes), await self.state()
        try:
            left = serial_of(content)
        except ValueError:
            # The error itself may quote the state, and what is secret in it.
            raise _cut_short(self.terraform, errored, len(content)) from None
        if now.lineage and (left.lineage != now.lineage or left.serial <= now.serial):
            aside = errored.with_name(f"outdated-{uuid4().hex}.tfstate")
            await asyncio.to_thread(errored.rename, aside)
            self.terraform.log(
                f"A state that an earlier run left has the serial {left.serial}, and there is "
                f"{now.serial} by now: it is not handed in, and is in {aside}.\n"
            )
            return
        await self._patiently("state", "push", "-no-color", str(errored))
        self.terraform.log("Handed in the state that an earlier run could not.\n")
        await asyncio.to_thread(shutil.rmtree, errored.parent, ignore_errors=True)

    async def _patiently(self, *arguments: str) -> Ended:
        ended = await self._attempted(*arguments)
        if not ended.well:
            raise self.terraform.failure(arguments[0], ended)
        return ended

    async def _attempted(self, *arguments: str) -> Ended:
        """Run a command until nobody else holds the lock, or patience is at its end."""
        began, told, pause = time.monotonic(), "", _FIRST_LOOK
        while True:
            ended = await self.terraform.attempt(*arguments)
            held = ended.events.locked_by
            if ended.well or held is None:
                return ended
            if time.monotonic() - began >= self.patience.total_seconds():
                raise IdentityBusy(
                    f"The state of {self.terraform.identity} is locked by {held}, and "
                    f"`{arguments[0]}` has waited for it for {self.patience}. Nothing was changed; "
                    "see what that run does, and retry."
                )
            if held != told:
                self.terraform.log(f"Waiting for the state, which is locked by {held}.\n")
                told = held
            await asyncio.sleep(pause.total_seconds())
            pause = min(2 * pause, _LAST_LOOK)


def _cut_short(terraform: Terraform, errored: Path, size: int) -> Refused:
    return Refused(
        f"{terraform.identity} is not worked on: an earlier run could not hand its state in, and "
        f"what it left in {errored} is no whole state ({size:,} bytes). What that run made may be "
        "named nowhere else, and would be made a second time. Look at the file: hand in what is "
        f"right of it with `{terraform.binary} state push`, or remove it where nothing is missing, "
        "and retry. Nothing was changed."
    )


def _went_stale(plan: MadePlan, now: Serial) -> PlanWentStale:
    return PlanWentStale(
        f"The plan of {plan.identity} went stale: its state was changed since, and has the serial "
        f"{now.serial} by now. Nothing of it was applied; look who else works on this state, and "
        "retry."
    )
