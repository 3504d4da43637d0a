"""ECS that runs what it is told to: moto's, whose tasks are programs of this machine.

moto's tasks run nothing and always end with 0. Here a task goes from PROVISIONING to STOPPED as
AWS's do, its container gets the variables of its files, its output goes to moto's CloudWatch
Logs as the log driver sends it, and a client token begins one task. An image says how it ends:
`missing:1` cannot be pulled, `hungry:1` needs more memory than there is, `stuck:1` never begins,
and `full:1` finds no room. It may be too busy to say how a task is.
"""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

from flask import request
from moto.ec2 import urls as ec2_urls
from moto.ec2.models import EC2Backend, ec2_backends
from moto.ecs import urls
from moto.ecs.exceptions import ECSException, InvalidParameterException
from moto.ecs.models import EC2ContainerServiceBackend, Task, ecs_backends
from moto.logs.models import logs_backends
from moto.moto_api import state_manager
from moto.s3.models import s3_backends

from tests.resources.aws.machine import Machine

PIECE = 16 * 1024


class LogDriver:
    """Sends what a container prints to a log stream, an event for each line, as `awslogs` does."""

    def __init__(self, account: str, region: str, group: str, stream: str) -> None:
        self._logs: Any = logs_backends[account][region]
        self._group, self._stream = group, stream
        self._line = b""

    def take(self, piece: bytes) -> None:
        *lines, self._line = (self._line + piece).split(b"\n")
        self._send([part for line in lines for part in _pieces(line)])

    def close(self) -> None:
        self._send(_pieces(self._line))

    def _send(self, lines: list[bytes]) -> None:
        now = int(time.time() * 1000)
        events = [{"timestamp": now, "message": line.decode(errors="replace")} for line in lines]
        if events:
            self._logs.ensure_log_stream(self._group, self._stream)
            self._logs.put_log_events(self._group, self._stream, events)


def _pieces(line: bytes) -> list[bytes]:
    return [line[start : start + PIECE] for start in range(0, len(line), PIECE)]


class NetworksAlone(EC2Backend):
    """moto's EC2, which tasks need for their subnets, without its thousands of images."""

    @property
    def _url_module(self) -> Any:
        return ec2_urls

    def _load_amis(self) -> None:
        pass


class Busy(ECSException):
    """With the status of another fault: clients that try it again would keep tests waiting."""

    def __init__(self) -> None:
        super().__init__("ServerException", "Service Unavailable. Please try again later.")


class WorkingEcs(EC2ContainerServiceBackend):
    """moto's ECS, with tasks that run."""

    busy: ClassVar[int] = 0
    """How often it is yet too busy to describe a task."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.machines: dict[str, tuple[Machine, LogDriver]] = {}
        self.tokens: dict[str, Task] = {}

    @property
    def _url_module(self) -> Any:
        return urls

    def run_task(self, *args: Any, **kwargs: Any) -> list[Task]:
        token = json.loads(request.get_data()).get("clientToken", "")
        if token in self.tokens:
            return [self.tokens[token]]
        if self._image_of(args[1]) == "full:1":
            return []
        tasks = super().run_task(*args, **kwargs)
        for task in tasks:
            task.last_status = "PROVISIONING"
            task.containers[0].exitCode = None  # type: ignore[assignment]
            self.tokens[token] = task
        return tasks

    def describe_tasks(self, *args: Any, **kwargs: Any) -> list[Task]:
        if WorkingEcs.busy:
            WorkingEcs.busy -= 1
            raise Busy
        tasks = super().describe_tasks(*args, **kwargs)
        for task in tasks:
            self._advance(task)
        return tasks

    def list_tasks(self, *args: Any, **kwargs: Any) -> list[Task]:
        for task in self._all():
            if task.last_status == "RUNNING":
                self._advance(task)
        return super().list_tasks(*args, **kwargs)

    def stop_task(self, cluster_str: str, task_str: str, reason: str) -> Task:
        for task in self._all():
            if task.task_arn == task_str:
                task.stopped_reason = reason
                task.desired_status = "STOPPED"
                if task.id in self.machines:
                    self.machines[task.id][0].stop(self._container_of(task)["stopTimeout"])
                else:
                    task.last_status = "STOPPED"
                return task
        raise InvalidParameterException("The referenced task was not found.")

    def _advance(self, task: Task) -> None:
        container: Any = task.containers[0]
        match task.last_status:
            case "PROVISIONING":
                task.last_status = "PENDING"
            case "PENDING" if container.image == "missing:1":
                self._end(task, "CannotPullContainerError: missing:1: not found")
            case "PENDING" if container.image != "stuck:1":
                self._begin(task)
            case "RUNNING":
                machine, log = self.machines[task.id]
                if machine.status is None:
                    return
                log.close()
                container.exitCode = machine.status
                self._end(task, task.stopped_reason or "Essential container in task exited")
                if container.image == "hungry:1":
                    container.exitCode = 137
                    container.reason = "OutOfMemoryError: Container killed due to memory usage"

    def _begin(self, task: Task) -> None:
        try:
            environment = self._variables(task)
        except LookupError as missing:
            self._end(task, f"ResourceInitializationError: failed to download {missing}")
            return
        definition = self._container_of(task)
        override = task.overrides["containerOverrides"][0]
        argv = [*definition.get("entryPoint", []), *override["command"]]
        if definition["image"] == "hungry:1":
            argv = ["true"]
        options = definition["logConfiguration"]["options"]
        stream = f"{options['awslogs-stream-prefix']}/{definition['name']}/{task.id}"
        log = LogDriver(self.account_id, self.region_name, options["awslogs-group"], stream)
        self.machines[task.id] = (Machine(argv, environment, log.take), log)
        task.last_status = "RUNNING"

    def _variables(self, task: Task) -> dict[str, str]:
        found: dict[str, str] = {}
        for file in task.overrides["containerOverrides"][0].get("environmentFiles", []):
            bucket, _, key = file["value"].removeprefix("arn:aws:s3:::").partition("/")
            stored: Any = s3_backends[self.account_id]["aws"].get_object(bucket, key)
            if stored is None:
                raise LookupError(f"env files: {file['value']}")
            lines = stored.value.decode().splitlines()
            found |= dict(line.split("=", 1) for line in lines)
        return found

    def _end(self, task: Task, reason: str) -> None:
        task.stopped_reason = reason
        task.last_status = task.desired_status = "STOPPED"

    def _container_of(self, task: Task) -> dict[str, Any]:
        definition = self.describe_task_definition(task.task_definition_arn)
        return definition.container_definitions[0]

    def _image_of(self, definition: str) -> str:
        return str(self.describe_task_definition(definition).container_definitions[0]["image"])

    def _all(self) -> list[Task]:
        return [task for tasks in self.tasks.values() for task in tasks.values()]


@contextmanager
def working_ecs() -> Iterator[None]:
    """Let moto's server, which has no task now, have such an ECS for a while."""
    before = ecs_backends.backend, ec2_backends.backend
    ecs_backends.clear()
    ec2_backends.clear()
    ecs_backends.backend, ec2_backends.backend = WorkingEcs, NetworksAlone
    WorkingEcs.busy = 0
    # They go on by themselves, not by being looked at.
    state_manager.set_transition("ecs::task", {"progression": "manual", "times": 1 << 30})
    try:
        yield
    finally:
        for _, _, backend in ecs_backends.iter_backends():
            if isinstance(backend, WorkingEcs):
                for machine, _ in backend.machines.values():
                    machine.kill()
        state_manager.unset_transition("ecs::task")
        ecs_backends.backend, ec2_backends.backend = before
        ecs_backends.clear()
        ec2_backends.clear()
