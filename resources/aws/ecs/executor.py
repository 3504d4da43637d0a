"""Scripts as tasks of ECS, each in a container of its own in the tenant's account."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import timedelta
from pathlib import PurePosixPath
from typing import Annotated, ClassVar, Literal
from uuid import uuid4

from pydantic import Field

from resources.aws.connection import AwsConnection
from resources.aws.ecs.command import CARRIED, command_of, variables_of
from resources.aws.ecs.definition import EcsTaskDefinition
from resources.aws.ecs.run import Found, Patience, TaskForgotten, TaskRun, found, log_of
from resources.aws.ecs.task import Seen, TaskNotRun, Where, next_act
from resources.aws.failures import AwsFailed
from resources.aws.parcel import Parcel
from resources.errors import ScriptFailed
from resources.executors.executor import Executor, unheard
from resources.executors.failures import (
    duration,
    ended_as_told,
    lost,
    not_started,
    timed_out,
    timed_out_yet_alive,
)
from resources.executors.output import BoundedOutput
from resources.executors.processes import no_folder, no_program
from resources.executors.remote_command import Ending
from resources.executors.script import Script, ScriptResult

LEFT_ALONE = timedelta(seconds=30)
"""How long after its timeout a script is ended by its container, where nobody else did."""


class EcsExecutor(Executor):
    """Runs a script as a task of ECS, on Fargate or on the cluster's own instances.

        executor = EcsExecutor(
            connection=connection, cluster="tenants", task_definition=task.definition,
            bucket="acme-scripts", subnets=subnets,
        )
        result = await executor.execute(Script(argv=("uname", "-s"), key="run-7f3c.kernel"))
        assert result.output == "Linux\\n"

    `task_definition` is what `EcsTaskDefinition` answers, or any whose `container` runs its
    arguments as a command and logs by `awslogs` with a stream prefix. Its image needs a `sh`.

    What the script needs, its arguments too, goes through an object in `bucket`, below `prefix`:
    ECS fetches it by the definition's execution role, which may `s3:GetObject` there and
    `s3:GetBucketLocation`. No description of the task shows any of it; it is emptied when the
    task runs, and removed when the outcome is answered. Let the bucket keep no versions, and
    forget what is below that prefix after two days.

    The output comes from the task's log, by lines, of which AWS's log driver leaves out the empty
    ones. It stays in that log, unmasked, for as long as the account keeps it.

    A script with a `key` is found again after a crash of the bot, for an hour after its end. One
    that nobody ends is ended by its container, half a minute after its timeout. A task brings no
    files back: a script with `outputs` is refused, as is one that brings over 400,000 bytes.
    """

    installer: ClassVar[type[EcsTaskDefinition]] = EcsTaskDefinition
    """What makes the task definition that this needs."""

    connection: AwsConnection
    cluster: str
    task_definition: str
    bucket: str
    prefix: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_./-]*$")] = "orbits"
    container: str = "script"
    launch_type: Literal["FARGATE", "EC2"] = "FARGATE"
    subnets: tuple[str, ...] = ()
    """Where its network is, as Fargate and the network mode `awsvpc` demand."""
    security_groups: tuple[str, ...] = ()
    public_address: bool = False
    """Whether it has a public address; without one, the subnets need another way to AWS."""
    cwd: PurePosixPath | None = None
    environment: Mapping[str, str] = {}
    starts_within: timedelta = timedelta(minutes=10)
    stops_within: timedelta = timedelta(minutes=3)
    patience: timedelta = timedelta(minutes=2)
    log_lags: timedelta = timedelta(seconds=15)
    """How long the log of a task that has ended is waited for; the log driver sends every 5 s."""
    every: timedelta = timedelta(seconds=2)
    """How often ECS is asked how the task is; at first it is asked sooner."""

    async def execute(
        self, script: Script, on_output: Callable[[str], None] = unheard
    ) -> ScriptResult:
        """Run the script as a task, or wait for the one that it is; see `Executor.execute`."""
        content = self._content(script)
        name = f"{self.prefix}/{script.key or uuid4().hex}.env"
        parcel = Parcel(self.connection, self.bucket, name)
        output = BoundedOutput(script.kept, on_output)
        run = await self._begin(script, parcel, content)
        try:
            answer = await self._hear(script, run, parcel, output)
        except AwsFailed as failed:
            # The parcel stays: by it the next one knows which task this is.
            raise lost(script, str(run.task), str(failed), output.result()) from None
        except ScriptFailed:
            await parcel.discard()
            raise
        await parcel.discard()
        return answer

    def _content(self, script: Script) -> bytes:
        if script.outputs:
            raise not_started(
                script,
                "a task of ECS brings no files back. Let the script put them into a bucket, or "
                "print them.",
            )
        cwd = PurePosixPath(script.cwd) if script.cwd else self.cwd
        content = variables_of(script, cwd, {**self.environment, **script.environment})
        if content is None:
            raise not_started(
                script,
                f"it brings more than the {CARRIED:,} bytes that a task of ECS can take. Put what "
                "is large into the image, or into a bucket from which the script takes it.",
            )
        return content

    async def _begin(self, script: Script, parcel: Parcel, content: bytes) -> TaskRun:
        """Have the task, also where the caller is cancelled meanwhile: then it is stopped."""
        beginning = asyncio.ensure_future(self._begun(script, parcel, content))
        try:
            return await asyncio.shield(beginning)
        except asyncio.CancelledError:
            # Not before it has begun: what begins after its end would go on alone.
            await asyncio.wait([beginning])
            with suppress(AwsFailed, ScriptFailed):
                await self._stop(beginning.result(), BoundedOutput(script.kept, unheard))
                await parcel.discard()
            raise

    async def _begun(self, script: Script, parcel: Parcel, content: bytes) -> TaskRun:
        try:
            known = await found(self.connection, self._where, parcel, content)
            if not known.has_begun:
                await self._run(script, known, parcel)
            log = await log_of(self.connection, known.task, known.place)
        except TaskForgotten as forgotten:
            where = f"the ECS cluster {self.cluster}"
            raise lost(script, where, str(forgotten), ScriptResult()) from None
        except (AwsFailed, TaskNotRun) as failed:
            raise not_started(script, str(failed)) from None
        return TaskRun(known.task, log, Patience(self.every, self.patience, self.log_lags))

    async def _run(self, script: Script, known: Found, parcel: Parcel) -> None:
        """Begin the task, which ECS does once; raises `AwsFailed`, `TaskNotRun`."""
        command = command_of(known.task.token, script.timeout + LEFT_ALONE)
        try:
            await known.task.run(command, parcel.arn)
        except TaskNotRun:
            await parcel.discard()
            raise
        except AwsFailed as failed:
            # By the parcel of one that may have begun, the next one knows which task that is.
            if known.is_new and not failed.again:
                await parcel.discard()
            raise

    async def _hear(
        self, script: Script, run: TaskRun, parcel: Parcel, output: BoundedOutput
    ) -> ScriptResult:
        try:
            await self._wait_to_run(script, run, output)
            await parcel.empty(run.task.token)
            async with asyncio.timeout(script.timeout.total_seconds()):
                seen = await run.ended(output)
        except TimeoutError:
            try:
                await self._stop(run, output)
            except AwsFailed as failed:
                raise timed_out_yet_alive(script, str(failed), output.result()) from None
            raise timed_out(script, output.result()) from None
        except asyncio.CancelledError:
            with suppress(AwsFailed):
                await self._stop(run, output)
                await parcel.discard()
            raise
        return self._answer(script, run, seen, output.result())

    async def _wait_to_run(self, script: Script, run: TaskRun, output: BoundedOutput) -> None:
        try:
            async with asyncio.timeout(self.starts_within.total_seconds()):
                await run.running()
        except TimeoutError:
            await self._stop(run, output)
            raise not_started(
                script,
                f"{run.task} did not run within {duration(self.starts_within)}, and was stopped. "
                "See the events of the cluster in ECS, and retry.",
            ) from None

    def _answer(
        self, script: Script, run: TaskRun, seen: Seen, printed: ScriptResult
    ) -> ScriptResult:
        match run.log.ending:
            case "0":
                return printed
            case Ending.NO_FOLDER:
                raise no_folder(script, f"{script.cwd or self.cwd} in {run.task}")
            case Ending.NO_PROGRAM:
                raise no_program(script)
            case Ending.TIMED_OUT:
                raise timed_out(script, printed)
            case None:
                raise self._unexplained(script, run, seen, printed)
            case status:
                raise ended_as_told(script, int(status), printed)

    def _unexplained(
        self, script: Script, run: TaskRun, seen: Seen, printed: ScriptResult
    ) -> ScriptFailed:
        """Answer the error of a script whose container did not tell how it ended."""
        if seen.exit_code is None and not printed.total_bytes:
            said = f"ECS said of {run.task}: {seen.reason or 'nothing'}."
            return not_started(script, f"{said} {next_act(seen.reason)}")
        status = "" if seen.exit_code is None else f"its container ended with {seen.exit_code}, "
        why = f"{status}and ECS said: {seen.reason or 'nothing'}. {next_act(seen.reason)}"
        return lost(script, str(run.task), why, printed)

    async def _stop(self, run: TaskRun, output: BoundedOutput) -> None:
        """Stop the task, also where the caller is cancelled a second time."""
        stopping = asyncio.ensure_future(self._stopped(run, output))
        await asyncio.shield(stopping)

    async def _stopped(self, run: TaskRun, output: BoundedOutput) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self.stops_within.total_seconds()):
                await run.stop(output)

    @property
    def _where(self) -> Where:
        return Where(
            cluster=self.cluster,
            definition=self.task_definition,
            container=self.container,
            launch_type=self.launch_type,
            subnets=self.subnets,
            security_groups=self.security_groups,
            public_address=self.public_address,
        )
