"""The events of one operation on a stack: in order, and what of them says why it failed."""

from typing import TYPE_CHECKING, NamedTuple

from resources.aws.cloudformation.outputs import CloudFormationFailed
from resources.aws.cloudformation.stack_state import StackAddress
from resources.aws.failures import asked

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import StackEventTypeDef

MOST_NAMED = 3
TAIL_EVENTS = 20
WENT_WELL = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "DELETE_COMPLETE"})
CALLED_OFF = "cancelled"
"""In the reason of a resource that only failed because another one did."""

_BEGINNINGS = frozenset({"CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS"})
_DONE_TO_IT = {
    "ROLLBACK_COMPLETE": (
        "What was made of it was removed again. Mend that and retry: the next run deletes what is "
        "left of the stack, and begins anew."
    ),
    "UPDATE_ROLLBACK_COMPLETE": "It was rolled back to what it was. Mend that, and retry.",
}


class Event(NamedTuple):
    """What happened to a resource, or to the stack itself, and why."""

    id: str
    resource: str
    kind: str
    status: str
    reason: str
    token: str
    of_stack: bool

    @property
    def failed(self) -> bool:
        """Whether something went wrong here, and not elsewhere."""
        own = CALLED_OFF not in self.reason.lower()
        return self.status.endswith("_FAILED") and own and not self.of_stack

    def __str__(self) -> str:
        why = f": {self.reason}" if self.reason else ""
        return f"{self.status} {self.resource} ({self.kind}){why}"


async def newest_event(address: StackAddress, stack_id: str) -> Event | None:
    """Answer what happened last to a stack."""
    client = await address.client()
    answer = await asked(client.describe_stack_events, StackName=stack_id)
    events = answer["StackEvents"]
    return _event(events[0]) if events else None


async def events_of(address: StackAddress, stack_id: str, token: str) -> list[Event]:
    """Answer what happened since the operation of that token began, the oldest first."""
    return await asked(_since, await address.client(), stack_id, token)


def _since(client: "CloudFormationClient", stack_id: str, token: str) -> list[Event]:
    found: list[Event] = []
    for page in client.get_paginator("describe_stack_events").paginate(StackName=stack_id):
        for event in map(_event, page["StackEvents"]):
            found.append(event)
            if event.token == token and event.of_stack and event.status in _BEGINNINGS:
                return found[::-1]
        if not any(event.token == token for event in found):
            break  # it has not begun, and a stack's history is long
    return []


def end_of(events: list[Event]) -> str | None:
    """Answer the status in which an operation left the stack, or `None` while it goes on."""
    of_stack = [event for event in events if event.of_stack]
    last = of_stack[-1].status if of_stack else ""
    return last if last and not last.endswith("_IN_PROGRESS") else None


def failure(address: StackAddress, status: str, events: list[Event]) -> CloudFormationFailed:
    """Answer the error of an operation that ended badly: the first causes, and what to do."""
    verb = next(verb for word, verb in _VERBS if word in status)
    causes = [event for event in events if event.failed][:MOST_NAMED]
    own = [event for event in events if event.of_stack and event.reason and _bad(event.status)]
    named = "; ".join(str(each) for each in causes or own[:1]) or "AWS names no cause"
    summary = f"The stack {address} was not {verb}: {named.rstrip('.')}."
    return CloudFormationFailed(
        f"{summary} {_next_act(address, status)}",
        summary=summary,
        status=status,
        tail="\n".join(str(each) for each in events[-TAIL_EVENTS:]),
    )


_VERBS = (("UPDATE", "updated"), ("DELETE", "deleted"), ("", "created"))


def _bad(status: str) -> bool:
    return "ROLLBACK" in status or status.endswith("_FAILED")


def _next_act(address: StackAddress, status: str) -> str:
    if status == "UPDATE_ROLLBACK_FAILED":
        return (
            "Going back failed as well. Mend that, let AWS go on with "
            f"{address.command('continue-update-rollback')}, and retry."
        )
    return _DONE_TO_IT.get(status, f"It was left as {status}. Mend that, and retry.")


def _event(event: "StackEventTypeDef") -> Event:
    return Event(
        id=event["EventId"],
        resource=event.get("LogicalResourceId", ""),
        kind=event.get("ResourceType", ""),
        status=event.get("ResourceStatus", ""),
        reason=event.get("ResourceStatusReason", ""),
        token=event.get("ClientRequestToken", ""),
        of_stack=event.get("PhysicalResourceId") == event["StackId"],
    )
