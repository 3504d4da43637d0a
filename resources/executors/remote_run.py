"""A script on another machine: begun there, heard to its end or ended, and answered for."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import PurePosixPath
from typing import Protocol

from resources.errors import OrbitsError, ScriptFailed
from resources.executors.failures import (
    duration,
    ended_as_told,
    lost,
    timed_out,
    timed_out_yet_alive,
)
from resources.executors.files_back import files_back
from resources.executors.output import BoundedOutput
from resources.executors.processes import no_folder, no_program
from resources.executors.remote_command import Ending, sent_ahead
from resources.executors.script import Script, ScriptResult


class Remote(Protocol):
    """The way to one script on a machine; each of it may be repeated.

    `failures` are what all but `forget` raise where the machine does not do it; `left_alone` is
    how long after its timeout the machine ends a script that nobody else has ended.
    """

    @property
    def machine(self) -> object: ...  # noqa: D102 (the text of it is for people)
    @property
    def failures(self) -> tuple[type[OrbitsError], ...]: ...  # noqa: D102
    @property
    def left_alone(self) -> timedelta: ...  # noqa: D102

    async def start(self, script: Script, sent: bytes) -> None:
        """Begin the script, unless it goes on or has ended there already."""

    async def follow(self, output: BoundedOutput, kept: int) -> str:
        """Hear the script to its end, and answer how it ended."""

    async def take(self, path: str) -> bytes | None:
        """Answer an output, or a byte more than may be taken; `None` where there is none."""

    async def end(self, grace: timedelta) -> None:
        """End the script with all that it started, and forget it."""

    async def forget(self) -> None:
        """Remove what is left of a script that has ended, if that can be done at once."""


@dataclass(frozen=True)
class RemoteRun:
    """A script, the way to it, and what its executor gives to every script."""

    script: Script
    remote: Remote
    cwd: PurePosixPath | None
    environment: Mapping[str, str]
    grace: timedelta

    async def carry_out(self, on_output: Callable[[str], None]) -> ScriptResult:
        """Run the script there, or wait for it where it runs already; see `Executor.execute`.

        Raises also what keeps it from beginning, one of `failures`.
        """
        await self._begin()
        output = BoundedOutput(self.script.kept, on_output)
        ending = await self._ending(output)
        try:
            answer = await self._answer(ending, output.result())
        except self.remote.failures as failed:
            raise self._lost(str(failed), output.result()) from None
        except ScriptFailed:
            await self.remote.forget()
            raise
        await self.remote.forget()
        return answer

    async def _begin(self) -> None:
        cwd = PurePosixPath(self.script.cwd) if self.script.cwd else self.cwd
        sent = sent_ahead(self.script, cwd, {**self.environment, **self.script.environment})
        starting = asyncio.ensure_future(self.remote.start(self.script, sent))
        try:
            await asyncio.shield(starting)
        except asyncio.CancelledError:
            # Not before it has begun: what begins after its end would go on alone.
            await asyncio.wait([starting])
            with suppress(*self.remote.failures):
                starting.result()
                await self._end()
            raise

    async def _ending(self, output: BoundedOutput) -> str:
        try:
            async with asyncio.timeout(self.script.timeout.total_seconds()):
                return await self.remote.follow(output, self.script.kept)
        except TimeoutError:
            try:
                await self._end()
            except self.remote.failures as failed:
                raise timed_out_yet_alive(self.script, str(failed), output.result()) from None
            raise timed_out(self.script, output.result()) from None
        except asyncio.CancelledError:
            with suppress(*self.remote.failures):
                await self._end()
            raise
        except self.remote.failures as failed:
            raise self._lost(str(failed), output.result()) from None

    async def _answer(self, ending: str, printed: ScriptResult) -> ScriptResult:
        script, machine = self.script, str(self.remote.machine)
        match ending:
            case "0":
                return await files_back(script, printed, self.remote.take)
            case Ending.NO_FOLDER:
                raise no_folder(script, f"{script.cwd or self.cwd} on {machine}")
            case Ending.NO_PROGRAM:
                raise no_program(script)
            case Ending.TIMED_OUT:
                raise timed_out(script, printed)
            case Ending.VANISHED:
                why = "it is not there any more. See whether the machine was restarted, and retry."
                raise lost(script, machine, why, printed)
            case status:
                raise ended_as_told(script, int(status), printed)

    async def _end(self) -> None:
        """End the script, also where the caller is cancelled a second time."""
        await asyncio.shield(asyncio.ensure_future(self.remote.end(self.grace)))

    def _lost(self, why: str, printed: ScriptResult) -> ScriptFailed:
        rest = (
            "Once it answers, retry: the script is waited for, and not begun again."
            if self.script.key
            else f"The machine ends it {duration(self.remote.left_alone)} after its timeout."
        )
        return lost(self.script, str(self.remote.machine), f"{why} {rest}", printed)
