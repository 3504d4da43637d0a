"""Scripts on the machine that the bot runs on."""

import asyncio
import os
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path

from resources.errors import ScriptFailed
from resources.executors.executor import Executor, unheard
from resources.executors.failures import ended, not_started, timed_out
from resources.executors.output import BoundedOutput
from resources.executors.process_tree import ProcessTree
from resources.executors.script import Script, ScriptResult

INHERITED = ("PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR")


class LocalExecutor(Executor):
    """Runs a script as a process of this machine, and ends all of it when its time is up.

        LocalExecutor(cwd=checkout.path, environment={"STAGE": "production"})

    The script sees of the bot's environment only the names in `inherits`, so no token of the
    bot reaches it; then `environment`, then the script's own. At its timeout it gets TERM,
    and after `grace` KILL. What a script that ended by itself leaves running is left alone.
    """

    cwd: Path | None = None
    environment: Mapping[str, str] = {}
    inherits: tuple[str, ...] = INHERITED
    grace: timedelta = timedelta(seconds=5)

    async def execute(
        self, script: Script, on_output: Callable[[str], None] = unheard
    ) -> ScriptResult:
        """Run the script as a process group of its own; see `Executor.execute`."""
        output = BoundedOutput(script.kept, on_output)
        tree = await self._start(script, output.take)
        try:
            async with asyncio.timeout(script.timeout.total_seconds()):
                status = await tree.wait()
        except TimeoutError:
            await tree.end(self.grace)
            raise timed_out(script, output.result()) from None
        except asyncio.CancelledError:
            await tree.end(self.grace)
            raise
        finally:
            tree.close()
        if status:
            raise ended(script, status, output.result())
        return output.result()

    async def _start(self, script: Script, hear: Callable[[bytes], None]) -> ProcessTree:
        try:
            return await ProcessTree.start(
                script.argv,
                cwd=script.cwd or self.cwd,
                environment={**self._inherited(), **self.environment, **script.environment},
                stdin=script.stdin.encode(),
                hear=hear,
            )
        except OSError as error:
            raise self._not_started(script, error) from error

    def _inherited(self) -> dict[str, str]:
        return {name: os.environ[name] for name in self.inherits if name in os.environ}

    def _not_started(self, script: Script, error: OSError) -> ScriptFailed:
        cwd = script.cwd or self.cwd
        if cwd is not None and str(error.filename) == str(cwd):
            return not_started(script, f"the folder {cwd} to run it in is not there.")
        if isinstance(error, FileNotFoundError):
            return not_started(
                script, f"there is no program `{script.argv[0]}`. Install it, or put it on PATH."
            )
        return not_started(script, f"{error.strerror or error}.")
