"""What a bot that died left running on this machine, ended before the same script begins anew."""

import asyncio
import os
import signal
from contextlib import suppress
from datetime import timedelta
from hashlib import sha256

from resources.executors.process_tree import POLL, UNKILLABLE, processes_marked


def mark_of(key: str) -> str:
    """Answer the mark of a script's processes; none is the beginning of another."""
    return sha256(key.encode()).hexdigest()


async def ended_by_mark(mark: str, grace: timedelta, *, orderly: bool) -> bool:
    """End all processes that bear the mark, and answer whether they are gone.

    They are asked, and after `grace` made to; `orderly`: only those that began the others are
    asked. Of a machine without a /proc it is not known what runs there, and nothing is ended.
    """
    left = await _left(mark)
    _signal(left, signal.SIGTERM, leaders_only=orderly)
    for _ in range(int(grace / POLL)):
        if not left:
            return True
        await asyncio.sleep(POLL.total_seconds())
        left = await _left(mark)
    for _ in range(int(UNKILLABLE / POLL)):
        if not left:
            return True
        # Again and again: some may have been begun in the meantime.
        _signal(left, signal.SIGKILL, leaders_only=False)
        await asyncio.sleep(POLL.total_seconds())
        left = await _left(mark)
    return not left


async def _left(mark: str) -> set[int]:
    """Answer the groups of those that bear the mark, but never our own."""
    return await asyncio.to_thread(_groups_marked, mark)


def _groups_marked(mark: str) -> set[int]:
    groups: set[int] = set()
    for pid in processes_marked(mark):
        with suppress(ProcessLookupError):
            groups.add(os.getpgid(pid))
    return groups - {os.getpgrp()}


def _signal(groups: set[int], number: int, *, leaders_only: bool) -> None:
    tell = os.kill if leaders_only else os.killpg
    for group in groups:
        with suppress(ProcessLookupError, PermissionError):
            tell(group, number)
