"""Scripts on machines of EC2 and elsewhere that AWS Systems Manager reaches, without SSH."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import PurePosixPath
from typing import Annotated
from uuid import uuid4

from pydantic import Field

from resources.aws.connection import AwsConnection
from resources.aws.parcel import Parcel
from resources.aws.ssm.host import SsmHost
from resources.aws.ssm.script import SsmScript
from resources.executors.executor import Executor, unheard
from resources.executors.failures import not_started
from resources.executors.remote_run import RemoteRun
from resources.executors.script import Script, ScriptResult


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
        try:
            remote = await self._remote(script.key or uuid4().hex)
            run = RemoteRun(script, remote, self.cwd, self.environment, self.grace)
            return await run.carry_out(on_output)
        except SsmScript.failures as failed:
            raise not_started(script, str(failed)) from None

    async def _remote(self, name: str) -> SsmScript:
        def parcel() -> Parcel:
            path = f"{self.prefix}/{self.instance}/{name}-{uuid4().hex}"
            return Parcel(self.connection, self.bucket, path)

        client = await self.connection.client("ssm")
        host = SsmHost(client, self.instance, self.deliver_within, self.every)
        return SsmScript(host, f"{self.folder}/{name}", self.patience, parcel)
