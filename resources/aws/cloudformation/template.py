"""A template's file, and everything else that is asked of a stack."""

import asyncio
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, NamedTuple, TypedDict

from pydantic import BaseModel, ConfigDict

from resources.aws.cloudformation.stack_state import StackAddress
from resources.aws.failures import asked
from resources.errors import Refused
from resources.secrets import Secret

Capability = Literal["CAPABILITY_AUTO_EXPAND", "CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"]

LARGEST_SENT = 51_200
LARGEST_IN_BUCKET = 1_000_000
"""Bytes of a template: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html"""


class Template(NamedTuple):
    """The text of a template, and its SHA-256."""

    text: str
    digest: str


class TemplateArgument(TypedDict, total=False):
    """How a template is handed to AWS: its text, or where it is."""

    TemplateBody: str
    TemplateURL: str


class StackRequest(BaseModel):
    """What a stack should be: its template, and the values for it; no secret's value is in it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    address: StackAddress
    template: Path
    sha256: str
    bucket: str | None
    parameters: Mapping[str, str]
    secrets: Mapping[str, Secret]
    tags: Mapping[str, str]
    capabilities: tuple[Capability, ...]

    async def read(self) -> Template:
        """Answer the template; raises `Refused` where it is missing, another one or too large."""
        return await asyncio.to_thread(self._read)

    async def handed(self, template: Template) -> TemplateArgument:
        """Answer how AWS is given the template; a large one is put into the bucket first."""
        if len(template.text.encode()) <= LARGEST_SENT or self.bucket is None:
            return {"TemplateBody": template.text}
        client = await self.address.connection.client("s3")
        key = f"orbits/templates/{template.digest}.template"
        await asked(client.put_object, Bucket=self.bucket, Key=key, Body=template.text.encode())
        return {"TemplateURL": f"{client.meta.endpoint_url}/{self.bucket}/{key}"}

    def fingerprint(self, template: Template) -> str:
        """Answer what tells apart requests for other things."""
        asked_for = f"{self.model_dump_json()}\0{template.digest}"
        return hashlib.sha256(asked_for.encode()).hexdigest()

    def _read(self) -> Template:
        try:
            content = self.template.read_bytes()
            text = content.decode()
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
            raise self._refused(f"{self.template} could not be read: {why}") from None
        if not content:
            raise self._refused(f"{self.template} could not be read: it is empty")
        digest = hashlib.sha256(content).hexdigest()
        if self.sha256 not in {"", digest}:
            raise self._refused(
                f"{self.template} is not what was asked for: its SHA-256 is {digest}, and not "
                f"{self.sha256}"
            )
        most = LARGEST_SENT if self.bucket is None else LARGEST_IN_BUCKET
        if len(content) > most:
            way = " without a bucket. Name one of its region as `bucket`" * (self.bucket is None)
            raise self._refused(
                f"{self.template} has {len(content):,} bytes, and AWS takes {most:,}{way}"
            )
        return Template(text, digest)

    def _refused(self, why: str) -> Refused:
        return Refused(f"The stack {self.address} has no template: {why}. Nothing was changed.")
