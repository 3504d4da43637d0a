"""moto's CloudFormation, with what it lacks of AWS's: time, outputs, failures, rollback, drift."""

from collections.abc import Callable
from datetime import datetime
from threading import Event
from types import SimpleNamespace
from typing import Any, ClassVar
from uuid import uuid4

from moto.cloudformation.exceptions import AlreadyExistsException, ValidationError
from moto.cloudformation.models import CloudFormationBackend, Stack
from moto.core.exceptions import ServiceException
from moto.core.utils import utcnow

from bot.engine.clock import Clock, SystemClock
from tests.resources.aws.faithful_change_set import FaithfulChangeSet, apply, tell
from tests.resources.aws.faithful_resources import drift_in


class FaithfulCloudFormation(CloudFormationBackend):
    """Operations go on until they were looked at a few times.

    `failing` are the resources that cannot be made, with the reasons; while it is `held`,
    nothing goes on; `slow_looks` is how often is looked at what goes on; `made_change_sets` are
    the names of all change sets that were ever made. That a change set is executed is answered
    when `answers` is set. `dated` are the resources with their status, and since when they have
    it by the `clock`, of which moto knows neither.
    """

    clock: ClassVar[Clock] = SystemClock()

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.failing: dict[str, str] = {}
        self.held = False
        self.executed, self.answers = Event(), Event()
        self.answers.set()
        self.slow_looks = 1
        self.says_no_updates = False
        self.going: dict[str, list[Callable[[], None]]] = {}
        self.sets: dict[tuple[str, str], FaithfulChangeSet] = {}
        self.made_change_sets: list[str] = []
        self.detections: dict[str, list[str]] = {}
        self.dated: dict[str, dict[str, tuple[str, datetime]]] = {}

    @property
    def _url_module(self) -> Any:
        from tests.resources.aws.faithful_cloudformation_responses import (  # noqa: PLC0415 (moto asks so)
            FaithfulCloudFormationResponse,
        )

        return SimpleNamespace(
            url_bases=[r"https?://cloudformation\.(.+)\.amazonaws\.com"],
            url_paths={"{0}/$": FaithfulCloudFormationResponse.dispatch},
        )

    # Looking

    def look(self, stack: Stack) -> None:
        """Let what goes on go on a little."""
        phases = self.going.get(stack.stack_id, [])
        if phases and not self.held:
            phases.pop(0)()

    def hurry(self) -> None:
        """Let all that goes on be done after a few looks."""
        for stack_id, phases in self.going.items():
            self.going[stack_id] = [phase for phase in phases if phase is not _nothing]

    def named(self, name: str) -> Stack:
        """Answer a stack that is there, by its name or id."""
        for stack in self.stacks.values():
            if name in {stack.name, stack.stack_id}:
                return stack
        raise ValidationError(message=f"Stack with id {name} does not exist")

    def found(self, name: str) -> Stack:
        """Answer a stack, by its id also one that is gone."""
        return self.deleted_stacks.get(name) or self.named(name)

    # Change sets

    def make_change_set(self, name: str, token: str, stack_name: str, made: dict[str, Any]) -> str:
        """Begin to work a change set out; answer the id of its stack."""
        stack = next((each for each in self.stacks.values() if each.name == stack_name), None)
        creates = made["kind"] == "CREATE"
        if stack is None and not creates:
            raise ValidationError(message=f"Stack [{stack_name}] does not exist")
        if stack is not None and creates and stack.status != "REVIEW_IN_PROGRESS":
            raise ValidationError(
                message=f"Stack [{stack_name}] already exists and cannot be created again with "
                f"the changeSet [{name}]."
            )
        if stack is not None and (stack_name, name) in self.sets:
            raise AlreadyExistsException(f"ChangeSet {name} already exists")
        unusable = "ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_FAILED"
        going = stack is not None and stack.status.endswith("_IN_PROGRESS") and not creates
        if stack is not None and (going or stack.status in unusable):
            raise ValidationError(
                message=f"Stack:{stack.stack_id} is in {stack.status} state and can not be updated."
            )
        if stack is None:
            stack = self._reviewed(stack_name)
        change_set = FaithfulChangeSet(name, token, stack, made)
        if self.says_no_updates and not change_set.changes:
            raise ValidationError(message="No updates are to be performed.")
        self.sets[stack_name, name] = change_set
        self.made_change_sets.append(name)
        return stack.stack_id

    def _reviewed(self, name: str) -> Stack:
        place = f"arn:aws:cloudformation:{self.region_name}:{self.account_id}:stack"
        stack = Stack(  # type: ignore[abstract]  # moto itself makes such
            stack_id=f"{place}/{name}/{uuid4()}",
            name=name,
            template={},
            parameters={},
            account_id=self.account_id,
            region_name=self.region_name,
        )
        stack.status = "REVIEW_IN_PROGRESS"
        self.stacks[stack.stack_id] = stack
        tell(stack, "", stack.status, "User Initiated")
        return stack

    def change_set(self, stack_name: str, name: str) -> FaithfulChangeSet:
        """Answer a change set that is there."""
        if (stack_name, name) not in self.sets:
            raise ServiceException(
                "ChangeSetNotFoundException", f"ChangeSet [{name}] does not exist"
            )
        return self.sets[stack_name, name]

    def execute(self, change_set: FaithfulChangeSet, token: str) -> None:
        """Begin to do what a change set says."""
        if change_set.execution != "AVAILABLE" and change_set.executed_by == token:
            return  # the token says that it is the same question again
        if change_set.execution != "AVAILABLE":
            raise ServiceException(
                "InvalidChangeSetStatusException",
                f"ChangeSet [{change_set.name}] cannot be executed in its current execution "
                f"status of [{change_set.execution}]",
            )
        stack = change_set.stack
        act = "CREATE" if stack.status == "REVIEW_IN_PROGRESS" else "UPDATE"
        change_set.execution, change_set.executed_by = "EXECUTE_IN_PROGRESS", token
        for each in self.sets.values():
            if each is not change_set and each.stack is stack:
                each.execution = "OBSOLETE"
        stack.last_updated_time = utcnow()  # type: ignore[attr-defined]
        stack.status = f"{act}_IN_PROGRESS"
        tell(stack, token, stack.status, "User Initiated")
        phases: list[Callable[[], None]] = [_nothing] * self.slow_looks
        phases += [
            lambda: self._begin_resources(change_set, token),
            lambda: self._end(change_set, act, token),
        ]
        self.going[stack.stack_id] = phases

    def _begin_resources(self, change_set: FaithfulChangeSet, token: str) -> None:
        for change in change_set.changes:
            act = _ACTS[change["Action"]]
            tell(change_set.stack, token, f"{act}_IN_PROGRESS", of=change)

    def _end(self, change_set: FaithfulChangeSet, act: str, token: str) -> None:
        stack = change_set.stack
        failed = [each for each in change_set.changes if each["LogicalResourceId"] in self.failing]
        for change in change_set.changes:
            did = _ACTS[change["Action"]]
            if change in failed:
                reason = self.failing[change["LogicalResourceId"]]
                tell(stack, token, f"{did}_FAILED", reason, of=change)
            elif failed:
                tell(stack, token, f"{did}_FAILED", "Resource creation cancelled", of=change)
            else:
                tell(stack, token, f"{did}_COMPLETE", of=change)
        change_set.execution = "EXECUTE_FAILED" if failed else "EXECUTE_COMPLETE"
        if failed:
            back = "ROLLBACK" if act == "CREATE" else "UPDATE_ROLLBACK"
            named = ", ".join(each["LogicalResourceId"] for each in failed)
            reason = f"The following resource(s) failed to create: [{named}]."
            tell(stack, token, f"{back}_IN_PROGRESS", reason)
            stack.status = f"{back}_COMPLETE"
        else:
            apply(change_set)
            stack.status = f"{act}_COMPLETE"
        self._date(change_set, failed=bool(failed))
        tell(stack, token, stack.status)

    def _date(self, change_set: FaithfulChangeSet, *, failed: bool) -> None:
        """Note what became of each resource; one that was changed back was changed as well."""
        dated = self.dated.setdefault(change_set.stack.stack_id, {})
        for change in change_set.changes:
            act, name = _ACTS[change["Action"]], change["LogicalResourceId"]
            if act == "UPDATE" or (act == "CREATE" and not failed):
                dated[name] = (f"{act}_COMPLETE", self.clock.now())
            elif not failed:
                del dated[name]

    # The end of a stack

    def begin_deletion(self, name: str, token: str) -> None:
        """Begin to delete a stack, unless it is protected."""
        stack = self.named(name)
        if stack.enable_termination_protection:
            raise ValidationError(
                message=f"Stack [{stack.name}] cannot be deleted while TerminationProtection is "
                "enabled"
            )
        if stack.status == "REVIEW_IN_PROGRESS":
            self._forget(stack)
            return
        stack.status = "DELETE_IN_PROGRESS"
        tell(stack, token, stack.status, "User Initiated")
        self.going[stack.stack_id] = [_nothing, lambda: self._end_deletion(stack, token)]

    def _end_deletion(self, stack: Stack, token: str) -> None:
        failed = [name for name in stack.template_dict.get("Resources", {}) if name in self.failing]
        for name in failed:
            kind = stack.template_dict["Resources"][name]["Type"]
            change = {"LogicalResourceId": name, "ResourceType": kind}
            tell(stack, token, "DELETE_FAILED", self.failing[name], of=change)
        if failed:
            stack.status = "DELETE_FAILED"
            named = ", ".join(failed)
            reason = f"The following resource(s) failed to delete: [{named}]."
            tell(stack, token, stack.status, reason)
            return
        if stack.template_dict:
            stack.resource_map.delete()
        stack.status = "DELETE_COMPLETE"
        tell(stack, token, stack.status)
        self._forget(stack)

    def _forget(self, stack: Stack) -> None:
        self.deleted_stacks[stack.stack_id] = self.stacks.pop(stack.stack_id)
        self.sets = {key: each for key, each in self.sets.items() if each.stack is not stack}

    # Drift

    def detect(self, stack_name: str) -> str:
        """Begin to look for drift."""
        stack = self.named(stack_name)
        if not stack.status.endswith("_COMPLETE"):
            raise ValidationError(
                message=f"Drift detection cannot be performed on stack {stack_name} while it is "
                f"in {stack.status} state"
            )
        detection = str(uuid4())
        self.detections[detection] = [stack.stack_id, *["DETECTION_IN_PROGRESS"] * self.slow_looks]
        return detection

    def detected(self, detection: str) -> dict[str, Any]:
        """Answer how far the detection is."""
        stack_id, *waits = self.detections[detection]
        status = waits.pop() if waits else "DETECTION_COMPLETE"
        self.detections[detection] = [stack_id, *waits]
        stack = self.stacks[stack_id]
        found = "DRIFTED" if drift_in(stack) else "IN_SYNC"
        if status == "DETECTION_COMPLETE":
            stack.drift_information = {"StackDriftStatus": found}  # type: ignore[attr-defined]
        return {
            "StackId": stack_id,
            "StackDriftDetectionId": detection,
            "DetectionStatus": status,
            "StackDriftStatus": found,
            "Timestamp": utcnow(),
        }


def _nothing() -> None:
    """Go on."""


_ACTS = {"Add": "CREATE", "Modify": "UPDATE", "Remove": "DELETE"}
