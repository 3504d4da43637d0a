"""Scripts that behave badly, and ways to see what became of them."""

import asyncio
import subprocess
import sys
import time
from pathlib import Path

from resources.executors import Script


def python(program: str, *arguments: str, **options: object) -> Script:
    return Script.model_validate({"argv": (sys.executable, "-c", program, *arguments), **options})


def shell(program: str, **options: object) -> Script:
    return Script.model_validate({"argv": ("sh", "-c", program), **options})


def gone(pid: int) -> bool:
    """Wait until no process with that id runs; what waits to be buried counts as gone."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        listed = subprocess.run(
            ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False
        )
        if listed.stdout.strip()[:1] in {"", "Z"}:
            return True
    return False


STUBBORN = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if sys.argv[1:]:
    os.setsid()
print(os.getpid(), flush=True)
time.sleep(60)
"""


def with_grandchild(*, escapes: bool = False, **options: object) -> Script:
    """A shell that waits for a grandchild, which tells its id, ignores TERM, and may escape."""
    program = f'"{sys.executable}" -c "$0" "$@" & wait'
    escaping = ("escapes",) if escapes else ()
    return Script.model_validate({"argv": ("sh", "-c", program, STUBBORN, *escaping), **options})


def files_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


class Listener:
    """Hears the first number that a script prints."""

    def __init__(self) -> None:
        self.number: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def __call__(self, text: str) -> None:
        self.number.set_result(int(text))
