"""Terraform's command line in one folder, and the words about a command that failed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

from resources.errors import ScriptFailed
from resources.executors import Executor, Script
from resources.library.terraform.events import Events

IN_AUTOMATION = {
    # It asks nobody anything, and asks for no news.
    "CHECKPOINT_DISABLE": "1",
    "TF_IN_AUTOMATION": "1",
    "TF_INPUT": "0",
}
INIT = ("init", "-json", "-no-color")
"""What it says of a backend is no JSON, and coloured otherwise."""
OWN_DATA = ".terraform"
CHANGES = 2
"""With `-detailed-exitcode`: it went well, and there is something to do."""


class TerraformFailed(ScriptFailed):
    """Terraform ended with an error; its diagnostics are the tail, with their files and lines."""


class Ended(NamedTuple):
    """How a command ended; `script` is the executor's own error, if it had one."""

    status: int | None
    events: Events
    script: ScriptFailed | None

    @property
    def well(self) -> bool:
        """Whether it did what it was to do."""
        return self.status in {0, CHANGES}


@dataclass
class Terraform:
    """Runs one command after another in `folder`, which has the files of `module`.

    Both are on the machine of the executor. `identity` is for the words; `sort` names what needs
    about as much of the machine, as it has the same providers. Where a command says
    that an `init` is needed, it gets one of its own: what is in the state may need more than the
    module, such as a provider that only a later revision names.
    """

    identity: str
    sort: str
    binary: str
    executor: Executor
    folder: Path
    module: Path
    environment: Mapping[str, str]
    timeout: timedelta
    log: Callable[[str], None]

    async def run(self, *arguments: str) -> Ended:
        """Run a command, and answer how it ended; raises `TerraformFailed` unless it was well."""
        ended = await self.attempt(*arguments)
        if not ended.well:
            raise self.failure(arguments[0], ended)
        return ended

    async def attempt(self, *arguments: str) -> Ended:
        """Run a command, and answer how it ended.

        Raises `ScriptFailed` where it did not start or did not end by itself.
        """
        ended = await self._carried_out(*arguments)
        own = str(self.folder / OWN_DATA)
        was_tried = arguments[0] == "init" or self.environment.get("TF_DATA_DIR") == own
        if was_tried or not ended.events.asks_for_init:
            return ended
        self.log("What was made ready for all is not enough here: making it ready for this run.\n")
        self.environment = {**self.environment, "TF_DATA_DIR": own}
        await self.run(*INIT)
        return await self._carried_out(*arguments)

    async def _carried_out(self, *arguments: str) -> Ended:
        events = Events(self.log, self.module)
        script = Script(
            argv=(self.binary, *arguments),
            cwd=self.folder,
            environment={**IN_AUTOMATION, **self.environment},
            orderly=True,
            sort=self.sort,
            timeout=self.timeout,
        )
        try:
            await self.executor.execute(script, events.hear)
        except ScriptFailed as failed:
            events.end()
            said = _in_words(failed, events.tail)
            if failed.status is None or failed.status < 0:
                raise said from None
            return Ended(failed.status, events, None if failed.status == CHANGES else said)
        events.end()
        return Ended(0, events, None)

    def failure(self, command: str, ended: Ended) -> ScriptFailed:
        """Answer the error of a command that did not end well."""
        errors = ended.events.errors
        if not errors and ended.script is not None:
            return ended.script
        first = errors[0] if errors else None
        what = f"{first.summary}. {first.detail}" if first else f"status {ended.status}"
        summary = " ".join(f"`{self.binary} {command}` of {self.identity} failed: {what}".split())
        tail = "\n".join(str(each) for each in ended.events.diagnostics)
        return TerraformFailed(
            f"{summary} All that it complained of:\n{tail}",
            summary=summary,
            status=ended.status,
            tail=tail,
        )


def _in_words(failed: ScriptFailed, tail: str) -> ScriptFailed:
    """Answer the same error, with what was said in the place of the events that were printed."""
    if not failed.tail:
        return failed
    last = f"Its last lines:\n{tail}" if tail else "It said nothing."
    message = f"{failed.summary} {last}"
    return ScriptFailed(message, summary=failed.summary, status=failed.status, tail=tail)
