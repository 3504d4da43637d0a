"""CloudFront forgets what a deployment replaced, once for each reference, and is waited for."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from pydantic import ValidationError

from bot.engine.engine import Engine
from bot.store.database import Database
from resources.aws import AwsConnection
from resources.aws.cloudfront import NOT_YET, ClearCloudFront, CloudFrontInvalidation
from resources.aws.failures import asked
from resources.errors import OrbitsError, StepFailed
from resources.model.pending import Pending
from resources.model.workflow import Workflow
from tests.resources.aws.lasting_invalidations import lasting_invalidations
from tests.resources.aws.leaping_clock import LeapingClock


@pytest.fixture(autouse=True)
def lasting(aws: AwsConnection) -> Iterator[None]:
    with lasting_invalidations():
        yield


@pytest.fixture
async def engine(database: Database) -> AsyncIterator[Engine]:
    """An engine that waits ten seconds at once."""
    async with Engine(database, clock=LeapingClock()) as engine:
        yield engine


@pytest.fixture
async def distribution(aws: AwsConnection) -> str:
    client = await aws.client("cloudfront")
    origin = {"Id": "site", "DomainName": "site.s3.amazonaws.com", "S3OriginConfig": {}}
    config: Any = {
        "CallerReference": "acme",
        "Origins": {
            "Quantity": 1,
            "Items": [origin | {"S3OriginConfig": {"OriginAccessIdentity": ""}}],
        },
        "DefaultCacheBehavior": {"TargetOriginId": "site", "ViewerProtocolPolicy": "allow-all"},
        "Comment": "",
        "Enabled": True,
    }
    made = await asked(client.create_distribution, DistributionConfig=config)
    return made["Distribution"]["Id"]


async def invalidations(aws: AwsConnection, distribution: str) -> int:
    client = await aws.client("cloudfront")
    found = await asked(client.list_invalidations, DistributionId=distribution)
    return found["InvalidationList"]["Quantity"]


class Deploy(Workflow):
    connection: AwsConnection
    distribution: str
    reference: str = "first"

    async def define(self) -> CloudFrontInvalidation:
        return await self.do(
            "clear-cdn",
            ClearCloudFront(
                connection=self.connection,
                distribution=self.distribution,
                paths=("/index.html", "/assets/*"),
                reference=self.reference,
            ),
        )


async def test_it_is_over_when_cloudfront_is_done(
    engine: Engine, aws: AwsConnection, distribution: str
) -> None:
    cleared = await engine.run(Deploy(connection=aws, distribution=distribution))

    assert cleared == CloudFrontInvalidation(
        id=cleared.id,
        distribution=distribution,
        reference="first",
        paths=("/index.html", "/assets/*"),
    )


async def test_one_that_was_begun_before_a_crash_is_found_again(
    aws: AwsConnection, distribution: str
) -> None:
    clear = ClearCloudFront(connection=aws, distribution=distribution, reference="first")

    before, after = await clear.start(), await clear.start()

    assert before == after
    assert await invalidations(aws, distribution) == 1


async def test_another_reference_clears_again(
    engine: Engine, aws: AwsConnection, distribution: str
) -> None:
    for reference in ("first", "second"):
        deploy = Deploy(connection=aws, distribution=distribution, reference=reference)
        await engine.run(deploy)

    assert await invalidations(aws, distribution) == 2


async def test_what_is_too_much_at_once_waits_its_turn(
    aws: AwsConnection, distribution: str
) -> None:
    paths = tuple(f"/{number}/*" for number in range(15))
    first, second = (
        ClearCloudFront(connection=aws, distribution=distribution, paths=paths, reference=name)
        for name in ("first", "second")
    )

    begun, handle = await first.start(), await second.start()
    waiting = await second.check(handle)

    assert handle == NOT_YET
    assert waiting == Pending(
        progress="waiting until CloudFront is done with earlier invalidations"
    )
    while isinstance(await first.check(begun), Pending):
        pass
    working = await second.check(handle)
    assert isinstance(working, Pending)
    assert working.progress.startswith("CloudFront works on the invalidation ")


async def test_a_distribution_that_is_not_there_is_named(
    engine: Engine, aws: AwsConnection
) -> None:
    with pytest.raises(StepFailed) as failed:
        await engine.run(Deploy(connection=aws, distribution="EGONE"))

    assert failed.value.reason == (
        "CloudFront knows no distribution EGONE in the own account in eu-west-1. Correct the id "
        "or the account, and retry. Nothing was cleared."
    )


async def test_a_reference_that_was_used_for_other_paths_is_told(
    aws: AwsConnection, distribution: str
) -> None:
    clear = ClearCloudFront(connection=aws, distribution=distribution, reference="first")
    await clear.start()

    with pytest.raises(OrbitsError) as failed:
        await clear.model_copy(update={"paths": ("/other",)}).start()

    assert str(failed.value) == (
        f"CloudFront did not clear {distribution} for first: The reference was used for other "
        "paths. Where the reference was used for other paths, make up a new one for each "
        "deployment. Nothing was cleared."
    )


@pytest.mark.parametrize(
    "paths",
    [
        (),
        ("index.html",),
        ("/a*b",),
        ("/*/x",),
        ("/a b",),
        ("/ä",),
        ("/a\n",),
        ("/" + "x" * 4_000,),
        tuple(f"/{number}/*" for number in range(16)),
        tuple(f"/{number}" for number in range(3_001)),
    ],
)
def test_paths_that_cloudfront_would_not_take_are_refused(paths: tuple[str, ...]) -> None:
    with pytest.raises(ValidationError):
        ClearCloudFront(
            connection=AwsConnection(region="eu-west-1"),
            distribution="E1",
            paths=paths,
            reference="first",
        )


@pytest.mark.parametrize("path", ["/*", "/", "/a%20b/c.html?x=1&y=2", "/~acme/$1,(2)", "/a*"])
def test_paths_of_all_kinds_are_taken(path: str) -> None:
    ClearCloudFront(
        connection=AwsConnection(region="eu-west-1"),
        distribution="E1",
        paths=(path,),
        reference="first",
    )
