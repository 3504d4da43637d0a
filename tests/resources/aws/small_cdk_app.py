"""An app that writes the cloud assembly that aws-cdk-lib 2 writes, with an asset."""

import json
import os
from pathlib import Path
from typing import Any

ASSET = "fa98bed52e8f8149c3b331cbae7c66cefea5d0fc75c6e87eb81b472fa92db7c6"
TEMPLATE_ASSET = "56046c546b9d0f77bcbcde7d84485d0e2cbb6e27303ea99c569c2ba458283939"
BUCKET = "cdk-hnb659fds-assets-${AWS::AccountId}-${AWS::Region}"
VERSION = "/cdk-bootstrap/hnb659fds/version"
PUBLISHER = (
    "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/"
    "cdk-hnb659fds-file-publishing-role-${AWS::AccountId}-${AWS::Region}"
)


def template(context: dict[str, Any]) -> dict[str, Any]:
    """Answer the template of the stack `Backend`; some context makes it large."""
    return {
        "Description": "x" * int(context.get("padding", 0)),
        "Parameters": {
            "Tenant": {"Type": "String"},
            "BootstrapVersion": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": VERSION},
        },
        "Resources": {
            "SettingP4E0919BE": {
                "Type": "AWS::SSM::Parameter",
                "Properties": {
                    "Name": {"Fn::Join": ["", ["/", {"Ref": "Tenant"}, "/color"]]},
                    "Type": "String",
                    "Value": context.get("color", "red"),
                },
            }
        },
        "Outputs": {"Address": {"Value": {"Fn::Join": ["", [{"Ref": "Tenant"}, ".internal"]]}}},
    }


def destination(key: str) -> dict[str, Any]:
    """Answer where an asset goes, in whichever account."""
    return {
        "current_account-current_region": {
            "bucketName": BUCKET,
            "objectKey": key,
            "assumeRoleArn": PUBLISHER,
        }
    }


def main() -> None:
    """Write what `app.synth()` writes."""
    overflow = os.environ.get("CONTEXT_OVERFLOW_LOCATION_ENV")
    context = json.loads(Path(overflow).read_text() if overflow else os.environ["CDK_CONTEXT_JSON"])
    out = Path(os.environ["CDK_OUTDIR"])
    folder = out / f"asset.{ASSET}"
    folder.mkdir(parents=True)
    (folder / "handler.py").write_text("def handler(event, context): ...\n")
    files = {
        ASSET: {
            "displayName": "Code",
            "source": {"path": folder.name, "packaging": "zip"},
            "destinations": destination(f"{ASSET}.zip"),
        },
        TEMPLATE_ASSET: {
            "displayName": "Backend Template",
            "source": {"path": "Backend.template.json", "packaging": "file"},
            "destinations": destination(f"{TEMPLATE_ASSET}.json"),
        },
    }
    images = {"9a": {"displayName": "Image"}} if context.get("image") else {}
    stack = {
        "type": "aws:cloudformation:stack",
        "environment": context.get("environment", "aws://unknown-account/unknown-region"),
        "properties": {
            "templateFile": "Backend.template.json",
            "terminationProtection": False,
            "tags": {"made-by": "cdk"},
            "stackTemplateAssetObjectUrl": f"s3://{BUCKET}/{TEMPLATE_ASSET}.json",
            "requiresBootstrapStackVersion": 6,
            "bootstrapStackVersionSsmParameter": VERSION,
        },
        "dependencies": ["Backend.assets"],
        "displayName": "Backend",
    }
    assets = {"type": "cdk:asset-manifest", "properties": {"file": "Backend.assets.json"}}
    manifest = {
        "version": "55.0.0",
        "artifacts": {"Backend.assets": assets, "Backend": stack},
        "missing": [{"key": "vpc"}] if context.get("looks_up") else [],
    }
    written = {
        "Backend.template.json": template(context),
        "Backend.assets.json": {"version": "55.0.0", "files": files, "dockerImages": images},
        "manifest.json": manifest,
    }
    if context.get("forgets_to_synthesize"):
        return
    for name, content in written.items():
        (out / name).write_text(json.dumps(content, indent=1))
    print(f"synthesized as nobody in {os.environ['HOME']}")


if __name__ == "__main__":
    main()
