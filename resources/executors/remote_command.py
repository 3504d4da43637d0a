"""How the program that watches over a script on a host is called, and what is sent to it."""

import shlex
from collections.abc import Mapping
from enum import StrEnum
from pathlib import PurePosixPath

from resources.executors.remote_program import PROGRAM
from resources.executors.script import Script


class Ending(StrEnum):
    """How a script ended, where that is no exit status."""

    NO_FOLDER = "no-folder"
    NO_PROGRAM = "no-program"
    TIMED_OUT = "timed-out"
    VANISHED = "vanished"


def remote_command(verb: str, at: str, *arguments: object) -> str:
    """Answer the command line that does `verb` to the script whose folder is `at`."""
    words = ("sh", "-c", 'eval "$1"', "orbits", PROGRAM, verb, at, *map(str, arguments))
    return f"exec {shlex.join(words)}"


def sent_ahead(script: Script, cwd: PurePosixPath | None, environment: Mapping[str, str]) -> bytes:
    """Answer all that a script needs, which the host reads from standard input.

    So neither an argument, nor a value of the environment, nor the input is in any command line.
    """
    parts = {
        "prologue": _prologue(script, cwd, environment),
        "stdin": script.stdin.encode(),
        **{f"files/{path}": content for path, content in script.files.items()},
    }
    manifest = "".join(f"{len(part)} {path}\n" for path, part in parts.items()).encode()
    return b"".join((f"{len(manifest)}\n".encode(), manifest, *parts.values()))


def _prologue(script: Script, cwd: PurePosixPath | None, environment: Mapping[str, str]) -> bytes:
    folder = '"$1/files"' if script.has_folder else shlex.quote(str(cwd)) if cwd else '"$HOME"'
    set_all = [f"export {name}={shlex.quote(value)}" for name, value in environment.items()]
    lines = (
        'at=$1; rm -f "$at/prologue" "$at/stdin"',
        f'cd -- {folder} 2>/dev/null || {{ echo {Ending.NO_FOLDER} > "$at/failure"; exit 1; }}',
        *set_all,
        f"set -- {shlex.join(script.argv)}",
        'command -v -- "$1" > /dev/null 2>&1 ||',
        f'  {{ echo {Ending.NO_PROGRAM} > "$at/failure"; exit 1; }}',
        'exec "$@"',
    )
    return "\n".join(lines).encode(errors="surrogateescape") + b"\n"
