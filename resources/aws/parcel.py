"""What a script needs, on its way through S3: in no command line, and gone once it is over."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from resources.aws.connection import AwsConnection
from resources.aws.failures import AwsFailed, asked

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

TOKEN = "token"  # noqa: S105 (the name of it)
GONE = frozenset({"404", "NoSuchKey", "NotFound"})
TAKEN = frozenset({"PreconditionFailed", "ConditionalRequestConflict"})


@dataclass(frozen=True)
class Left:
    """What is there already: whose it is, and whether it was fetched."""

    token: str
    fetched: bool


class Parcel:
    """An object of a bucket, of whose name there is one. All but `discard` raise `AwsFailed`."""

    def __init__(self, connection: AwsConnection, bucket: str, name: str) -> None:
        self._connection = connection
        self.bucket = bucket
        self.name = name

    @property
    def arn(self) -> str:
        """What AWS's own services call it."""
        return f"arn:aws:s3:::{self.bucket}/{self.name}"

    @property
    def address(self) -> str:
        """What AWS's command line calls it."""
        return f"s3://{self.bucket}/{self.name}"

    async def put(self, content: bytes) -> None:
        """Lay it there, also over another."""
        s3 = await self._s3()
        await asked(s3.put_object, Bucket=self.bucket, Key=self.name, Body=content)

    async def put_first(self, content: bytes, token: str) -> bool:
        """Lay it there, and answer whether there was none; else it is left as it was."""
        s3 = await self._s3()
        try:
            await asked(
                s3.put_object,
                Bucket=self.bucket,
                Key=self.name,
                Body=content,
                Metadata={TOKEN: token},
                IfNoneMatch="*",
            )
        except AwsFailed as failed:
            if failed.code in TAKEN:
                return False
            raise
        return True

    async def left(self) -> Left | None:
        """Answer what is known of the one that is there."""
        s3 = await self._s3()
        try:
            found = await asked(s3.head_object, Bucket=self.bucket, Key=self.name)
        except AwsFailed as failed:
            if failed.code in GONE:
                return None
            raise
        return Left(found["Metadata"].get(TOKEN, ""), fetched=not found["ContentLength"])

    async def empty(self, token: str) -> None:
        """Keep only whose it is: it was fetched."""
        s3 = await self._s3()
        await asked(
            s3.put_object, Bucket=self.bucket, Key=self.name, Body=b"", Metadata={TOKEN: token}
        )

    async def content(self) -> bytes | None:
        """Answer what is in it; `None` where there is none."""
        s3 = await self._s3()
        try:
            found = await asked(s3.get_object, Bucket=self.bucket, Key=self.name)
            return await asked(found["Body"].read)
        except AwsFailed as failed:
            if failed.code in GONE:
                return None
            raise

    async def remove(self) -> None:
        """Remove it, if it is there."""
        s3 = await self._s3()
        await asked(s3.delete_object, Bucket=self.bucket, Key=self.name)

    async def discard(self) -> None:
        """Remove it where that can be done at once; the bucket forgets it otherwise."""
        with suppress(AwsFailed):
            await asyncio.shield(asyncio.ensure_future(self.remove()))

    async def _s3(self) -> "S3Client":
        return await self._connection.client("s3")
