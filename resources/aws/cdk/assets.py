"""Files that a stack of the CDK needs, put into the bucket of the account that it goes to."""

import asyncio
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, NamedTuple

from resources.aws.cdk.assembly import AssembledStack, FileAsset
from resources.aws.connection import AwsConnection
from resources.aws.failures import AwsFailed, asked
from resources.errors import Refused

OLDEST = (1980, 1, 1, 0, 0, 0)
"""The time of each file in an archive, so that equal folders make equal archives."""


class Place(NamedTuple):
    """The account and region in which a stack is."""

    connection: AwsConnection
    account: str
    partition: str

    @classmethod
    async def of(cls, connection: AwsConnection) -> "Place":
        """Ask AWS which account it is."""
        client = await connection.client("sts")
        caller = await asked(client.get_caller_identity)
        return cls(connection, caller["Account"], caller["Arn"].split(":")[1])

    def filled(self, text: str) -> str:
        """Answer a text of an assembly with what it leaves open."""
        values = {
            "${AWS::AccountId}": self.account,
            "${AWS::Region}": self.connection.region,
            "${AWS::Partition}": self.partition,
        }
        for name, value in values.items():
            text = text.replace(name, value)
        return text

    def demand_meant(self, stack: AssembledStack) -> None:
        """Refuse a stack that its app has bound to another account or region."""
        account, region = stack.environment.removeprefix("aws://").split("/")
        fits = account in {"unknown-account", self.account}
        if not (fits and region in {"unknown-region", self.connection.region}):
            raise Refused(
                f"The stack `{stack.name}` is not deployed to aws://{self.account}/"
                f"{self.connection.region}: its app binds it to {stack.environment}. Leave `env` "
                "of the stack out, so that it is for all tenants. Nothing was changed."
            )

    async def demand_bootstrapped(self, stack: AssembledStack) -> None:
        """Refuse an account that was not made ready for the CDK, where the stack needs that."""
        if stack.bootstrap is None:
            return
        client = await self.connection.client("ssm")
        try:
            await asked(client.get_parameter, Name=stack.bootstrap)
        except AwsFailed as failed:
            if failed.code != "ParameterNotFound":
                raise
            raise Refused(
                f"The stack `{stack.name}` is not deployed: the account {self.account} was not "
                f"made ready for the CDK in {self.connection.region}. Run `npx cdk bootstrap "
                f"aws://{self.account}/{self.connection.region}`, or let the stack use the "
                "`BootstraplessSynthesizer`, and retry. Nothing was changed."
            ) from failed


async def publish(asset: FileAsset, place: Place, log: Callable[[str], None]) -> None:
    """Put a file where it belongs, unless it is there: its name tells its content."""
    bucket, key = place.filled(asset.bucket), place.filled(asset.key)
    connection = place.connection
    if asset.role is not None:
        roles = (*connection.roles, place.filled(asset.role))
        connection = connection.model_copy(
            update={"roles": roles, "external_id": asset.external_id or connection.external_id}
        )
    client = await connection.client("s3")
    there = await asked(client.list_objects_v2, Bucket=bucket, Prefix=key, MaxKeys=1)
    if any(each.get("Key") == key for each in there.get("Contents", [])):
        return
    with tempfile.TemporaryFile() as file:
        await asyncio.to_thread(_write, asset, file)
        size = file.tell()
        file.seek(0)
        await asked(client.put_object, Bucket=bucket, Key=key, Body=file)
    log(f"Published {asset.path.name} to {bucket}: {size:,} bytes.\n")


def _write(asset: FileAsset, file: IO[bytes]) -> None:
    if not asset.zipped:
        file.write(asset.path.read_bytes())
    elif asset.path.is_file():
        _zip([asset.path], asset.path.parent, file)
    else:
        inside = sorted(path for path in asset.path.rglob("*") if path.is_file())
        _zip(inside, asset.path, file)


def _zip(paths: list[Path], folder: Path, file: IO[bytes]) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in paths:
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), OLDEST)
            entry.external_attr = (path.stat().st_mode & 0xFFFF) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, path.read_bytes())
