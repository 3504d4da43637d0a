"""What is said of scripts that ECS does not run, or that a task cannot carry."""

from datetime import timedelta

from bot.engine.engine import Engine
from resources.executors import Script
from tests.resources.aws.script_places import Cluster, failure


async def test_an_image_that_cannot_be_pulled_is_told(cluster: Cluster, engine: Engine) -> None:
    told = await failure(cluster, engine, Script(argv=("true",)), image="missing:1")

    before, _, after = told.partition(" of tenants: ")
    assert before.startswith("`true` could not be started: ECS said of the ECS task ")
    assert after == (
        "CannotPullContainerError: missing:1: not found. See that the image is there, that the "
        "execution role may pull it, and that the subnets reach its registry."
    )


async def test_too_little_memory_is_told(cluster: Cluster, engine: Engine) -> None:
    told = await failure(
        cluster, engine, Script(argv=("true",)), image="hungry:1", log_lags=timedelta(0)
    )

    assert told.endswith(
        " of tenants, and was lost: its container ended with 137, and ECS said: Essential "
        "container in task exited; OutOfMemoryError: Container killed due to memory usage. Grant "
        "the task definition more memory, and retry. It printed nothing."
    )


async def test_a_task_that_does_not_begin_is_stopped_and_told(
    cluster: Cluster, engine: Engine
) -> None:
    told = await failure(
        cluster,
        engine,
        Script(argv=("true",)),
        image="stuck:1",
        starts_within=timedelta(seconds=0.2),
    )

    assert told.endswith(
        " of tenants did not run within 0.2 seconds, and was stopped. See the events of the "
        "cluster in ECS, and retry."
    )
    assert [task["lastStatus"] for task in await cluster.tasks()] == ["STOPPED"]
    assert await cluster.objects() == []


async def test_a_cluster_without_room_is_told(cluster: Cluster, engine: Engine) -> None:
    told = await failure(cluster, engine, Script(argv=("true",)), image="full:1")

    assert told == (
        "`true` could not be started: ECS did not place a task in tenants: it did not say why. "
        "See the events of the cluster in ECS, and retry."
    )
    assert await cluster.objects() == []


async def test_what_a_task_cannot_carry_is_refused(cluster: Cluster, engine: Engine) -> None:
    files = await failure(cluster, engine, Script(argv=("true",), outputs=("plan",)))
    large = await failure(cluster, engine, Script(argv=("true",), stdin="x" * 400_000))

    assert files == (
        "`true` could not be started: a task of ECS brings no files back. Let the script put them "
        "into a bucket, or print them."
    )
    assert large == (
        "`true` could not be started: it brings more than the 400,000 bytes that a task of ECS can "
        "take. Put what is large into the image, or into a bucket from which the script takes it."
    )
    assert await cluster.tasks() == []


async def test_a_cluster_or_a_definition_that_is_not_there_is_told(
    cluster: Cluster, engine: Engine
) -> None:
    nowhere = await failure(cluster, engine, Script(argv=("true",)), cluster="moon")
    unknown = await failure(cluster, engine, Script(argv=("true",)), task_definition="gone:7")
    other = await failure(cluster, engine, Script(argv=("true",)), container="sidecar")

    assert nowhere == (
        "`true` could not be started: AWS refused RunTask: ClusterNotFoundException: Cluster not "
        "found. Correct what it names, and retry."
    )
    assert "AWS refused DescribeTaskDefinition: ClientException" in unknown
    assert "has no container `sidecar`. Correct the executor, or the definition." in other
    assert await cluster.objects() == []
