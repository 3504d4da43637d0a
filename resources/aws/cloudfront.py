"""Old files that CloudFront still serves: what to forget of them, and the wait until it has."""

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field, field_validator

from resources.aws.connection import AwsConnection
from resources.aws.failures import AwsFailed, asked
from resources.errors import OrbitsError
from resources.model.action import LongAction
from resources.model.pending import Pending

if TYPE_CHECKING:
    from mypy_boto3_cloudfront import CloudFrontClient
    from mypy_boto3_cloudfront.type_defs import InvalidationTypeDef

MOST_PATHS, MOST_WILDCARDS, LONGEST_PATH = 3_000, 15, 4_000
"""What may be in progress for one distribution, and how long a path is: see the page
"Invalidate files" of CloudFront's developer guide."""

NOT_YET = ""
"""The handle of what AWS would not begin, because too much of the kind is in progress."""

_PATH = re.compile(r"/[A-Za-z0-9\-._~!$&'()+,;=:@%/?]*\*?")


class CloudFrontInvalidation(BaseModel):
    """One clearing of a distribution: its id, who asked by which reference, and for what."""

    model_config = ConfigDict(frozen=True)

    id: str
    distribution: str
    reference: str
    paths: tuple[str, ...]


class ClearCloudFront(LongAction):
    """Have a CloudFront distribution forget what matches, and wait until it has everywhere.

        await self.do("clear-cdn", ClearCloudFront(
            connection=connection, distribution=distribution, paths=("/*",), reference=made_up,
        ))

    A path begins with `/`, and may end with `*`; what a URL may not hold is written as in URLs
    (`%20`). AWS counts a path with `*` as one, so `/*` is the cheapest. A reference is good for
    one invalidation: the second asking answers the first one, which is how one that was begun
    before a crash is found again. So make up a new one for each deployment, not for each
    revision, or going back to an earlier revision clears nothing.

    AWS works on 3,000 paths, and 15 with `*`, at once for a distribution: what is more waits.
    """

    repeatable: ClassVar[bool] = True
    timeout: ClassVar[timedelta | None] = timedelta(hours=1)

    connection: AwsConnection
    distribution: Annotated[str, Field(pattern=r"^[A-Z0-9]+$")]
    paths: Annotated[tuple[str, ...], Field(min_length=1, max_length=MOST_PATHS)] = ("/*",)
    reference: Annotated[str, Field(min_length=1, max_length=128)]

    @field_validator("paths")
    @classmethod
    def _are_paths(cls, paths: tuple[str, ...]) -> tuple[str, ...]:
        for path in paths:
            if not _PATH.fullmatch(path) or len(path) > LONGEST_PATH:
                raise ValueError(
                    f"{path[:200]!r} is no path of CloudFront: it begins with `/`, has `*` only at "
                    f"its end, at most {LONGEST_PATH:,} characters, and `%20` for a blank"
                )
        if sum(path.endswith("*") for path in paths) > MOST_WILDCARDS:
            raise ValueError(f"CloudFront takes at most {MOST_WILDCARDS} paths that end with `*`")
        return paths

    async def start(self) -> str:
        """Ask for it, and answer its id; empty where AWS has too much of the kind to do."""
        asked_for = await self._ask()
        return NOT_YET if asked_for is None else asked_for["Id"]

    async def check(self, handle: str) -> CloudFrontInvalidation | Pending:
        """Answer the invalidation once it is everywhere; raises `AwsFailed`, `OrbitsError`."""
        found = await (self._ask() if handle == NOT_YET else self._look(handle))
        if found is None:
            return Pending(progress="waiting until CloudFront is done with earlier invalidations")
        # moto writes it in capitals.
        if found["Status"].lower() != "completed":
            return Pending(progress=f"CloudFront works on the invalidation {found['Id']}")
        return CloudFrontInvalidation(
            id=found["Id"],
            distribution=self.distribution,
            reference=self.reference,
            paths=tuple(found["InvalidationBatch"]["Paths"].get("Items", self.paths)),
        )

    async def _ask(self) -> "InvalidationTypeDef | None":
        """Answer the invalidation of this reference, begun unless it was; `None`: not now."""
        client = await self._client()
        try:
            answer = await asked(
                client.create_invalidation,
                DistributionId=self.distribution,
                InvalidationBatch={
                    "Paths": {"Quantity": len(self.paths), "Items": list(self.paths)},
                    "CallerReference": self.reference,
                },
            )
        except AwsFailed as failed:
            if failed.code == "TooManyInvalidationsInProgress":
                return None
            raise self._explained(failed) from failed
        return answer["Invalidation"]

    async def _look(self, handle: str) -> "InvalidationTypeDef":
        client = await self._client()
        try:
            answer = await asked(
                client.get_invalidation, DistributionId=self.distribution, Id=handle
            )
        except AwsFailed as failed:
            raise self._explained(failed) from failed
        return answer["Invalidation"]

    async def _client(self) -> "CloudFrontClient":
        return await self.connection.client("cloudfront")

    def _explained(self, failed: AwsFailed) -> OrbitsError:
        match failed.code:
            case "NoSuchDistribution":
                return OrbitsError(
                    f"CloudFront knows no distribution {self.distribution} in {self.connection}. "
                    "Correct the id or the account, and retry. Nothing was cleared."
                )
            case "InvalidationBatchAlreadyExists" | "InvalidArgument":
                return OrbitsError(
                    f"CloudFront did not clear {self.distribution} for {self.reference}: "
                    f"{failed.said} Where the reference was used for other paths, make up a new "
                    "one for each deployment. Nothing was cleared."
                )
        return failed
