"""One run of a script as a task of ECS: from what it needs, to what its log tells of its end."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

from resources.aws.connection import AwsConnection
from resources.aws.ecs.log import LogPlace, TaskLog
from resources.aws.ecs.task import Seen, Task, Where, log_place
from resources.aws.failures import AwsFailed
from resources.aws.parcel import Left, Parcel
from resources.aws.pauses import pauses
from resources.errors import OrbitsError
from resources.executors.output import BoundedOutput


class TaskForgotten(OrbitsError):
    """A task was begun, and ECS does not know it any more; the message says what to do."""


@dataclass(frozen=True)
class Patience:
    """How often ECS is asked, how long it need not answer, and how long a log may lag behind."""

    every: timedelta
    without_answer: timedelta
    log_lags: timedelta


class TaskRun:
    """A task that was begun by us, now or before a crash, and its log. All raise `AwsFailed`."""

    def __init__(self, task: Task, log: TaskLog, patience: Patience) -> None:
        self.task = task
        self.log = log
        self._every = patience.every
        self._without_answer = patience.without_answer.total_seconds()
        self._log_lags = patience.log_lags.total_seconds()

    async def running(self) -> Seen:
        """Wait until its machine has begun it, or it ended before that."""
        return await self._seen_when(lambda seen: seen.runs)

    async def ended(self, output: BoundedOutput) -> Seen:
        """Hear it until its log tells the end, or will not any more, as the task has ended."""
        now = asyncio.get_running_loop().time
        answered, over, waits = now(), None, pauses(self._every)
        while True:
            try:
                seen = await self.task.seen()
                await self.log.hear(output)
            except AwsFailed as failed:
                if not failed.again or now() > answered + self._without_answer:
                    raise
            else:
                answered = now()
                if seen.over:
                    over = over or answered
                if self.log.ending is not None or (seen.over and seen.exit_code is None):
                    return seen
                if over is not None and answered > over + self._log_lags:
                    return seen
            await asyncio.sleep(next(waits))

    async def stop(self, output: BoundedOutput) -> None:
        """Have it ended, wait until it has, and hear its last words."""
        await self.task.stop()
        await self._seen_when(lambda seen: seen.over)
        await self.log.hear(output)

    async def _seen_when(self, so: Callable[[Seen], bool]) -> Seen:
        """Wait until ECS tells that it is so; that it is busy meanwhile is no answer."""
        now = asyncio.get_running_loop().time
        answered, waits = now(), pauses(self._every)
        while True:
            try:
                seen = await self.task.seen()
            except AwsFailed as failed:
                if not failed.again or now() > answered + self._without_answer:
                    raise
            else:
                answered = now()
                if so(seen):
                    return seen
            await asyncio.sleep(next(waits))


@dataclass(frozen=True)
class Found:
    """A task by its token, and where its container logs.

    `has_begun`: its container fetched what it needs. `is_new`: nobody else asked for it before.
    """

    task: Task
    place: LogPlace
    has_begun: bool
    is_new: bool


async def found(connection: AwsConnection, where: Where, parcel: Parcel, content: bytes) -> Found:
    """Answer the task that has that parcel, which is laid down where there was none.

    Raises `AwsFailed`, `TaskNotRun`, and `TaskForgotten`.
    """
    client = await connection.client("ecs")
    place = await log_place(client, where, connection.region)
    left, is_new = await _laid_down(parcel, content)
    task = Task(client, where, left.token)
    if left.fetched and not await task.find():
        await parcel.remove()
        raise TaskForgotten(
            "ECS does not know its task any more: it ended over an hour ago, or the cluster is "
            f"another one. See its log in {place.group}, and retry."
        )
    return Found(task, place, left.fetched, is_new)


async def log_of(connection: AwsConnection, task: Task, place: LogPlace) -> TaskLog:
    """Answer the log of a task."""
    there = connection.model_copy(update={"region": place.region})
    return TaskLog(await there.client("logs"), place.of(task.id), task.token)


async def _laid_down(parcel: Parcel, content: bytes) -> tuple[Left, bool]:
    """Lay down what the script needs, and answer whether that was not done before."""
    while True:
        token = f"orbits-{uuid4().hex}"
        if await parcel.put_first(content, token):
            return Left(token, fetched=False), True
        left = await parcel.left()
        if left is not None:
            return left, False
