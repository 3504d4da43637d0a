"""The two operations on a stack: changing it by a change set, and deleting it."""

import asyncio
import hashlib
import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, PrivateAttr

from resources.aws.cloudformation.change_set import ChangeSet, ChangeSetMaker, put_away
from resources.aws.cloudformation.changes import (
    Change,
    not_consented,
    not_consented_on_the_way_back,
)
from resources.aws.cloudformation.events import (
    WENT_WELL,
    end_of,
    events_of,
    failure,
    newest_event,
)
from resources.aws.cloudformation.outputs import CloudFormationFailed
from resources.aws.cloudformation.stack_state import (
    GONE,
    NOT_USABLE,
    ObservedStack,
    StackAddress,
)
from resources.aws.cloudformation.template import StackRequest
from resources.aws.failures import AwsFailed, asked
from resources.errors import IdentityBusy, Refused
from resources.library.way_back import goes
from resources.model.action import LongAction
from resources.model.pending import Pending
from resources.model.resource import CLOCKS_DIFFER


class Operation(BaseModel):
    """An operation that was begun on a stack, and the token that all its events carry."""

    model_config = ConfigDict(frozen=True)

    stack_id: str
    token: str


class StackOperation(LongAction):
    """Begins an operation on a stack, tells its events, and ends when it does."""

    repeatable: ClassVar[bool] = True
    """What was begun is found again by its token."""

    address: StackAddress
    looks_every: timedelta
    patience: timedelta
    _told: set[str] = PrivateAttr(default_factory=set)

    @property
    def check_every(self) -> timedelta:  # type: ignore[override]  # here it is an argument
        """How often the stack is looked at."""
        return self.looks_every

    async def check(self, handle: Operation | None) -> Pending | None:
        """Tell what happened since the last look; raises `CloudFormationFailed` at a bad end."""
        if handle is None:
            return None
        try:
            return await self._looked(handle)
        except AwsFailed as failed:
            if not failed.again:
                raise
            return Pending(progress=str(failed))  # the operation goes on all the same

    async def _looked(self, handle: Operation) -> Pending | None:
        events = await events_of(self.address, handle.stack_id, handle.token)
        for event in events:
            if event.id not in self._told:
                self._told.add(event.id)
                self.log(f"{event}\n")
        status = end_of(events)
        if status is None:
            return Pending()
        if status not in WENT_WELL:
            raise failure(self.address, status, events)
        return None

    def _token(self, act: str, *parts: str) -> str:
        """Answer a token of this run, by which an operation is found again."""
        return f"orbits-{_hash(self.address.unique, self.run_id)}-{act}-{_hash(*parts)}"

    async def _turn(self, act: str) -> ObservedStack | Operation | None:
        """Wait for the operations of others; answer the `act` that this run itself began."""
        ours = self._token(act).removesuffix(_hash())
        began, told = time.monotonic(), ""
        while (observed := await self.address.observed()) is not None and observed.in_progress:
            newest = await newest_event(self.address, observed.id)
            if newest is not None and newest.token.startswith(ours):
                self.log("Going on with what this run began before.\n")
                return Operation(stack_id=observed.id, token=newest.token)
            if time.monotonic() - began >= self.patience.total_seconds():
                raise IdentityBusy(
                    f"Somebody else works on the stack {self.address}: it is "
                    f"{observed.status}, and was waited for for {self.patience}. See who that is, "
                    "and retry when it is done. Nothing was changed."
                )
            if observed.status != told:
                self.log(f"Waiting for what goes on already: {observed.status}.\n")
                told = observed.status
            await asyncio.sleep(self.looks_every.total_seconds())
        return observed

    async def _begin_deletion(self, observed: ObservedStack) -> Operation:
        if observed.protected:
            raise Refused(
                f"The stack {self.address} is not deleted: it is protected from that. Say "
                "`termination_protection=False` and update it, or let AWS do so with "
                f"{self.address.command('update-termination-protection', _UNPROTECT)}; then "
                "uninstall it. Nothing was changed."
            )
        token = self._token("delete", observed.marker)
        client = await self.address.client()
        await asked(client.delete_stack, StackName=observed.id, ClientRequestToken=token)
        return Operation(stack_id=observed.id, token=token)


class DeployStack(StackOperation):
    """Bring a stack to what is requested, by a change set, where something changes.

    Without consent nothing is destroyed, but for what was created since the last success, and
    that on the way back. Whoever takes the run up finds the same success, and decides alike.
    """

    request: StackRequest
    consents_to_deletion: bool

    async def start(self) -> Operation | None:
        """Answer the operation that was begun, now or before a crash."""
        template = await self.request.read()
        observed = await self._turn("deploy")
        if isinstance(observed, Operation):
            return observed
        observed = await self._usable(observed)
        state = "new" if observed is None or observed.is_new else observed.marker
        name = self._token("deploy", self.request.fingerprint(template), state)
        values = dict(self.request.parameters)
        for key, secret in self.request.secrets.items():
            values[key] = await self.reveal(secret)
        maker = ChangeSetMaker(self.request, values, self.looks_every)
        change_set = await maker.made(name, template, observed)
        if change_set is None:
            self.log("There is nothing to change.\n")
            return None
        return await self._executed(change_set)

    async def _executed(self, change_set: ChangeSet) -> Operation:
        refusal = await self._refusal([each for each in change_set.changes if each.destroys])
        if refusal is not None:
            await put_away(self.address, change_set.name)
            raise refusal
        if change_set.execution == "OBSOLETE":
            await put_away(self.address, change_set.name)
            raise CloudFormationFailed(
                f"The change set of the stack {self.address} went stale: somebody else changed "
                "the stack since it was made. Nothing of it was done; retry."
            )
        if change_set.execution == "AVAILABLE":
            for change in change_set.changes:
                what = change.difference.desired or "removed"
                self.log(f"To do: {change.resource} ({change.kind}): {what}\n")
            client = await self.address.client()
            await asked(
                client.execute_change_set,
                StackName=self.address.name,
                ChangeSetName=change_set.name,
                ClientRequestToken=change_set.name,
            )
        return Operation(stack_id=change_set.stack_id, token=change_set.name)

    async def _refusal(self, destroying: Sequence[Change]) -> Refused | None:
        """Answer why the change set is not executed, where somebody must consent to that first."""
        if self.consents_to_deletion or not destroying:
            return None
        whole = self.scope.whole()
        if whole is None or not whole.goes_back:
            return not_consented(str(self.address), destroying)
        new, success = frozenset[str](), whole.last_success
        if success is not None:
            new = await self.address.created_since(success + CLOCKS_DIFFER)
        if rest := [change for change in destroying if change.resource not in new]:
            return not_consented_on_the_way_back(str(self.address), rest, success)
        for change in destroying:
            self.log(goes(f"{change.resource} ({change.kind})"))
        return None

    async def _usable(self, observed: ObservedStack | None) -> ObservedStack | None:
        """Delete what a first creation left that failed; refuse what a person must mend."""
        if observed is None or observed.status not in {*NOT_USABLE, *_NEEDS_A_PERSON}:
            return observed
        if observed.status in _NEEDS_A_PERSON:
            verb = _NEEDS_A_PERSON[observed.status]
            raise Refused(
                f"The stack {self.address} cannot be changed: it is {observed.status}. Look in its "
                "events at what failed, mend that, let AWS go on by "
                f"{self.address.command(verb)}, and retry. Nothing was changed."
            )
        self.log(f"The stack is {observed.status} since its first creation failed: deleting it.\n")
        deletion = await self._begin_deletion(observed)
        while isinstance(await self.check(deletion), Pending):  # noqa: ASYNC110 (AWS tells nobody)
            await asyncio.sleep(self.looks_every.total_seconds())
        return None


class DeleteStack(StackOperation):
    """Delete a stack, where there is one."""

    async def start(self) -> Operation | None:
        """Answer the deletion that was begun, now or before a crash."""
        observed = await self._turn("delete")
        if isinstance(observed, Operation):
            return observed
        return None if observed is None else await self._begin_deletion(observed)

    async def _looked(self, handle: Operation) -> Pending | None:
        observed = await self.address.observed(handle.stack_id)
        pending = await super()._looked(handle)
        # What is gone was deleted, by whomever.
        return None if observed is None or observed.status == GONE else pending


def _hash(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


_UNPROTECT = " --no-enable-termination-protection"
_NEEDS_A_PERSON: Mapping[str, str] = {
    "UPDATE_ROLLBACK_FAILED": "continue-update-rollback",
    "DELETE_FAILED": "delete-stack",
}
