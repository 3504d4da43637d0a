"""Where a stack is, and the state in which CloudFormation says that it is."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from resources.aws.connection import AwsConnection
from resources.aws.failures import AwsFailed, asked

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import StackResourceSummaryTypeDef, StackTypeDef

StackName = Annotated[str, Field(pattern=r"^[A-Za-z][-A-Za-z0-9]{0,127}$")]
"""As CloudFormation takes them: letters, digits and dashes, at most 128."""

BEFORE_THE_FIRST = "REVIEW_IN_PROGRESS"
"""The status of a stack that has a change set, and nothing else yet."""
GONE = "DELETE_COMPLETE"
CREATED = "CREATE_COMPLETE"
"""The status of a resource that was made, and neither changed since nor imported."""
NOT_USABLE = frozenset({"ROLLBACK_COMPLETE", "ROLLBACK_FAILED"})
"""A stack whose first creation failed: it can only be deleted."""
HIDDEN = "****"
"""What CloudFormation shows in place of the value of a parameter with `NoEcho`."""
_ROLE = re.compile(r"arn:[^:]+:iam::(\d+):role/.+")


class ObservedStack(NamedTuple):
    """What CloudFormation says of a stack; `marker` is another one after each operation."""

    id: str
    status: str
    marker: str
    parameters: Mapping[str, str]
    tags: Mapping[str, str]
    outputs: Mapping[str, str]
    protected: bool
    drifted: bool
    """Whether its drift was looked for and found, and nobody has looked since."""

    @property
    def is_new(self) -> bool:
        """Whether nothing of it was ever made."""
        return self.status == BEFORE_THE_FIRST

    @property
    def in_progress(self) -> bool:
        """Whether an operation goes on, so that no other can begin."""
        return self.status.endswith("_IN_PROGRESS") and not self.is_new


class StackAddress(BaseModel):
    """A stack's name, and the way into the account and region that have it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    connection: AwsConnection
    name: StackName

    @property
    def account(self) -> str:
        """The account's number; where no role says it, the name of the profile, or `own`."""
        role = _ROLE.fullmatch(self.connection.roles[-1]) if self.connection.roles else None
        return role.group(1) if role else self.connection.profile or "own"

    @property
    def unique(self) -> str:
        """What no other stack is called: `{account}-{region}-{name}`."""
        return f"{self.account}-{self.connection.region}-{self.name}"

    async def client(self) -> "CloudFormationClient":
        """Answer the client of its account and region."""
        return await self.connection.client("cloudformation")

    async def observed(self, stack_id: str | None = None) -> ObservedStack | None:
        """Answer how it is, or `None` where there is none; with its id, also after its end."""
        client = await self.client()
        try:
            answer = await asked(client.describe_stacks, StackName=stack_id or self.name)
        except AwsFailed as failed:
            if failed.code == "ValidationError" and "does not exist" in failed.said:
                return None
            raise
        return _observed(answer["Stacks"][0])

    async def created_since(self, moment: datetime) -> frozenset[str]:
        """Answer which resources of the stack were created after that, and not changed since."""
        client = await self.client()
        return frozenset(
            each["LogicalResourceId"]
            for each in await asked(_resources_of, client, self.name)
            if each["ResourceStatus"] == CREATED and each["LastUpdatedTimestamp"] > moment
        )

    def command(self, verb: str, options: str = "") -> str:
        """Answer the line by which a person tells AWS's own tool to do something about it."""
        return (
            f"`aws cloudformation {verb} --stack-name {self.name} "
            f"--region {self.connection.region}{options}`"
        )

    def __str__(self) -> str:
        where = "the own account" if self.account == "own" else f"account {self.account}"
        return f"{self.name} ({where}, {self.connection.region})"


def _resources_of(client: "CloudFormationClient", name: str) -> "list[StackResourceSummaryTypeDef]":
    pages = client.get_paginator("list_stack_resources").paginate(StackName=name)
    return [each for page in pages for each in page["StackResourceSummaries"]]


def _observed(stack: "StackTypeDef") -> ObservedStack:
    changed = stack.get("LastUpdatedTime") or stack["CreationTime"]
    parameters = {
        each["ParameterKey"]: each.get("ParameterValue", "") for each in stack.get("Parameters", [])
    }
    outputs = {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", [])}
    return ObservedStack(
        id=stack.get("StackId", ""),
        status=stack["StackStatus"],
        marker=f"{changed.isoformat()} {stack['StackStatus']}",
        parameters=parameters,
        tags={each["Key"]: each["Value"] for each in stack.get("Tags", [])},
        outputs=outputs,
        protected=bool(stack.get("EnableTerminationProtection")),
        drifted=stack.get("DriftInformation", {}).get("StackDriftStatus") == "DRIFTED",
    )
