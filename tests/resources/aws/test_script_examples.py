"""The examples in the docstrings of what runs scripts in AWS and clears its caches."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import resources.aws
from bot.engine.engine import Engine
from bot.store.database import Database
from resources.aws import ClearCloudFront, EcsExecutor, EcsTaskDefinition, SsmExecutor
from resources.executors import LocalExecutor
from tests.resources.aws.leaping_clock import LeapingClock
from tests.resources.aws.script_places import SOON, Cluster, Host
from tests.resources.aws.test_cloudfront import distribution  # noqa: F401 (a fixture)
from tests.resources.executors.test_examples import run_example
from tests.resources.test_library_examples import Words, example_of


@pytest.fixture
def words(tmp_path: Path) -> Words:
    words = Words(tmp_path, LocalExecutor())
    words.known |= vars(resources.aws)
    return words


@pytest.fixture
async def engine(database: Database, words: Words) -> AsyncIterator[Engine]:
    async with Engine(database, clock=LeapingClock(), given=[words]) as engine:
        yield engine


async def test_the_example_of_the_ecs_executor(cluster: Cluster, engine: Engine) -> None:
    class Here(EcsExecutor):
        every: timedelta = SOON

    await run_example(
        EcsExecutor,
        EcsExecutor=Here,
        connection=cluster.connection,
        task=await cluster.registered(engine),
        subnets=(cluster.subnet,),
    )


async def test_the_example_of_the_ssm_executor(host: Host) -> None:
    class Here(SsmExecutor):
        every: timedelta = SOON
        folder: str = str(host.folder)

    await run_example(SsmExecutor, SsmExecutor=Here, connection=host.connection)


async def test_the_example_of_the_task_definition(
    cluster: Cluster, engine: Engine, words: Words
) -> None:
    words.known["connection"] = cluster.connection

    await engine.run(example_of(EcsTaskDefinition))

    image = (await cluster.definition().output()).definition
    assert image.endswith(":task-definition/acme-scripts:1")


async def test_the_example_of_the_cleared_cache(
    aws: resources.aws.AwsConnection,
    distribution: Any,  # noqa: F811
    engine: Engine,
    words: Words,
) -> None:
    words.known |= {"connection": aws, "distribution": distribution, "made_up": "first"}

    await engine.run(example_of(ClearCloudFront))
