"""Scripts on hosts that are reached by SSH."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import timedelta
from pathlib import Path, PurePosixPath
from uuid import uuid4

from resources.errors import ScriptFailed
from resources.executors.executor import Executor, unheard
from resources.executors.failures import (
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
from resources.executors.remote_script import LEFT_ALONE, RemoteScript
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
        at = f"{self.folder}/{script.key or uuid4().hex}"
        try:
            async with RemoteScript(self._host(), at, self.patience) as remote:
                await self._begin(script, remote, at)
                return await self._hear(script, remote, at, BoundedOutput(script.kept, on_output))
        except NotConnected as error:
            raise not_started(script, str(error)) from None

    async def _begin(self, script: Script, remote: RemoteScript, at: str) -> None:
        cwd = PurePosixPath(script.cwd) if script.cwd else self.cwd
        sent = sent_ahead(script, cwd, {**self.environment, **script.environment})
        starting = asyncio.ensure_future(remote.start(script, sent))
        try:
            await asyncio.shield(starting)
        except asyncio.CancelledError:
            # Not before it has begun: what begins after its end would go on alone.
            await asyncio.wait([starting])
            with suppress(NotConnected):
                starting.result()
                await self._end(at)
            raise

    async def _hear(
        self, script: Script, remote: RemoteScript, at: str, output: BoundedOutput
    ) -> ScriptResult:
        try:
            async with asyncio.timeout(script.timeout.total_seconds()):
                ending = await remote.follow(output, script.kept)
        except TimeoutError:
            try:
                await self._end(at)
            except NotConnected as error:
                raise timed_out_yet_alive(script, str(error), output.result()) from None
            raise timed_out(script, output.result()) from None
        except asyncio.CancelledError:
            with suppress(NotConnected):
                await self._end(at)
            raise
        except NotConnected as error:
            raise self._lost(script, str(error), output.result()) from None
        try:
            answer = await self._answer(script, remote, ending, output.result())
        except NotConnected as error:
            raise self._lost(script, str(error), output.result()) from None
        except ScriptFailed:
            await remote.forget()
            raise
        await remote.forget()
        return answer

    async def _answer(
        self, script: Script, remote: RemoteScript, ending: str, printed: ScriptResult
    ) -> ScriptResult:
        match ending:
            case "0":
                return await files_back(script, printed, remote.take)
            case Ending.NO_FOLDER:
                raise no_folder(script, f"{script.cwd or self.cwd} on {self._host()}")
            case Ending.NO_PROGRAM:
                raise no_program(script)
            case Ending.TIMED_OUT:
                raise timed_out(script, printed)
            case Ending.VANISHED:
                why = "it is not there any more. See whether the host was restarted, and retry."
                raise lost(script, str(self._host()), why, printed)
            case status:
                raise ended_as_told(script, int(status), printed)

    async def _end(self, at: str) -> None:
        """End the script by a connection of its own: the other may be what is in trouble."""
        await asyncio.shield(asyncio.ensure_future(self._ended(at)))

    async def _ended(self, at: str) -> None:
        async with RemoteScript(self._host(), at, self.connect_within) as remote:
            await remote.end(self.grace)

    def _host(self) -> Host:
        return Host(
            name=self.host,
            port=self.port,
            user=self.user,
            known_hosts=self.known_hosts,
            identity_file=self.identity_file,
            within=self.connect_within,
        )

    def _lost(self, script: Script, why: str, printed: ScriptResult) -> ScriptFailed:
        rest = (
            "Once it answers, retry: the script is waited for, and not begun again."
            if script.key
            else f"Its host ends it {LEFT_ALONE.seconds} seconds after its timeout."
        )
        return lost(script, str(self._host()), f"{why} {rest}", printed)
