"""Scripts on hosts that are reached by SSH."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path, PurePosixPath
from uuid import uuid4

from resources.executors.executor import Executor, unheard
from resources.executors.failures import not_started
from resources.executors.remote_run import RemoteRun
from resources.executors.remote_script import RemoteScript
from resources.executors.script import Script, ScriptResult
from resources.executors.ssh_connection import Host, NotConnected


class SshExecutor(Executor):
    """Runs a script on a host, where it goes on when the connection is lost, and is found again.

        executor = SshExecutor(
            host=host, port=port, user=user, known_hosts=known_hosts, identity_file=identity_file
        )
        result = await executor.execute(Script(argv=("uname", "-s"), key="run-7f3c.kernel"))
        assert result.output == "Linux\\n"

    `known_hosts` is the text of such a file: a host whose key is not in it is not spoken to.
    `identity_file` is a private key without a passphrase, on the bot's machine; without it, the
    keys of the SSH agent are used. Of the bot's environment the script sees nothing, and of the
    host's what its login sets for every user. What it needs goes by standard input, into files
    that only the user may read and that are removed as they are read.

    A lost connection is made again, for as long as `patience`; what the script printed in the
    meantime is heard then. A script with a `key` is also found again after a crash of the bot.
    A script that nobody ends is ended by its host, half a minute after its timeout.
    What happens there is kept in `folder`, in the user's home, until it was answered.
    """

    host: str
    user: str
    known_hosts: str
    port: int = 22
    identity_file: Path | None = None
    cwd: PurePosixPath | None = None
    environment: Mapping[str, str] = {}
    folder: str = ".orbits"
    grace: timedelta = timedelta(seconds=5)
    connect_within: timedelta = timedelta(seconds=15)
    patience: timedelta = timedelta(minutes=2)

    async def execute(
        self, script: Script, on_output: Callable[[str], None] = unheard
    ) -> ScriptResult:
        """Run the script there, or wait for it where it runs already; see `Executor.execute`."""
        host = Host(
            name=self.host,
            port=self.port,
            user=self.user,
            known_hosts=self.known_hosts,
            identity_file=self.identity_file,
            within=self.connect_within,
        )
        at = f"{self.folder}/{script.key or uuid4().hex}"
        try:
            async with RemoteScript(host, at, self.patience) as remote:
                run = RemoteRun(script, remote, self.cwd, self.environment, self.grace)
                return await run.carry_out(on_output)
        except NotConnected as error:
            raise not_started(script, str(error)) from None
