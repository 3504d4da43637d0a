"""What a task of ECS is made of: an image, its size, its roles, and the log that it writes."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from resources.aws.connection import AwsConnection
from resources.aws.failures import AwsFailed, asked
from resources.errors import OrbitsError
from resources.model.resource import Difference, Plan, Resource

if TYPE_CHECKING:
    from mypy_boto3_ecs import ECSClient

UNKNOWN = "ClientException"
FIELDS = (
    *("networkMode", "requiresCompatibilities", "cpu", "memory"),
    *("executionRoleArn", "taskRoleArn"),
)
OF_THE_CONTAINER = (
    *("name", "image", "entryPoint", "user", "memory", "stopTimeout", "logConfiguration"),
)


class EcsTask(BaseModel):
    """A task definition by its ARN with its revision, and the container in it for scripts."""

    model_config = ConfigDict(frozen=True)

    definition: str
    container: str


class EcsTaskDefinition(Resource):
    """The task definition in which `EcsExecutor` runs scripts, and the log group that it needs.

        task = await self.do("script-task", EcsTaskDefinition(
            connection=connection, family="acme-scripts", image="postgres:17-alpine",
            execution_role="arn:aws:iam::123456789012:role/acme-scripts",
        ))

    `cpu` (1,024 is one) and `memory` (MiB) are what Fargate has together, see "Task size" in the
    developer guide of ECS. The execution role is ECS's own, for the image, the log and what a
    script needs; the task role is what the scripts may do in the account, nothing by default.

    Each change is a new revision of the family; ECS keeps the others. Uninstalling withdraws them
    all, so that nothing begins any more, and leaves the log group.
    """

    connection: AwsConnection
    family: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,254}$")]
    image: str
    execution_role: str
    task_role: str | None = None
    launch_type: Literal["FARGATE", "EC2"] = "FARGATE"
    cpu: Annotated[int, Field(ge=128)] = 256
    memory: Annotated[int, Field(ge=256)] = 512
    user: str | None = None
    """As whom the image runs, such as `65534:65534`, where not as it says itself."""
    grace: Annotated[int, Field(ge=2, le=120)] = 30
    """How many seconds a script has to end by itself when it must."""
    container: str = "script"

    def identity(self) -> str:
        """Answer `ecs-task-definition-{account}-{region}-{family}`."""
        roles = self.connection.roles
        account = roles[-1].split(":")[4] if roles else "own"
        return f"ecs-task-definition-{account}-{self.connection.region}-{self.family}"

    async def output(self) -> EcsTask:
        """Answer the newest revision; raises `AwsFailed`, and `OrbitsError` where there is none."""
        newest = await self._newest()
        if newest is None:
            raise OrbitsError(
                f"ECS has no active task definition {self.family} in {self.connection}. Install "
                "it, and retry."
            )
        return EcsTask(definition=newest["taskDefinitionArn"], container=self.container)

    async def define_install(self) -> None:
        """Make the log group and the first revision."""
        await self.define_update()

    async def define_update(self) -> None:
        """Register a revision, unless the newest is as it should be."""
        await self.do("log-group", self._make_log_group)
        await self.do("register", self._register)

    async def define_uninstall(self) -> None:
        """Withdraw all revisions."""
        await self.do("deregister", self._deregister)

    async def define_plan(self) -> Plan:
        """Answer in what a new revision would differ from the newest."""
        return Plan(changes=tuple(await self._differences()))

    async def define_cycle(self) -> list[Difference]:
        """Answer in what the newest revision is not as it should be."""
        return await self._differences()

    async def _make_log_group(self) -> None:
        client = await self.connection.client("logs")
        try:
            await asked(client.create_log_group, logGroupName=self._log_group)
        except AwsFailed as failed:
            if failed.code != "ResourceAlreadyExistsException":
                raise

    async def _register(self) -> None:
        # The newest may be of this step, before a crash.
        if not await self._differences():
            return
        client = await self.connection.client("ecs")
        await asked(client.register_task_definition, family=self.family, **self._desired())

    async def _deregister(self) -> None:
        client = await self.connection.client("ecs")
        while True:
            found = await asked(
                client.list_task_definitions, familyPrefix=self.family, status="ACTIVE"
            )
            arns = [arn for arn in found["taskDefinitionArns"] if self._is_ours(arn)]
            if not arns:
                return
            for arn in arns:
                await asked(client.deregister_task_definition, taskDefinition=arn)

    def _is_ours(self, arn: str) -> bool:
        return arn.rpartition("/")[2].partition(":")[0] == self.family

    async def _differences(self) -> list[Difference]:
        newest = await self._newest()
        desired = _compared(self._desired())
        observed = {} if newest is None else _compared(newest)
        return [
            Difference(path=path, desired=desired.get(path), observed=observed.get(path))
            for path in dict.fromkeys([*desired, *observed])
            if desired.get(path) != observed.get(path)
        ]

    async def _newest(self) -> Any:
        client: ECSClient = await self.connection.client("ecs")
        try:
            found = await asked(client.describe_task_definition, taskDefinition=self.family)
        except AwsFailed as failed:
            if failed.code == UNKNOWN:
                return None
            raise
        definition = found["taskDefinition"]
        return definition if definition.get("status") == "ACTIVE" else None

    @property
    def _log_group(self) -> str:
        return f"/orbits/{self.family}"

    def _desired(self) -> dict[str, Any]:
        fargate = self.launch_type == "FARGATE"
        given: dict[str, Any] = {
            "requiresCompatibilities": [self.launch_type],
            "networkMode": "awsvpc" if fargate else "bridge",
            "cpu": str(self.cpu),
            "memory": str(self.memory),
            "executionRoleArn": self.execution_role,
            "taskRoleArn": self.task_role,
            "containerDefinitions": [self._container()],
        }
        return {name: value for name, value in given.items() if value is not None}

    def _container(self) -> dict[str, Any]:
        container: dict[str, Any] = {
            "name": self.container,
            "image": self.image,
            "essential": True,
            "cpu": self.cpu,
            "memory": self.memory,
            # Whatever the image runs by itself: here it runs what it is told to.
            "entryPoint": ["env"],
            "command": ["true"],
            "stopTimeout": self.grace,
            "logConfiguration": {
                "logDriver": "awslogs",
                "options": {
                    "awslogs-group": self._log_group,
                    "awslogs-region": self.connection.region,
                    "awslogs-stream-prefix": "orbits",
                },
            },
        }
        return container if self.user is None else {**container, "user": self.user}


def _compared(definition: Any) -> dict[str, JsonValue]:
    """Answer what of a definition is compared; the rest ECS fills in itself."""
    container = definition["containerDefinitions"][0]
    fields = {name: definition.get(name) for name in FIELDS}
    own = {f"container/{name}": container.get(name) for name in OF_THE_CONTAINER}
    return {name: value for name, value in {**fields, **own}.items() if value is not None}
