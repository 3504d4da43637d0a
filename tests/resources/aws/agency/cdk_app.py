"""A CDK app of a service of the agency: it writes the cloud assembly that aws-cdk-lib 2 writes.

It needs nothing of the account that it is deployed to, as with the `BootstraplessSynthesizer`. Of
the context, `stack` names what it describes, and `greeting` is what is deployed; with `farewell`
or `broken` there is something more.
"""

import json
import os
from pathlib import Path
from typing import Any

TENANT = {"Ref": "Tenant"}
DATABASE = ("DatabaseHost", "DatabasePort", "DatabaseName", "DatabaseUser")
"""Where the database is: a real app makes one, and takes these from that."""


def of_the_tenant(before: str, after: str) -> dict[str, Any]:
    """Answer a text with the tenant in it."""
    return {"Fn::Join": ["", [before, TENANT, after]]}


def word(stack: str, name: str, value: str) -> dict[str, Any]:
    """Answer a parameter of a tenant's service."""
    path = of_the_tenant("/", f"/{stack.lower()}/{name}")
    return {
        "Type": "AWS::SSM::Parameter",
        "Properties": {"Name": path, "Type": "String", "Value": value},
    }


def template(stack: str, context: dict[str, Any]) -> dict[str, Any]:
    """Answer the template of a service."""
    described: dict[str, Any] = {
        "Parameters": {"Tenant": {"Type": "String"}},
        "Resources": {"Greeting6F1C2B77": word(stack, "greeting", context["greeting"])},
        "Outputs": {"Tenant": {"Value": TENANT}},
    }
    for name in {"farewell", "broken"} & context.keys():
        described["Resources"][name.capitalize()] = word(stack, name, context[name])
    if stack == "Backend":
        with_database(described)
    if stack == "Frontend":
        described["Outputs"]["Distribution"] = {"Value": "E2SITE"}
    return described


def with_database(described: dict[str, Any]) -> None:
    """Add what migrations need: a database, a bucket, and a cluster that was there before."""
    password = {"Type": "String", "NoEcho": True}
    parameters = {name: {"Type": "String"} for name in DATABASE}
    described["Parameters"] |= {**parameters, "DatabasePassword": password}
    described["Resources"]["ScriptsB0C3D5A1"] = {
        "Type": "AWS::S3::Bucket",
        "Properties": {"BucketName": of_the_tenant("", "-scripts")},
    }
    there = {"Cluster": "tenants", "TaskDefinition": "scripts", "Subnets": "subnet-1,subnet-2"}
    values = {
        **{name: {"Ref": name} for name in DATABASE},
        **there,
        "SecurityGroups": "",
        "ScriptBucket": {"Ref": "ScriptsB0C3D5A1"},
    }
    described["Outputs"] |= {name: {"Value": value} for name, value in values.items()}


def main() -> None:
    """Write what `app.synth()` writes."""
    context = json.loads(os.environ["CDK_CONTEXT_JSON"])
    stack, out = context["stack"], Path(os.environ["CDK_OUTDIR"])
    artifact = {
        "type": "aws:cloudformation:stack",
        "environment": "aws://unknown-account/unknown-region",
        "properties": {"templateFile": f"{stack}.template.json", "validateOnSynth": False},
        "displayName": stack,
    }
    manifest = {"version": "48.0.0", "artifacts": {stack: artifact}}
    out.mkdir(exist_ok=True)
    written = {f"{stack}.template.json": template(stack, context), "manifest.json": manifest}
    for name, content in written.items():
        (out / name).write_text(json.dumps(content, indent=1))
    print(f"synthesized {stack}: {context['greeting']}")


if __name__ == "__main__":
    main()
