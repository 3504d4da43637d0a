"""The mirrors of repositories on a machine: in use by many at once, or kept small by one alone."""

import asyncio
import fcntl
import os
import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import timedelta
from pathlib import Path

from resources.errors import ScriptFailed
from resources.library.git.command import git

KEPT = "refs/orbits/"
"""Refs of this kind, by the sha that each is of, keep what was fetched for a tree."""

TIDIED_EVERY = timedelta(days=1)

AS_GIT_DOES = ("-c", "gc.auto=6700", "-c", "gc.autoPackLimit=50", "-c", "gc.autoDetach=false")
"""Git packs once there are so many loose objects, or packs; never while nobody waits for it."""

_KEPT_REF = re.compile(rf"^{KEPT}([0-9a-f]{{40}})$", re.MULTILINE)
_POLL = timedelta(milliseconds=50)


@asynccontextmanager
async def in_use(mirror: Path) -> AsyncIterator[None]:
    """Have nothing vanish from a mirror for as long as it is fetched into and read from."""
    with _opened(mirror) as lock:
        while _taken(lock, fcntl.LOCK_SH) is False:  # noqa: ASYNC110 (files tell nobody)
            await asyncio.sleep(_POLL.total_seconds())
        yield


async def tidy(mirror: Path, trees: Path, made: Path, log: Callable[[str], None]) -> None:
    """Forget the revisions whose trees are gone, and let git pack and prune what is too much.

    Once a day, as of the time at which the tree `made` came to be, and only while nobody uses the
    mirror, in whichever process. What git prunes was out of reach for two weeks. Nothing is
    raised: what cannot be done waits for the next day.
    """
    with suppress(OSError, ScriptFailed), _opened(mirror) as lock:
        if not _is_due(lock, made) or not _taken(lock, fcntl.LOCK_EX):
            return
        os.utime(lock)
        await _forget(mirror, trees, log)
        await git(mirror, *AS_GIT_DOES, "gc", "--auto", "--quiet", on_output=log)


async def _forget(mirror: Path, trees: Path, log: Callable[[str], None]) -> None:
    # Of a very long answer git's last lines are known: the others have their turn another day.
    kept = _KEPT_REF.findall(await git(mirror, "for-each-ref", "--format=%(refname)", KEPT))
    gone = [revision for revision in kept if not (trees / revision).is_dir()]
    deletions = "".join(f"delete {KEPT}{revision}\n" for revision in gone)
    await git(mirror, "update-ref", "--stdin", stdin=deletions, on_output=log)


def _is_due(lock: int, made: Path) -> bool:
    age = made.stat().st_mtime - os.fstat(lock).st_mtime
    return age >= TIDIED_EVERY.total_seconds()


def _taken(lock: int, how: int) -> bool | None:
    """Answer whether the lock was taken; `None`: here nothing can be locked."""
    try:
        fcntl.flock(lock, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


@contextmanager
def _opened(mirror: Path) -> Iterator[int]:
    """Open the file whose time is when the mirror was last tidied."""
    path = mirror.with_suffix(".lock")
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        yield lock
    finally:
        os.close(lock)
