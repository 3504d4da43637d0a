"""The task definition in which scripts run: registered once, seen to change, and withdrawn."""

from typing import Any

import pytest

from bot.engine.engine import Engine
from resources.aws import AwsConnection
from resources.aws.ecs.definition import EcsTask, EcsTaskDefinition
from resources.aws.ecs.task import Where, refusal
from resources.aws.failures import asked
from resources.errors import OrbitsError
from resources.model.resource import Difference
from tests.resources.aws.script_places import ROLE, Cluster

ARN = "arn:aws:ecs:eu-west-1:123456789012:task-definition/acme-scripts"


async def revisions(cluster: Cluster) -> list[str]:
    ecs = await cluster.connection.client("ecs")
    found = await asked(ecs.list_task_definitions, familyPrefix="acme-scripts")
    return [arn.rpartition(":")[2] for arn in found["taskDefinitionArns"]]


async def test_it_is_registered_with_its_log_group(cluster: Cluster, engine: Engine) -> None:
    task = await cluster.registered(engine)

    assert task == EcsTask(definition=f"{ARN}:1", container="script")
    logs = await cluster.connection.client("logs")
    groups = await asked(logs.describe_log_groups)
    assert [group["logGroupName"] for group in groups["logGroups"]] == ["/orbits/acme-scripts"]


async def test_a_change_is_a_new_revision_and_no_change_is_none(
    cluster: Cluster, engine: Engine
) -> None:
    await cluster.registered(engine)
    await engine.run(cluster.definition(), force=True)
    changed = cluster.definition(memory=1024)

    plan = await engine.run(changed, command="plan")
    await engine.run(changed)

    assert plan.changes == (
        Difference(path="memory", desired="1024", observed="512"),
        Difference(path="container/memory", desired=1024, observed=512),
    )
    assert await changed.output() == EcsTask(definition=f"{ARN}:2", container="script")


async def test_what_a_crash_left_registered_is_taken(cluster: Cluster, engine: Engine) -> None:
    # Registered, and not recorded.
    definition = cluster.definition()
    ecs: Any = await cluster.connection.client("ecs")
    await asked(ecs.register_task_definition, family="acme-scripts", **definition._desired())

    await engine.run(definition)

    assert await revisions(cluster) == ["1"]


async def test_a_change_behind_its_back_is_drift_and_is_put_right(
    cluster: Cluster, engine: Engine
) -> None:
    await cluster.registered(engine)
    ecs: Any = await cluster.connection.client("ecs")
    other = cluster.definition(image="crypto-miner:1", task_role=ROLE)
    await asked(ecs.register_task_definition, family="acme-scripts", **other._desired())

    drift = await engine.run(cluster.definition(), command="cycle")
    await engine.run(cluster.definition())

    assert drift == [
        Difference(path="container/image", desired="alpine:3", observed="crypto-miner:1"),
        Difference(path="taskRoleArn", desired=None, observed=ROLE),
    ]
    assert await engine.run(cluster.definition(), command="cycle") == []
    assert await revisions(cluster) == ["1", "2", "3"]


async def test_uninstalling_withdraws_all_revisions(cluster: Cluster, engine: Engine) -> None:
    await cluster.registered(engine)
    await engine.run(cluster.definition(cpu=512))

    await engine.run(cluster.definition(), command="uninstall")

    ecs = await cluster.connection.client("ecs")
    for number in (1, 2):
        found = await asked(ecs.describe_task_definition, taskDefinition=f"{ARN}:{number}")
        assert found["taskDefinition"]["status"] == "INACTIVE"
    with pytest.raises(OrbitsError) as failed:
        await cluster.definition().output()
    assert str(failed.value) == (
        "ECS has no active task definition acme-scripts in the own account in eu-west-1. Install "
        "it, and retry."
    )


def test_tenants_do_not_share_what_has_the_same_name() -> None:
    agency = AwsConnection(region="eu-west-1")
    definitions = [
        EcsTaskDefinition(connection=each, family="scripts", image="a", execution_role=ROLE)
        for each in (agency, agency.inside("111122223333"))
    ]

    assert [definition.identity() for definition in definitions] == [
        "ecs-task-definition-own-eu-west-1-scripts",
        "ecs-task-definition-111122223333-eu-west-1-scripts",
    ]


@pytest.mark.parametrize(
    ("reason", "act"),
    [
        (
            "RESOURCE:MEMORY",
            "Add instances to the cluster, or ask for less in the task definition.",
        ),
        ("AGENT", "See that the ECS agents of the cluster's instances are connected."),
        (
            "Capacity is unavailable at this time",
            "AWS has no room just now; retry, or name subnets in other zones.",
        ),
        ("?", "See the events of the cluster in ECS, and retry."),
    ],
)
def test_why_ecs_has_no_room_is_told(reason: str, act: str) -> None:
    where = Where("tenants", "acme-scripts", "script", "EC2", (), (), public_address=False)

    told = refusal([{"reason": reason, "detail": "in eu-west-1a"}], where)

    assert told == f"ECS did not place a task in tenants: {reason}: in eu-west-1a. {act}"
