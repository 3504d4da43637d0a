"""What an app of the CDK has made: stacks with their templates, and the files that these need.

https://github.com/aws/aws-cdk-cli/tree/main/packages/%40aws-cdk/cloud-assembly-schema
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from resources.errors import Refused

MANIFEST = "manifest.json"
ANYWHERE = "aws://unknown-account/unknown-region"


class FileAsset(BaseModel):
    """A file, or a folder to be zipped, and where it belongs; `${AWS::...}` are filled in there."""

    model_config = ConfigDict(frozen=True)

    path: Path
    zipped: bool
    bucket: str
    key: str
    role: str | None = None
    external_id: str | None = None


class AssembledStack(BaseModel):
    """A stack as the app describes it.

    `environment` is `aws://account/region`, of which `unknown-...` is any. `bucket` is where its
    assets go, and `bootstrap` the parameter that tells an account that has such a bucket.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    template: Path
    environment: str = ANYWHERE
    tags: Mapping[str, str] = {}
    protected: bool = False
    bucket: str | None = None
    bootstrap: str | None = None
    assets: tuple[FileAsset, ...] = ()


class CloudAssembly(BaseModel):
    """The folder that an app of the CDK has written."""

    model_config = ConfigDict(frozen=True)

    path: Path

    def flaw(self) -> str | None:
        """Answer in words why it is not as the CDK writes it; `None` where it is whole."""
        try:
            for folder, manifest in _manifests(self.path):
                for artifact in manifest.get("artifacts", {}).values():
                    _demand_whole(folder, artifact)
        except _NotWhole as flaw:
            return str(flaw)
        except (LookupError, TypeError, AttributeError) as error:
            return f"it is written otherwise ({type(error).__name__}: {error})"
        return None

    def stack(self, name: str) -> AssembledStack:
        """Answer a stack by its id in the app, or its path such as `Prod/Backend`.

        Raises `Refused` where there is none, it needs what only the CDK's own tool can do, or
        the folder is not whole.
        """
        if flaw := self.flaw():
            raise Refused(
                f"The stack `{name}` cannot be read: the cloud assembly in {self.path} is not "
                f"whole: {flaw}. Retry, which makes it anew. Nothing was changed."
            )
        found = {}
        for folder, manifest in _manifests(self.path):
            artifacts = manifest.get("artifacts", {})
            for key, artifact in artifacts.items():
                if artifact["type"] == "aws:cloudformation:stack":
                    shown = artifact.get("displayName", key)
                    found[shown] = (folder, manifest, key)
                    if name in {key, shown}:
                        return _assembled(folder, manifest, key, name)
        there = ", ".join(f"`{each}`" for each in sorted(found)) or "none"
        raise Refused(
            f"The app of the CDK has no stack `{name}`; it has {there}. Name one of these. Nothing "
            "was changed."
        )


class _NotWhole(Exception):
    """A file of an assembly is missing or broken."""


def _read(folder: Path, name: str) -> dict[str, Any]:
    try:
        read = json.loads((folder / name).read_bytes())
    except FileNotFoundError:
        raise _NotWhole(f"it has no {name}") from None
    except ValueError as error:
        raise _NotWhole(f"its {name} is no JSON ({error})") from None
    if not isinstance(read, dict):
        raise _NotWhole(f"its {name} is no JSON object")
    return read


def _demand_whole(folder: Path, artifact: dict[str, Any]) -> None:
    """Demand the files that an artifact names."""
    named = []
    if artifact["type"] == "aws:cloudformation:stack":
        named = [artifact["properties"]["templateFile"]]
    elif artifact["type"] == "cdk:asset-manifest":
        assets = _read(folder, artifact["properties"]["file"]).get("files", {})
        named = [each["source"].get("path", "") for each in assets.values()]
    for name in named:
        if not (folder / name).exists():
            raise _NotWhole(f"it has no {name}")


def _manifests(folder: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Answer the manifest, and those of the stages in it, with their folders."""
    manifest = _read(folder, MANIFEST)
    yield folder, manifest
    for artifact in manifest.get("artifacts", {}).values():
        if artifact["type"] == "cdk:cloud-assembly":
            yield from _manifests(folder / artifact["properties"]["directoryName"])


def _assembled(folder: Path, manifest: dict[str, Any], key: str, name: str) -> AssembledStack:
    if manifest.get("missing"):
        looked_up = ", ".join(f"`{each['key']}`" for each in manifest["missing"])
        raise Refused(
            f"The stack `{name}` cannot be synthesized for all tenants: its app looks up "
            f"{looked_up} in an account. Make these parameters of the stack, or commit the "
            "cdk.context.json that has them. Nothing was changed."
        )
    artifact = manifest["artifacts"][key]
    properties = artifact["properties"]
    template = properties["templateFile"]
    assets: list[FileAsset] = []
    for each in artifact.get("dependencies", []):
        other = manifest["artifacts"].get(each, {})
        if other.get("type") == "cdk:asset-manifest":
            assets += _assets(folder, other["properties"]["file"], template, name)
    at = properties.get("stackTemplateAssetObjectUrl", "")
    return AssembledStack(
        name=name,
        template=folder / template,
        environment=artifact.get("environment", ANYWHERE),
        tags=properties.get("tags", {}),
        protected=bool(properties.get("terminationProtection")),
        bucket=at.removeprefix("s3://").partition("/")[0] or None,
        bootstrap=properties.get("bootstrapStackVersionSsmParameter"),
        assets=tuple(assets),
    )


def _assets(folder: Path, file: str, template: str, name: str) -> Iterator[FileAsset]:
    """Answer all files but the template itself, which is handed over in another way."""
    manifest = _read(folder, file)
    if images := manifest.get("dockerImages"):
        shown = ", ".join(f"`{each.get('displayName', key)}`" for key, each in images.items())
        raise Refused(
            f"The stack `{name}` needs images to be built: {shown}. Build and push them where "
            "Docker runs, and make their addresses parameters of the stack. Nothing was changed."
        )
    for key, asset in manifest.get("files", {}).items():
        source = asset["source"]
        if "path" not in source:
            raise Refused(
                f"The asset `{asset.get('displayName', key)}` of the stack `{name}` is made by a "
                "program while it is published. Let the app itself bundle it. Nothing was changed."
            )
        if source["path"] == template:
            continue
        for destination in asset["destinations"].values():
            yield FileAsset(
                path=folder / source["path"],
                zipped=source.get("packaging") == "zip",
                bucket=destination["bucketName"],
                key=destination["objectKey"],
                role=destination.get("assumeRoleArn"),
                external_id=destination.get("assumeRoleExternalId"),
            )
