"""One task of ECS that runs a script: begun once, found again, watched, and stopped."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from resources.aws.ecs.log import LogPlace
from resources.aws.failures import asked
from resources.errors import OrbitsError

if TYPE_CHECKING:
    from mypy_boto3_ecs import ECSClient
    from mypy_boto3_ecs.type_defs import FailureTypeDef, TaskTypeDef

NOT_YET_RUNNING = frozenset({"PROVISIONING", "PENDING", "ACTIVATING"})
STOPPED = frozenset({"STOPPED", "DELETED"})

NEXT_ACTS = {
    "CannotPullContainerError": (
        "See that the image is there, that the execution role may pull it, and that the subnets "
        "reach its registry."
    ),
    "CannotStartContainerError": "See that the image has a `sh`, and fits the task's platform.",
    "ContainerRuntimeError": "See that the image has a `sh`, and fits the task's platform.",
    "OutOfMemory": "Grant the task definition more memory, and retry.",
    "ResourceInitializationError": (
        "See that the execution role may read the bucket and write the log, and that the subnets "
        "reach S3, ECR and CloudWatch Logs."
    ),
    "Host EC2": "Its machine is gone; retry.",
    "Spot": "AWS took the spot capacity back; retry, or use capacity that stays.",
    "RESOURCE": "Add instances to the cluster, or ask for less in the task definition.",
    "AGENT": "See that the ECS agents of the cluster's instances are connected.",
    "ATTRIBUTE": "See that the cluster has instances of the kind that the task definition asks.",
    "Capacity": "AWS has no room just now; retry, or name subnets in other zones.",
    "MISSING": "ECS does not know it any more.",
    "": "See the events of the cluster in ECS, and retry.",
}
"""What to do about reasons that begin with, or hold, a word of ECS's own.

See "Stopped tasks error messages" and "API failure reasons" of its developer guide.
"""


class TaskNotRun(OrbitsError):
    """ECS would not begin a task; the message says why, and what to do."""


@dataclass(frozen=True)
class Where:
    """What is run, and where: the parts of a request that are the same for all scripts."""

    cluster: str
    definition: str
    container: str
    launch_type: Literal["FARGATE", "EC2"]
    subnets: tuple[str, ...]
    security_groups: tuple[str, ...]
    public_address: bool


@dataclass(frozen=True)
class Seen:
    """A task as ECS describes it."""

    status: str
    exit_code: int | None
    reason: str

    @property
    def runs(self) -> bool:
        """Whether it was begun by its machine, now or before."""
        return self.status not in NOT_YET_RUNNING

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self.status in STOPPED


class Task:
    """The task whose `token` it is, of which ECS begins one. All raise `AwsFailed`."""

    def __init__(self, client: "ECSClient", where: Where, token: str) -> None:
        self._client = client
        self._where = where
        self.token = token
        self.arn = ""

    @property
    def id(self) -> str:
        """What its log is called by."""
        return self.arn.rpartition("/")[2]

    def __str__(self) -> str:
        return f"the ECS task {self.id} of {self._where.cluster}"

    async def find(self) -> bool:
        """Answer whether it was begun; ECS forgets a task an hour after its end."""
        states: tuple[Literal["RUNNING", "STOPPED"], ...] = ("RUNNING", "STOPPED")
        for state in states:
            found = await asked(
                self._client.list_tasks,
                cluster=self._where.cluster,
                startedBy=self.token,
                desiredStatus=state,
            )
            if found["taskArns"]:
                self.arn = found["taskArns"][0]
                return True
        return False

    async def run(self, command: list[str], variables: str) -> None:
        """Begin it, unless it was begun; raises `TaskNotRun` as well.

        `variables` is the ARN of the file of variables that its container gets.
        """
        where = self._where
        override: Any = {
            "name": where.container,
            "command": command,
            "environmentFiles": [{"value": variables, "type": "s3"}],
        }
        answer = await asked(
            self._client.run_task,
            cluster=where.cluster,
            taskDefinition=where.definition,
            launchType=where.launch_type,
            startedBy=self.token,
            clientToken=self.token,
            overrides={"containerOverrides": [override]},
            **_network(where),
        )
        if not answer["tasks"]:
            raise TaskNotRun(refusal(answer["failures"], where))
        self.arn = answer["tasks"][0]["taskArn"]

    async def seen(self) -> Seen:
        """Answer how it is."""
        answer = await asked(
            self._client.describe_tasks, cluster=self._where.cluster, tasks=[self.arn]
        )
        return _seen(answer["tasks"], self._where.container)

    async def stop(self) -> None:
        """Have its processes ended."""
        await asked(
            self._client.stop_task,
            cluster=self._where.cluster,
            task=self.arn,
            reason="Orbits ends the script",
        )


async def log_place(client: "ECSClient", where: Where, region: str) -> LogPlace:
    """Answer where the output of a container goes, as its task definition says.

    Raises `AwsFailed`, and `TaskNotRun` where nothing would be heard of it.
    """
    found = await asked(client.describe_task_definition, taskDefinition=where.definition)
    containers = found["taskDefinition"].get("containerDefinitions", [])
    for log in [
        each.get("logConfiguration") for each in containers if each.get("name") == where.container
    ]:
        options = {} if log is None else log.get("options", {})
        if log is None or log["logDriver"] != "awslogs" or "awslogs-stream-prefix" not in options:
            raise TaskNotRun(
                f"the container `{where.container}` of {where.definition} does not log by "
                "`awslogs` with a stream prefix, so nothing would be heard of it. Correct its "
                "logConfiguration."
            )
        return LogPlace(
            region=options.get("awslogs-region", region),
            group=options["awslogs-group"],
            stream=f"{options['awslogs-stream-prefix']}/{where.container}",
        )
    raise TaskNotRun(
        f"the task definition {where.definition} has no container `{where.container}`. Correct "
        "the executor, or the definition."
    )


def next_act(reason: str) -> str:
    """Answer what a person does about a reason of ECS's."""
    return next(act for word, act in NEXT_ACTS.items() if word in reason)


def _network(where: Where) -> dict[str, Any]:
    if not where.subnets:
        return {}
    return {
        "networkConfiguration": {
            "awsvpcConfiguration": {
                "subnets": list(where.subnets),
                "securityGroups": list(where.security_groups),
                "assignPublicIp": "ENABLED" if where.public_address else "DISABLED",
            }
        }
    }


def refusal(failures: "Sequence[FailureTypeDef]", where: Where) -> str:
    """Answer why no task was begun, and what to do about it."""
    reasons = sorted({_reason(each) for each in failures}) or ["it did not say why"]
    said = "; ".join(reasons)
    return f"ECS did not place a task in {where.cluster}: {said}. {next_act(said)}"


def _reason(failure: "FailureTypeDef") -> str:
    parts = [failure.get("reason", ""), failure.get("detail", "")]
    return ": ".join(part for part in parts if part) or "no reason"


def _seen(tasks: "Sequence[TaskTypeDef]", container: str) -> Seen:
    if not tasks:
        return Seen("DELETED", None, "MISSING")
    task = tasks[0]
    reasons = [task.get("stoppedReason", "")]
    code: int | None = None
    for each in task.get("containers", []):
        if each.get("name") == container:
            code = each.get("exitCode")
        reasons.append(each.get("reason", ""))
    said = "; ".join(dict.fromkeys(reason.rstrip(".") for reason in reasons if reason))
    return Seen(task.get("lastStatus", ""), code, said)
