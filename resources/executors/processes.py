"""A script as processes of this machine, to its end or to the end of its time."""

import asyncio
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from resources.errors import ScriptFailed
from resources.executors.admission import Place, admitted
from resources.executors.failures import not_started, timed_out
from resources.executors.left_running import ended_by_mark, mark_of
from resources.executors.output import BoundedOutput
from resources.executors.process_tree import ProcessTree
from resources.executors.script import Script, ScriptResult


@dataclass(frozen=True)
class Surroundings:
    """What processes find where they run, and how long they may take to end when they must.

    `through` is the command that runs a script, where it does not run by itself; what that
    runs ends with it.
    """

    cwd: Path | None
    environment: Mapping[str, str]
    grace: timedelta
    through: Sequence[str] = ()


async def carry_out(
    script: Script, on_output: Callable[[str], None], given: Surroundings
) -> tuple[int, ScriptResult]:
    """Run the script once there is room for it, and answer its status and what it printed.

    Its time counts from when it starts. One with a `key` that a bot which died left running here
    is ended before. Raises `ScriptFailed` where it cannot start, or its time is up.
    """
    async with admitted(script.sort or Path(script.argv[0]).name) as place:
        return await _carried_out(script, on_output, given, place)


async def _carried_out(
    script: Script, on_output: Callable[[str], None], given: Surroundings, place: Place
) -> tuple[int, ScriptResult]:
    output = BoundedOutput(script.kept, on_output)
    mark = None if script.key is None else mark_of(script.key)
    if mark is not None and not await ended_by_mark(mark, given.grace, orderly=script.orderly):
        raise _still_running(script)
    tree = ProcessTree(mark, watched=bool(given.through), orderly=script.orderly)
    try:
        await tree.start(
            [*given.through, *script.argv],
            cwd=given.cwd,
            environment=given.environment,
            stdin=script.stdin.encode(),
            hear=output.take,
        )
    except OSError as error:
        raise _not_started(script, given.cwd, error) from error
    try:
        async with place.watching(tree.pid), asyncio.timeout(script.timeout.total_seconds()):
            status = await tree.wait()
    except TimeoutError:
        await tree.end(given.grace)
        raise timed_out(script, output.result()) from None
    except asyncio.CancelledError:
        await tree.end(given.grace)
        raise
    finally:
        tree.close()
    return status, output.result()


def inherited(names: Iterable[str]) -> dict[str, str]:
    """Answer those variables of this process that have a name of `names`."""
    return {name: os.environ[name] for name in names if name in os.environ}


def no_folder(script: Script, folder: object) -> ScriptFailed:
    """Answer the error of a script whose folder is not there."""
    return not_started(script, f"the folder {folder} to run it in is not there.")


def no_program(script: Script) -> ScriptFailed:
    """Answer the error of a script whose program is not there."""
    program = script.argv[0]
    return not_started(script, f"there is no program `{program}`. Install it, or put it on PATH.")


def _still_running(script: Script) -> ScriptFailed:
    return not_started(
        script,
        "a bot that died had begun it on this machine, and what it left running does not end. See "
        "what that waits for, and retry.",
    )


def _not_started(script: Script, cwd: Path | None, error: OSError) -> ScriptFailed:
    if cwd is not None and str(error.filename) == str(cwd):
        return no_folder(script, cwd)
    if isinstance(error, FileNotFoundError):
        return no_program(script)
    return not_started(script, f"{error.strerror or error}.")
