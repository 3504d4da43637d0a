"""Any command, carried out where an executor carries out commands; its output is the result."""

import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, JsonValue

from resources.errors import OrbitsError
from resources.executors import Executor, Script, ScriptResult
from resources.executors.failures import command_line
from resources.model.action import Action
from resources.secrets import Secret


class RunScript(Action):
    """Run a command to its end, and answer what it printed.

        version = await self.do("ask-version", RunScript(
            argv=("sh", "-c", 'echo "[16, 2]"'), executor=executor, answers="json",
        ))

    `argv` reaches the program as it stands: no shell reads it, and no secret belongs in it.

    After a crash, what goes on of it in a container or on another machine is waited for. What goes
    on beside the bot is ended before it is run a second time; but where a bot on another machine
    takes over, nobody sees it. What may not be run twice is a class of its own, derived from this
    one with `repeatable = False` and an `interrupted()`.
    """

    argv: Annotated[tuple[str, ...], Field(min_length=1)]
    executor: Executor
    stdin: str = ""
    cwd: Path | None = None
    environment: Mapping[str, str] = {}
    secrets: Mapping[str, Secret] = {}
    """Variables of its environment whose values are secret, such as `{"TOKEN": "env:ACME"}`."""
    answers: Literal["text", "json"] = "text"
    """Standard output and standard error are one: who answers JSON prints nothing else."""
    ends_within: timedelta = timedelta(minutes=10)
    longest: Annotated[int, Field(gt=0)] = 64_000
    """How many bytes of text are answered at most, the last ones; longer JSON is a failure."""

    async def run(self) -> JsonValue:
        """Answer the text without the blanks around it, or the JSON value.

        Raises `ScriptFailed`, `SecretNotFound`, and `OrbitsError` for what is not JSON.
        """
        revealed = {name: await self.reveal(secret) for name, secret in self.secrets.items()}
        script = Script(
            argv=self.argv,
            stdin=self.stdin,
            cwd=self.cwd,
            environment={**self.environment, **revealed},
            key=self.script_key,
            timeout=self.ends_within,
            kept=self.longest,
        )
        result = await self.executor.execute(script, self.log)
        return result.output.strip() if self.answers == "text" else _read_json(script, result)


def _read_json(script: Script, result: ScriptResult) -> JsonValue:
    if result.cut_bytes:
        raise OrbitsError(
            f"`{command_line(script)}` printed {result.total_bytes:,} bytes, and only "
            f"{script.kept:,} are kept. Let it print less, or raise `longest`."
        )
    try:
        value: JsonValue = json.loads(result.output)
    except ValueError as error:
        raise OrbitsError(
            f"`{command_line(script)}` succeeded, but printed no JSON: {error}. Let it print "
            "nothing else, on standard error neither.",
            tail=result.output[-1_000:],
        ) from error
    return value
