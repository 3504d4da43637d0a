"""Change sets: made under a name that is found again, read, and put away."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from resources.aws.cloudformation.changes import Change, changes_in
from resources.aws.cloudformation.outputs import CloudFormationFailed
from resources.aws.cloudformation.stack_state import ObservedStack, StackAddress
from resources.aws.cloudformation.template import StackRequest, Template, TemplateArgument
from resources.aws.failures import AwsFailed, asked
from resources.errors import Refused

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import (
        ChangeTypeDef,
        CreateChangeSetInputTypeDef,
        DescribeChangeSetOutputTypeDef,
    )

NO_CHANGES = ("didn't contain changes", "No updates are to be performed")
"""In the two ways of AWS of saying that there is nothing to do."""
_NOT_TAKEN = frozenset({"ValidationError", "InsufficientCapabilitiesException"})


class ChangeSet(NamedTuple):
    """A change set that AWS has worked out; `execution` says what became of it."""

    name: str
    stack_id: str
    execution: str
    changes: tuple[Change, ...]


class ChangeSetMaker(NamedTuple):
    """Makes the change set of a request, once: who asks by the same name gets the same one."""

    request: StackRequest
    values: Mapping[str, str]
    """The values of the parameters, secret ones as well."""
    pause: timedelta

    async def made(
        self, name: str, template: Template, observed: ObservedStack | None
    ) -> ChangeSet | None:
        """Answer the change set, or `None` where there is nothing to change.

        Raises `AwsFailed`, `CloudFormationFailed` and `Refused`.
        """
        handed = await self.request.handed(template)
        await self._demand_hidden_secrets(handed)
        try:
            await self._create(name, handed, observed)
        except AwsFailed as failed:
            if _says_no_changes(failed.said):
                return None
            if failed.code in _NOT_TAKEN:
                raise self._not_taken(failed) from failed
            if failed.code != "AlreadyExistsException":
                raise
        return await self._worked_out(name)

    async def _create(
        self, name: str, handed: TemplateArgument, observed: ObservedStack | None
    ) -> None:
        client = await self.request.address.client()
        request: CreateChangeSetInputTypeDef = {
            "StackName": self.request.address.name,
            "ChangeSetName": name,
            "ClientToken": name,
            "ChangeSetType": "CREATE" if observed is None or observed.is_new else "UPDATE",
            "Parameters": [
                {"ParameterKey": key, "ParameterValue": value} for key, value in self.values.items()
            ],
            "Tags": [{"Key": key, "Value": value} for key, value in self.request.tags.items()],
            "Capabilities": list(self.request.capabilities),
        }
        if "TemplateURL" in handed:
            request["TemplateURL"] = handed["TemplateURL"]
        else:
            request["TemplateBody"] = handed["TemplateBody"]
        if observed is not None and observed.drifted:
            # Without it, what was changed behind the template's back would stay as it is.
            request["DeploymentMode"] = "REVERT_DRIFT"
        await asked(client.create_change_set, **request)

    async def _worked_out(self, name: str) -> ChangeSet | None:
        address = self.request.address
        client = await address.client()
        while True:
            pages = await asked(_described, client, address.name, name)
            status, why = pages[0]["Status"], pages[0].get("StatusReason", "")
            if status not in {"CREATE_PENDING", "CREATE_IN_PROGRESS"}:
                break
            await asyncio.sleep(self.pause.total_seconds())
        if status == "CREATE_COMPLETE":
            changes: list[ChangeTypeDef] = [each for page in pages for each in page["Changes"]]
            execution = pages[0].get("ExecutionStatus", "")
            return ChangeSet(name, pages[0]["StackId"], execution, changes_in(changes))
        await put_away(address, name)
        if _says_no_changes(why):
            return None
        raise CloudFormationFailed(
            f"The stack {address} was not changed: AWS could not work out what would change: "
            f"{why.rstrip('.') or status}. Mend that, and retry. Nothing was changed."
        )

    async def _demand_hidden_secrets(self, handed: TemplateArgument) -> None:
        """Refuse to hand a secret to a parameter that everybody could read afterwards."""
        if not self.request.secrets:
            return
        client = await self.request.address.client()
        try:
            summary = await asked(client.get_template_summary, **handed)
        except AwsFailed as failed:
            raise (self._not_taken(failed) if failed.code in _NOT_TAKEN else failed) from failed
        shown = {
            each.get("ParameterKey", "")
            for each in summary.get("Parameters", [])
            if not each.get("NoEcho")
        }
        if named := ", ".join(f"`{name}`" for name in sorted(shown & set(self.request.secrets))):
            raise Refused(
                f"The stack {self.request.address} is not given its secrets: of {named} its "
                "template does not say `NoEcho: true`, so whoever may look at the stack could "
                "read them. Say so in the template. Nothing was changed."
            )

    def _not_taken(self, failed: AwsFailed) -> Refused:
        return Refused(
            f"The stack {self.request.address} is not changed, as AWS does not take "
            f"{self.request.template} with these arguments: {failed.said.rstrip('.')}. Mend that, "
            "and retry. Nothing was changed."
        )


async def put_away(address: StackAddress, name: str) -> None:
    """Remove a change set, and the stack that is there for nothing else."""
    client = await address.client()
    await asked(client.delete_change_set, StackName=address.name, ChangeSetName=name)
    observed = await address.observed()
    if observed is None or not observed.is_new:
        return
    others = await asked(client.list_change_sets, StackName=address.name)
    if not [each for each in others["Summaries"] if each.get("ChangeSetName") != name]:
        await asked(client.delete_stack, StackName=observed.id)


def _described(
    client: "CloudFormationClient", stack: str, name: str
) -> "list[DescribeChangeSetOutputTypeDef]":
    pages: Any = client.get_paginator("describe_change_set").paginate(
        StackName=stack, ChangeSetName=name
    )
    return list(pages)


def _says_no_changes(said: str) -> bool:
    return any(words in said for words in NO_CHANGES)
