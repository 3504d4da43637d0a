"""A change set as AWS works it out, and what becomes of the resources when it is executed."""

from typing import Any

from moto.cloudformation import models
from moto.cloudformation.models import Stack
from moto.cloudformation.parsing import parse_and_create_resource, parse_and_update_resource

from tests.resources.aws.faithful_resources import work_in

NO_CHANGES = (
    "The submitted information didn't contain changes. Submit different information to create a "
    "change set."
)


class FaithfulChangeSet:
    """A change set that takes a while to be worked out."""

    def __init__(self, name: str, token: str, stack: Stack, made: dict[str, Any]) -> None:
        self.name, self.stack, self.token, self.executed_by = name, stack, token, ""
        self.template: str = made["template"]
        self.parameters: dict[str, str] = made["parameters"]
        self.tags: dict[str, str] = made["tags"]
        self.reverts: bool = made["reverts"]
        self.template_dict = Stack.parse_template(self.template)
        self.changes = work_in(stack, self.template_dict, self.parameters, reverts=self.reverts)
        self.status = "CREATE_IN_PROGRESS"
        self.execution = "UNAVAILABLE"
        self.reason = ""

    def look(self) -> None:
        """Be worked out, for whoever looks again."""
        if self.status != "CREATE_IN_PROGRESS":
            return
        unchanged = self.parameters == self.stack.parameters and self.tags == self.stack.tags
        if self.stack.status != "REVIEW_IN_PROGRESS" and unchanged and not self.changes:
            self.status, self.reason = "FAILED", NO_CHANGES
        else:
            self.status, self.execution = "CREATE_COMPLETE", "AVAILABLE"


def apply(change_set: FaithfulChangeSet) -> None:
    """Make, change and delete moto's resources as a change set says."""
    stack = change_set.stack
    drifted = [each for each in change_set.changes if each.get("ResourceDriftStatus")]
    stack.resource_map.update(change_set.template_dict, change_set.parameters)
    for change in drifted:
        gone = change["ResourceDriftStatus"] == "DELETED"
        make = parse_and_create_resource if gone else parse_and_update_resource
        name = change["LogicalResourceId"]
        made = make(
            name,
            change_set.template_dict["Resources"][name],
            stack.resource_map,
            account_id=stack.account_id,
            region_name=stack.region_name,
        )
        stack.resource_map._parsed_resources[name] = made
    stack.template, stack.template_dict = change_set.template, change_set.template_dict
    stack.parameters, stack.tags = change_set.parameters, change_set.tags
    stack.output_map = stack._create_output_map()


def tell(
    stack: Stack,
    token: str,
    status: str,
    reason: str | None = None,
    *,
    of: dict[str, Any] | None = None,
) -> None:
    """Add an event, of the stack itself or of one of its resources."""
    event = models.Event(
        stack_id=stack.stack_id,
        stack_name=stack.name,
        logical_resource_id=of["LogicalResourceId"] if of else stack.name,
        physical_resource_id=of.get("PhysicalResourceId", "") if of else stack.stack_id,
        resource_type=of["ResourceType"] if of else "AWS::CloudFormation::Stack",
        resource_status=status,
        resource_status_reason=reason,
        resource_properties=None,
    )
    event.client_request_token = token or None  # type: ignore[assignment]
    stack.events.append(event)
