"""A measurement in a process of its own: a clean memory figure, a death, another environment.

`python -m tests.bench.apart module:function '{"argument": 1}'` prints what the function answers
as JSON. Nothing but the standard library is imported here, as the peer's environment has no more.
"""

import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

LONGEST_SECONDS = 300


class Died(Exception):
    """The process ended without an answer; the last line is what it said last."""


def apart(function: str, python: str | Path = sys.executable, **arguments: Any) -> Any:
    """Answer what `module:function` answers there; raises `Died`."""
    done = _process(function, python, arguments)
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or [f"ended with status {done.returncode}"]
        raise Died(_telling(lines))
    return json.loads(done.stdout.splitlines()[-1])


def until_killed(function: str, **arguments: Any) -> None:
    """Let `module:function` go on until it kills itself; raises `Died` where it ends otherwise."""
    done = _process(function, sys.executable, arguments)
    if done.returncode != -9:
        raise Died(_telling(done.stderr.strip().splitlines() or ["it ended and was not killed"]))


def _process(
    function: str, python: str | Path, arguments: dict[str, Any]
) -> "subprocess.CompletedProcess[str]":
    try:
        return subprocess.run(
            [str(python), "-m", "tests.bench.apart", function, json.dumps(arguments)],
            capture_output=True,
            check=False,
            text=True,
            timeout=LONGEST_SECONDS,
        )
    except subprocess.TimeoutExpired as expired:
        raise Died(f"{function} had not ended after {LONGEST_SECONDS} s") from expired


def _telling(lines: list[str]) -> str:
    """Answer the last line that names an error, or the last one."""
    errors = [line for line in lines if line[:1].strip() and ("Error" in line or ": " in line)]
    return (errors or lines)[-1]


def main() -> None:
    """Call the function that the command line names."""
    module, _, name = sys.argv[1].partition(":")
    answer = getattr(import_module(module), name)(**json.loads(sys.argv[2]))
    sys.stdout.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main()
