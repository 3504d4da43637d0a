"""What is said of scripts that ECS does not run, or that a task cannot carry."""

from datetime import timedelta

from bot.engine.engine import Engine
from resources.executors import Script
from tests.resources.aws.script_places import Cluster, failure
from tests.resources.aws.working_ecs import WorkingEcs


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


async def test_a_task_is_not_lost_where_ecs_is_busy_while_it_waits_to_run(
    cluster: Cluster, engine: Engine
) -> None:
    executor = cluster.executor(await cluster.registered(engine))
    WorkingEcs.busy = 3

    assert (await executor.execute(Script(argv=("echo", "here")))).output == "here\n"
    assert WorkingEcs.busy == 0


async def test_a_task_of_which_ecs_says_nothing_for_too_long_is_told_as_lost(
    cluster: Cluster, engine: Engine
) -> None:
    WorkingEcs.busy = 3

    told = await failure(cluster, engine, Script(argv=("true",)), patience=timedelta(0))

    assert "`true` was begun on the ECS task " in told
    assert told.endswith(
        " of tenants, and was lost: AWS refused DescribeTasks: ServerException: Service "
        "Unavailable. Please try again later. It was asked several times; retry later. It printed "
        "nothing."
    )


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
        "found. See that the cluster `moon` is there, in the account and the region that are "
        "asked, or name the right one, and retry."
    )
    assert unknown == (
        "`true` could not be started: AWS refused DescribeTaskDefinition: ClientException: Unable "
        "to describe task definition. See that the task definition `gone:7` is there, in the "
        "account and the region that are asked, or name the right one, and retry."
    )
    assert "has no container `sidecar`. Correct the executor, or the definition." in other
    assert await cluster.objects() == []
