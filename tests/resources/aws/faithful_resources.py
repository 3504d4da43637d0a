"""What a template would do to moto's resources, and how these differ from their template."""

from typing import Any

from moto.cloudformation.models import Stack
from moto.cloudformation.parsing import ResourceMap, clean_json
from moto.s3.models import s3_backends
from moto.ssm.models import ssm_backends

NAMES = {"AWS::SSM::Parameter": "Name", "AWS::S3::Bucket": "BucketName"}
"""The property of a type that cannot change without a replacement."""


def properties(
    stack: Stack, template: dict[str, Any], parameters: dict[str, str], name: str
) -> dict[str, Any]:
    """Answer the properties of a resource with the parameters filled in; it names no others."""
    filled = ResourceMap(
        stack.stack_id,
        stack.name,
        parameters,
        {},
        region_name=stack.region_name,
        account_id=stack.account_id,
        template=template,
        cross_stack_resources={},
    )
    filled.load()
    found: dict[str, Any] = clean_json(template["Resources"][name].get("Properties", {}), filled)
    return found


def work_in(
    stack: Stack, template: dict[str, Any], parameters: dict[str, str], *, reverts: bool
) -> list[dict[str, Any]]:
    """Answer what would be done to each resource, as AWS says it."""
    old: dict[str, Any] = stack.template_dict.get("Resources", {})
    new: dict[str, Any] = template["Resources"]
    drift = {each["LogicalResourceId"]: each for each in drift_in(stack)} if reverts else {}
    changes = []
    for name, resource in new.items():
        change = {"LogicalResourceId": name, "ResourceType": resource["Type"]}
        if name not in old:
            changes.append({**change, "Action": "Add"})
            continue
        before = properties(stack, stack.template_dict, stack.parameters, name)
        after = properties(stack, template, parameters, name)
        fields = [key for key in {**before, **after} if before.get(key) != after.get(key)]
        if name in drift:
            status = drift[name]["StackResourceDriftStatus"]
            change["ResourceDriftStatus"] = status
            fields = fields or ["Value"]
        if fields:
            replaced = NAMES[resource["Type"]] in fields
            changes.append(
                {
                    **change,
                    "Action": "Modify",
                    "PhysicalResourceId": before.get(NAMES[resource["Type"]], ""),
                    "Replacement": str(replaced),
                    "PolicyAction": _policy(old[name], replaced=replaced),
                    "Details": [
                        {"Target": {"Attribute": "Properties", "Name": field}} for field in fields
                    ],
                }
            )
    for name in old.keys() - new.keys():
        before = properties(stack, stack.template_dict, stack.parameters, name)
        changes.append(
            {
                "Action": "Remove",
                "LogicalResourceId": name,
                "ResourceType": old[name]["Type"],
                "PhysicalResourceId": before.get(NAMES[old[name]["Type"]], ""),
                "PolicyAction": old[name].get("DeletionPolicy", "Delete"),
            }
        )
    return changes


def _policy(resource: dict[str, Any], *, replaced: bool) -> str | None:
    if not replaced:
        return None
    return f"ReplaceAnd{resource.get('UpdateReplacePolicy', 'Delete')}"


def drift_in(stack: Stack) -> list[dict[str, Any]]:
    """Answer the resources that are not what the template says, as AWS says it."""
    found = []
    for name, resource in stack.template_dict.get("Resources", {}).items():
        desired = properties(stack, stack.template_dict, stack.parameters, name)
        observed = _observed(stack, resource["Type"], desired)
        drift = {
            "StackId": stack.stack_id,
            "LogicalResourceId": name,
            "PhysicalResourceId": desired.get(NAMES[resource["Type"]], ""),
            "ResourceType": resource["Type"],
        }
        if observed is None:
            found.append({**drift, "StackResourceDriftStatus": "DELETED"})
        elif differences := _differences(desired, observed):
            found.append(
                {
                    **drift,
                    "StackResourceDriftStatus": "MODIFIED",
                    "PropertyDifferences": differences,
                }
            )
    return found


def _observed(stack: Stack, kind: str, desired: dict[str, Any]) -> dict[str, Any] | None:
    if kind == "AWS::SSM::Parameter":
        parameters = ssm_backends[stack.account_id][stack.region_name]
        there = parameters.get_parameter(desired["Name"])
        return {"Name": there.name, "Value": there.value} if there else None
    bucket = s3_backends[stack.account_id]["aws"].buckets.get(desired["BucketName"])
    return {"BucketName": bucket.name} if bucket else None


def _differences(desired: dict[str, Any], observed: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "PropertyPath": f"/{key}",
            "ExpectedValue": str(desired.get(key)),
            "ActualValue": str(value),
            "DifferenceType": "NOT_EQUAL",
        }
        for key, value in observed.items()
        if desired.get(key) != value
    ]
