"""The questions that moto's CloudFormation cannot be asked, and those that it answers otherwise."""

from typing import Any, cast

from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.models import Stack
from moto.cloudformation.responses import CloudFormationResponse
from moto.core.responses import ActionResult, EmptyResult
from moto.core.utils import utcnow
from yaml import YAMLError

from tests.resources.aws.faithful_change_set import FaithfulChangeSet
from tests.resources.aws.faithful_cloudformation import FaithfulCloudFormation
from tests.resources.aws.faithful_resources import drift_in

EVENTS_OF_A_PAGE = 3
CHANGES_OF_A_PAGE = 1
RESOURCES_OF_A_PAGE = 1
"""AWS has more on a page, and stacks have more of all of these."""


class FaithfulCloudFormationResponse(CloudFormationResponse):
    """Answers as AWS does."""

    RESPONSE_KEY_PATH_TO_TRANSFORMER = {}  # noqa: RUF012 (moto has it so)

    @property
    def faithful(self) -> FaithfulCloudFormation:
        return cast("FaithfulCloudFormation", self.cloudformation_backend)

    def _template(self) -> str:
        url = self._get_param("TemplateURL")
        text: str = self._get_stack_from_s3_url(url) if url else self._get_param("TemplateBody")
        try:
            parsed = Stack.parse_template(text)
        except (YAMLError, ValueError):
            raise ValidationError(
                message="Template format error: YAML not well-formed. (line 1, column 1)"
            ) from None
        if not isinstance(parsed, dict) or "Resources" not in parsed:
            raise ValidationError(
                message="Template format error: At least one Resources member must be defined."
            )
        return text

    def create_change_set(self) -> ActionResult:
        template = self._template()
        given = {
            each["ParameterKey"]: each["ParameterValue"]
            for each in self._get_param("Parameters", [])
        }
        self._demand_known(Stack.parse_template(template).get("Parameters", {}), given)
        made = {
            "template": template,
            "parameters": given,
            "tags": {each["Key"]: each["Value"] for each in self._get_param("Tags", [])},
            "kind": self._get_param("ChangeSetType"),
            "reverts": self._get_param("DeploymentMode") == "REVERT_DRIFT",
        }
        name, token = self._get_param("ChangeSetName"), self._get_param("ClientToken")
        stack_id = self.faithful.make_change_set(name, token, self._get_param("StackName"), made)
        return ActionResult({"Id": f"{stack_id}/{name}", "StackId": stack_id})

    def _demand_known(self, declared: dict[str, Any], given: dict[str, str]) -> None:
        if unknown := ", ".join(sorted(given.keys() - declared.keys())):
            raise ValidationError(message=f"Parameters: [{unknown}] do not exist in the template")
        needed = {name for name, each in declared.items() if "Default" not in each}
        if missing := ", ".join(sorted(needed - given.keys())):
            raise ValidationError(message=f"Parameters: [{missing}] must have values")

    def _change_set(self) -> FaithfulChangeSet:
        names = self._get_param("StackName"), self._get_param("ChangeSetName")
        return self.faithful.change_set(*names)

    def describe_change_set(self) -> ActionResult:
        change_set = self._change_set()
        shown, more = _page(change_set.changes, self._get_param("NextToken"), CHANGES_OF_A_PAGE)
        answer = {
            "ChangeSetName": change_set.name,
            "StackId": change_set.stack.stack_id,
            "StackName": change_set.stack.name,
            "Status": change_set.status,
            "StatusReason": change_set.reason,
            "ExecutionStatus": change_set.execution,
            "CreationTime": utcnow(),
            "Changes": [{"Type": "Resource", "ResourceChange": each} for each in shown],
            "NextToken": more,
        }
        if not self.faithful.held:
            change_set.look()
        return ActionResult(answer)

    def list_change_sets(self) -> ActionResult:
        name = self._get_param("StackName")
        there = [{"ChangeSetName": each} for stack, each in self.faithful.sets if stack == name]
        return ActionResult({"Summaries": there})

    def execute_change_set(self) -> ActionResult:
        self.faithful.execute(self._change_set(), self._get_param("ClientRequestToken"))
        self.faithful.executed.set()
        self.faithful.answers.wait(30)
        return EmptyResult()

    def delete_change_set(self) -> ActionResult:
        self.faithful.sets.pop(
            (self._get_param("StackName"), self._get_param("ChangeSetName")), None
        )
        return EmptyResult()

    def delete_stack(self) -> ActionResult:
        self.faithful.begin_deletion(
            self._get_param("StackName"), self._get_param("ClientRequestToken")
        )
        return EmptyResult()

    def describe_stacks(self) -> ActionResult:
        stack = self.faithful.found(self._get_param("StackName"))
        self.faithful.look(stack)
        shown = {
            "StackId": stack.stack_id,
            "StackName": stack.name,
            "StackStatus": stack.status,
            "CreationTime": stack.creation_time,
            "LastUpdatedTime": getattr(stack, "last_updated_time", None),
            "Parameters": _shown(stack),
            "Tags": [{"Key": key, "Value": value} for key, value in stack.tags.items()],
            "Outputs": stack.outputs or [],
            "EnableTerminationProtection": stack.enable_termination_protection,
            "DriftInformation": getattr(
                stack, "drift_information", {"StackDriftStatus": "NOT_CHECKED"}
            ),
        }
        return ActionResult({"Stacks": [shown]})

    def describe_stack_events(self) -> ActionResult:
        stack = self.faithful.found(self._get_param("StackName"))
        begin = self._get_param("NextToken")
        if begin is None:
            self.faithful.look(stack)
        shown, more = _page(stack.events[::-1], begin, EVENTS_OF_A_PAGE)
        return ActionResult({"StackEvents": shown, "NextToken": more})

    def list_stack_resources(self) -> ActionResult:
        stack = self.faithful.named(self._get_param("StackName"))
        there = [
            {
                "LogicalResourceId": name,
                "ResourceType": stack.template_dict["Resources"][name]["Type"],
                "ResourceStatus": status,
                "LastUpdatedTimestamp": at.replace(tzinfo=None),
            }
            for name, (status, at) in self.faithful.dated[stack.stack_id].items()
        ]
        shown, more = _page(there, self._get_param("NextToken"), RESOURCES_OF_A_PAGE)
        return ActionResult({"StackResourceSummaries": shown, "NextToken": more})

    def update_termination_protection(self) -> ActionResult:
        stack = self.faithful.named(self._get_param("StackName"))
        stack.enable_termination_protection = self._get_bool_param("EnableTerminationProtection")
        return ActionResult({"StackId": stack.stack_id})

    def get_template_summary(self) -> ActionResult:
        self._template()
        return super().get_template_summary()

    def detect_stack_drift(self) -> ActionResult:
        detection = self.faithful.detect(self._get_param("StackName"))
        return ActionResult({"StackDriftDetectionId": detection})

    def describe_stack_drift_detection_status(self) -> ActionResult:
        return ActionResult(self.faithful.detected(self._get_param("StackDriftDetectionId")))

    def describe_stack_resource_drifts(self) -> ActionResult:
        stack = self.faithful.named(self._get_param("StackName"))
        drifts = [{**each, "Timestamp": utcnow()} for each in drift_in(stack)]
        return ActionResult({"StackResourceDrifts": drifts})


def _page(every: list[Any], begin: str | None, size: int) -> tuple[list[Any], str | None]:
    """Answer what is on a page, and where the next one begins."""
    first = int(begin or 0)
    after = first + size
    return every[first:after], str(after) if after < len(every) else None


def _shown(stack: Stack) -> list[dict[str, str]]:
    """Answer the parameters, of which `NoEcho` hides some."""
    declared = stack.template_dict.get("Parameters", {})
    values = {name: str(each.get("Default", "")) for name, each in declared.items()}
    return [
        {
            "ParameterKey": name,
            "ParameterValue": "****" if declared.get(name, {}).get("NoEcho") else str(value),
        }
        for name, value in {**values, **stack.parameters}.items()
    ]
