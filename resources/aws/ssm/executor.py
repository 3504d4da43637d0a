"""Scripts on machines of EC2 and elsewhere that AWS Systems Manager reaches, without SSH."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import timedelta
from pathlib import PurePosixPath
from typing import Annotated
from uuid import uuid4

from pydantic import Field

from resources.aws.connection import AwsConnection
from resources.aws.failures import AwsFailed
from resources.aws.parcel import Parcel
from resources.aws.ssm.host import HostNotReached, SsmHost
from resources.aws.ssm.script import LEFT_ALONE, SsmScript
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
from resources.executors.files_back import files_back
from resources.executors.output import BoundedOutput
from resources.executors.processes import no_folder, no_program
from resources.executors.remote_command import Ending, sent_ahead
from resources.executors.script import Script, ScriptResult

NOT_DONE = (HostNotReached, AwsFailed)


class SsmExecutor(Executor):
    """Runs a script on a machine, where it goes on when AWS is not heard, and is found again.

        executor = SsmExecutor(
            connection=connection, instance="i-0a1b2c3d4e5f60718", bucket="acme-scripts"
        )
        result = await executor.execute(Script(argv=("uname", "-s"), key="run-7f3c.kernel"))
        assert result.output == "Linux\\n"

    The machine runs Linux and the SSM agent, has the AWS CLI, and a role that may read and write
    below `prefix` in `bucket`. There goes what the script needs, its arguments too, since what
    SSM is told it shows for a month; it is removed as soon as the script has it, as are the files
    that come back. Let the bucket keep no versions, and forget what is below that prefix after a
    day. What the script prints does stay in SSM's history, in base64 and unmasked.

    Scripts run as root, as all that SSM runs, with nothing in their environment that was not
    given but PATH and the like. Their output comes in parts of 17 kB, each by a command: of what
    is printed faster, the last 200 kB are heard, or the last that are `kept` where that is more.

    A script with a `key` is found again after a crash of the bot. One that nobody ends is ended
    by its machine two minutes after its timeout. What happens there is in `folder` meanwhile.
    """

    connection: AwsConnection
    instance: Annotated[str, Field(pattern=r"^m?i-[0-9a-f]{8,17}$")]
    bucket: str
    prefix: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_./-]*$")] = "orbits"
    cwd: PurePosixPath = PurePosixPath("/")
    environment: Mapping[str, str] = {}
    folder: Annotated[str, Field(pattern=r"^/")] = "/var/lib/orbits"
    grace: timedelta = timedelta(seconds=5)
    deliver_within: timedelta = timedelta(minutes=1)
    patience: timedelta = timedelta(minutes=2)
    every: timedelta = timedelta(seconds=1)
    """How often SSM is asked what became of a command, and the machine what of the script; at
    first they are asked sooner."""

    async def execute(
        self, script: Script, on_output: Callable[[str], None] = unheard
    ) -> ScriptResult:
        """Run the script there, or wait for it where it runs already; see `Executor.execute`."""
        name = script.key or uuid4().hex
        try:
            remote = await self._remote(name)
            await self._begin(script, remote, self._parcel(name))
        except NOT_DONE as failed:
            raise not_started(script, str(failed)) from None
        return await self._hear(script, remote, name, BoundedOutput(script.kept, on_output))

    async def _begin(self, script: Script, remote: SsmScript, parcel: Parcel) -> None:
        starting = asyncio.ensure_future(self._begun(script, remote, parcel))
        try:
            await asyncio.shield(starting)
        except asyncio.CancelledError:
            # Not before it has begun: what begins after its end would go on alone.
            await asyncio.wait([starting])
            with suppress(*NOT_DONE):
                starting.result()
                await self._end(remote)
            raise

    async def _begun(self, script: Script, remote: SsmScript, parcel: Parcel) -> None:
        cwd = PurePosixPath(script.cwd) if script.cwd else self.cwd
        sent = sent_ahead(script, cwd, {**self.environment, **script.environment})
        await parcel.put(sent)
        try:
            await remote.start(script, parcel, len(sent))
        finally:
            await parcel.discard()

    async def _hear(
        self, script: Script, remote: SsmScript, name: str, output: BoundedOutput
    ) -> ScriptResult:
        try:
            async with asyncio.timeout(script.timeout.total_seconds()):
                ending = await remote.follow(output, script.kept)
        except TimeoutError:
            try:
                await self._end(remote)
            except NOT_DONE as failed:
                raise timed_out_yet_alive(script, str(failed), output.result()) from None
            raise timed_out(script, output.result()) from None
        except asyncio.CancelledError:
            with suppress(*NOT_DONE):
                await self._end(remote)
            raise
        except NOT_DONE as failed:
            raise self._lost(script, str(failed), output.result()) from None
        try:
            answer = await self._answer(script, remote, ending, name, output.result())
        except NOT_DONE as failed:
            raise self._lost(script, str(failed), output.result()) from None
        except ScriptFailed:
            await _forgotten(remote)
            raise
        await _forgotten(remote)
        return answer

    async def _answer(
        self, script: Script, remote: SsmScript, ending: str, name: str, printed: ScriptResult
    ) -> ScriptResult:
        match ending:
            case "0":
                return await files_back(
                    script, printed, lambda path: remote.take(path, self._parcel(name))
                )
            case Ending.NO_FOLDER:
                raise no_folder(script, f"{script.cwd or self.cwd} on {self.instance}")
            case Ending.NO_PROGRAM:
                raise no_program(script)
            case Ending.TIMED_OUT:
                raise timed_out(script, printed)
            case Ending.VANISHED:
                why = "it is not there any more. See whether it was restarted, and retry."
                raise lost(script, f"the machine {self.instance}", why, printed)
            case status:
                raise ended_as_told(script, int(status), printed)

    async def _end(self, remote: SsmScript) -> None:
        """End the script, also where the caller is cancelled a second time."""
        await asyncio.shield(asyncio.ensure_future(remote.end(self.grace)))

    async def _remote(self, name: str) -> SsmScript:
        client = await self.connection.client("ssm")
        host = SsmHost(client, self.instance, self.deliver_within, self.every)
        return SsmScript(host, f"{self.folder}/{name}", self.patience)

    def _parcel(self, name: str) -> Parcel:
        """Answer one of its own: who asks alike may be done with theirs at any time."""
        path = f"{self.prefix}/{self.instance}/{name}-{uuid4().hex}"
        return Parcel(self.connection, self.bucket, path)

    def _lost(self, script: Script, why: str, printed: ScriptResult) -> ScriptFailed:
        rest = (
            "Once it answers, retry: the script is waited for, and not begun again."
            if script.key
            else f"The machine ends it {duration(LEFT_ALONE)} after its timeout."
        )
        return lost(script, f"the machine {self.instance}", f"{why} {rest}", printed)


async def _forgotten(remote: SsmScript) -> None:
    with suppress(*NOT_DONE):
        await remote.forget()
