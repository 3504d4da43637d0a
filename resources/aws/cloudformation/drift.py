"""What was changed in a stack behind its template's back."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

from pydantic import JsonValue

from resources.aws.cloudformation.stack_state import HIDDEN, ObservedStack, StackAddress
from resources.aws.failures import asked
from resources.model.resource import Difference, Severity

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import (
        DescribeStackResourceDriftsInputTypeDef,
        StackResourceDriftTypeDef,
    )

CAN_BE_LOOKED_AT = frozenset(
    {
        "CREATE_COMPLETE",
        "UPDATE_COMPLETE",
        "UPDATE_ROLLBACK_COMPLETE",
        "UPDATE_ROLLBACK_FAILED",
    }
)
"""https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-drift.html"""


async def drift_of_resources(
    address: StackAddress, pause: timedelta, log: Callable[[str], None]
) -> list[Difference]:
    """Let CloudFormation look at each resource, and answer what differs from the template."""
    client = await address.client()
    asked_for = await asked(client.detect_stack_drift, StackName=address.name)
    detection = asked_for["StackDriftDetectionId"]
    while True:
        found = await asked(
            client.describe_stack_drift_detection_status, StackDriftDetectionId=detection
        )
        if found["DetectionStatus"] != "DETECTION_IN_PROGRESS":
            break
        await asyncio.sleep(pause.total_seconds())
    if found["DetectionStatus"] == "DETECTION_FAILED":
        # What could be looked at is answered all the same.
        log(f"Not all could be looked at: {found.get('DetectionStatusReason', '')}\n")
    drifted = await asked(_drifted, client, address.name)
    return [difference for each in drifted for difference in _differences(each)]


def drift_of_stack(
    observed: ObservedStack,
    *,
    parameters: Mapping[str, str],
    tags: Mapping[str, str],
    protected: bool,
    outputs: Mapping[str, str] | None,
) -> list[Difference]:
    """Answer where the stack itself is not as it was asked for; `None`: its outputs are unknown."""
    shown = {key: value for key, value in observed.parameters.items() if value != HIDDEN}
    compared = {key: value for key, value in parameters.items() if key in shown}
    differences = _unlike("parameters", compared, shown)
    # CloudFormation and others put tags of their own on a stack.
    differences += _unlike("tags", tags, observed.tags)
    if outputs is not None:
        gone = {key: observed.outputs.get(key) for key in outputs}
        differences += _unlike("outputs", outputs, gone)
    if observed.protected is not protected:
        differences.append(
            Difference(
                path="termination-protection", desired=protected, observed=observed.protected
            )
        )
    return differences


def missing(name: str) -> Difference:
    """Answer the difference of a stack that is not there."""
    return Difference(path="stack", desired=name, observed=None, severity=Severity.CRITICAL)


def left_as(status: str) -> Difference:
    """Answer the difference of a stack that failed in a way that it did not come back from."""
    return Difference(path="stack", desired="complete", observed=status, severity=Severity.CRITICAL)


def _unlike(
    what: str, desired: Mapping[str, str], observed: Mapping[str, str | None] | Mapping[str, str]
) -> list[Difference]:
    return [
        Difference(path=f"{what}/{key}", desired=value, observed=observed.get(key))
        for key, value in sorted(desired.items())
        if observed.get(key) != value
    ]


def _drifted(client: "CloudFormationClient", name: str) -> "list[StackResourceDriftTypeDef]":
    found: list[StackResourceDriftTypeDef] = []
    token = ""
    while True:
        asked_for: DescribeStackResourceDriftsInputTypeDef = {
            "StackName": name,
            "StackResourceDriftStatusFilters": ["MODIFIED", "DELETED"],
        }
        if token:
            asked_for["NextToken"] = token
        answer = client.describe_stack_resource_drifts(**asked_for)
        found += answer["StackResourceDrifts"]
        token = answer.get("NextToken", "")
        if not token:
            return found


def _differences(drift: "StackResourceDriftTypeDef") -> list[Difference]:
    resource = drift["LogicalResourceId"]
    if drift["StackResourceDriftStatus"] == "DELETED":
        there = f"{drift['ResourceType']} {drift.get('PhysicalResourceId', '')}".strip()
        return [Difference(path=resource, desired=there, observed=None, severity=Severity.CRITICAL)]
    return [
        Difference(
            path=f"{resource}{each['PropertyPath']}",
            desired=_side(each["ExpectedValue"], missing=each["DifferenceType"] == "ADD"),
            observed=_side(each["ActualValue"], missing=each["DifferenceType"] == "REMOVE"),
        )
        for each in drift.get("PropertyDifferences", [])
    ]


def _side(value: str, *, missing: bool) -> JsonValue:
    return None if missing else value
