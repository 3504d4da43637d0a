"""Where scripts run in AWS, as far as this machine can play it: a cluster, and a host of SSM."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.ec2.models import ec2_backends

from bot.engine.engine import Engine
from resources.aws import AwsConnection
from resources.aws.ecs.definition import EcsTask, EcsTaskDefinition
from resources.aws.ecs.executor import EcsExecutor
from resources.aws.failures import asked
from resources.aws.ssm.executor import SsmExecutor
from resources.errors import ScriptFailed
from resources.executors import Script
from tests.resources.aws.working_ssm import HERE

BUCKET = "acme-scripts"
ROLE = "arn:aws:iam::123456789012:role/acme-scripts"
SOON = timedelta(milliseconds=25)


@dataclass(frozen=True)
class Place:
    """A bucket in an account, and what can be asked of it."""

    connection: AwsConnection

    async def prepare(self) -> None:
        s3 = await self.connection.client("s3")
        where: Any = {"LocationConstraint": self.connection.region}
        await asked(s3.create_bucket, Bucket=BUCKET, CreateBucketConfiguration=where)

    async def objects(self) -> list[str]:
        s3 = await self.connection.client("s3")
        found = await asked(s3.list_objects_v2, Bucket=BUCKET)
        return [each["Key"] for each in found.get("Contents", [])]


@dataclass(frozen=True)
class Cluster(Place):
    """A cluster of ECS with room for tasks, whose containers are programs of this machine."""

    async def prepare(self) -> None:
        await super().prepare()
        ecs = await self.connection.client("ecs")
        await asked(ecs.create_cluster, clusterName="tenants")

    @property
    def subnet(self) -> str:
        network = ec2_backends[DEFAULT_ACCOUNT_ID][self.connection.region]
        return str(next(iter(network.get_default_subnets().values())).id)

    def definition(self, **options: Any) -> EcsTaskDefinition:
        given: dict[str, Any] = {
            "connection": self.connection,
            "family": "acme-scripts",
            "image": "alpine:3",
            "execution_role": ROLE,
            "grace": 2,
        }
        return EcsTaskDefinition(**given | options)

    async def registered(self, engine: Engine, **options: Any) -> EcsTask:
        """Have a task definition."""
        await engine.run(self.definition(**options))
        return await self.definition(**options).output()

    def executor(self, task: EcsTask, **options: Any) -> EcsExecutor:
        given: dict[str, Any] = {
            "connection": self.connection,
            "cluster": "tenants",
            "task_definition": task.definition,
            "bucket": BUCKET,
            "subnets": (self.subnet,),
            "every": SOON,
        }
        return EcsExecutor(**given | options)

    async def tasks(self) -> list[Any]:
        """All tasks, as whoever may look sees them."""
        ecs = await self.connection.client("ecs")
        arns: list[str] = []
        states: tuple[Any, ...] = ("RUNNING", "STOPPED")
        for state in states:
            found = await asked(ecs.list_tasks, cluster="tenants", desiredStatus=state)
            arns += found["taskArns"]
        if not arns:
            return []
        described = await asked(ecs.describe_tasks, cluster="tenants", tasks=arns)
        return list(described["tasks"])


@dataclass(frozen=True)
class Host(Place):
    """A host that SSM reaches: this machine."""

    folder: Path

    def executor(self, **options: Any) -> SsmExecutor:
        given: dict[str, Any] = {
            "connection": self.connection,
            "instance": HERE,
            "bucket": BUCKET,
            "folder": str(self.folder),
            "every": SOON,
        }
        return SsmExecutor(**given | options)


async def failure(place: Cluster, engine: Engine, script: Script, **options: object) -> str:
    """Answer what is said of a script that fails as a task of ECS."""
    image = options.pop("image", "alpine:3")
    task = await place.registered(engine, image=image)
    with pytest.raises(ScriptFailed) as failed:
        await place.executor(task, **options).execute(script)
    return str(failed.value)
