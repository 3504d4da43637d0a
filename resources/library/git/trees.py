"""Folders that runs of a machine share: taken into use, and removed when nobody has for long.

Such are the files of a commit, a module of Terraform made ready, what an app of the CDK has made.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

KEPT_ALWAYS = 10
"""So many trees of a folder stay however old they are, those that were used last."""

KEPT_FOR = timedelta(days=14)
"""How long a tree stays after it was last used; no run looks at one for so long."""

_MOVED = ".gone-"


def superseded(used: Mapping[str, float], now: float) -> list[str]:
    """Answer which trees are to go, of the seconds at which each was last used."""
    oldest = now - KEPT_FOR.total_seconds()
    by_use = sorted(used, key=lambda name: used[name], reverse=True)
    return [name for name in by_use[KEPT_ALWAYS:] if used[name] < oldest]


def take(tree: Path) -> bool:
    """Answer whether the tree is there; from now on it counts as used just now."""
    with _opened(tree) as found:
        if found is None:
            return False
        # Where files cannot be locked, none is removed either.
        with suppress(OSError):
            fcntl.flock(found, fcntl.LOCK_SH)
        try:
            # Whoever removes it moves it away first, under the same lock.
            is_there = tree.stat().st_ino == os.fstat(found).st_ino
        except FileNotFoundError:
            return False
        with suppress(PermissionError):
            os.utime(found)
        return is_there


def clear_away(trees: Path, made: Path) -> None:
    """Remove the trees beside one that was made just now which nobody has used for long.

    Its own time is the present. What crashes left half made goes by the same age. Nothing is
    raised: what cannot be removed stays until the next one is made.
    """
    with suppress(OSError):
        now = made.stat().st_mtime
        found = {each.name: each.stat().st_mtime for each in trees.iterdir() if each.is_dir()}
        left = {name for name in found if name.startswith(".")}
        oldest = now - KEPT_FOR.total_seconds()
        for name in left:
            if found[name] < oldest:
                shutil.rmtree(trees / name, ignore_errors=True)
        for name in superseded({each: found[each] for each in found.keys() - left}, now):
            _remove(trees / name, oldest)


def _remove(tree: Path, oldest: float) -> None:
    moved = tree.with_name(f"{_MOVED}{tree.name}.{uuid4().hex}")
    with _opened(tree) as found:
        if found is None:
            return
        try:
            fcntl.flock(found, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return
        if os.fstat(found).st_mtime >= oldest:
            return
        tree.rename(moved)
    shutil.rmtree(moved, ignore_errors=True)


@contextmanager
def _opened(tree: Path) -> Iterator[int | None]:
    try:
        found = os.open(tree, os.O_RDONLY | os.O_DIRECTORY)
    except (FileNotFoundError, NotADirectoryError):
        yield None
        return
    try:
        yield found
    finally:
        os.close(found)
