"""Scripts on the machine that the bot runs on."""

from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

from resources.executors.executor import Executor, unheard
from resources.executors.failures import ended
from resources.executors.processes import Surroundings, carry_out, inherited
from resources.executors.run_folder import put_files, run_folder, with_outputs
from resources.executors.script import Script, ScriptResult

INHERITED = ("PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR")


class LocalExecutor(Executor):
    """Runs a script as a process of this machine, and ends all of it when its time is up.

        executor = LocalExecutor(environment={"STAGE": "production"})
        result = await executor.execute(Script(argv=("printenv", "STAGE")))
        assert result.output == "production\\n"

    The script sees of the bot's environment only the names in `inherits`, so no token of the
    bot reaches it; then `environment`, then the script's own. At its timeout it gets TERM,
    and after `grace` KILL. What a script that ended by itself leaves running is left alone, but
    where the same `key` begins again: that is ended first, as is what a bot that died left running.
    """

    cwd: Path | None = None
    environment: Mapping[str, str] = {}
    inherits: tuple[str, ...] = INHERITED
    grace: timedelta = timedelta(seconds=5)

    async def execute(
        self, script: Script, on_output: Callable[[str], None] = unheard
    ) -> ScriptResult:
        """Run the script as a process group of its own; see `Executor.execute`."""
        async with AsyncExitStack() as stack:
            cwd = script.cwd or self.cwd
            if script.has_folder:
                cwd = await stack.enter_async_context(run_folder())
                await put_files(cwd, script.files)
            environment = {**inherited(self.inherits), **self.environment, **script.environment}
            given = Surroundings(cwd, environment, self.grace)
            status, printed = await carry_out(script, on_output, given)
            if status:
                raise ended(script, status, printed)
            return printed if cwd is None else await with_outputs(script, cwd, printed)
