"""What a run that was cut off left on this machine: processes in its folder, and its last state."""

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

ERRORED_STATE = "errored.tfstate"
"""Where Terraform writes what it has done, when it cannot hand the state in."""

GRACE = timedelta(seconds=30)
_POLL = timedelta(milliseconds=50)


async def end_processes_in(folder: Path, grace: timedelta = GRACE) -> list[int]:
    """Let whatever still works in the folder stop, and answer which processes these were.

    An interrupt lets Terraform end what it has begun, and write down what it did; its providers
    are spared until the grace is over, but for those that have outlived it.
    """
    found = await asyncio.to_thread(_processes_in, folder)
    for pid in found:
        with suppress(OSError):
            leader = os.getpgid(pid)
            if leader == pid:
                os.kill(pid, signal.SIGINT)
            elif not _is_there(leader):
                os.kill(pid, signal.SIGTERM)
    for _ in range(int(grace / _POLL)):
        if not (found and await asyncio.to_thread(_processes_in, folder)):
            return found
        await asyncio.sleep(_POLL.total_seconds())
    for pid in await asyncio.to_thread(_processes_in, folder):
        with suppress(OSError):
            os.kill(pid, signal.SIGKILL)
    return found


def errored_states(folder: Path) -> list[Path]:
    """Answer the states in the folder that were not handed in, oldest first."""
    return sorted(folder.rglob(ERRORED_STATE), key=lambda path: path.stat().st_mtime)


def _is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _processes_in(folder: Path) -> list[int]:
    """Answer whose working directory is in the folder; nobody where there is no /proc."""
    return list(_working_in(folder.resolve()))


def _working_in(folder: Path) -> Iterator[int]:
    for cwd in Path("/proc").glob("[0-9]*/cwd"):
        with suppress(OSError):
            if cwd.readlink().is_relative_to(folder):
                yield int(cwd.parent.name)
