"""How this process hears that one which it started has ended."""

import asyncio
import os
import sys


def wait_without_threads() -> None:
    """Let the running loop wait for processes by their descriptors, where the system has these.

    From Python 3.12 on it does so by itself. Before, it begins a thread for each process.
    https://docs.python.org/3.12/whatsnew/3.12.html#asyncio
    """
    if sys.version_info < (3, 12) and _has_descriptors():
        watcher = asyncio.PidfdChildWatcher()
        watcher.attach_loop(asyncio.get_running_loop())
        asyncio.set_child_watcher(watcher)


def _has_descriptors() -> bool:
    try:
        os.close(os.pidfd_open(os.getpid()))
    except (AttributeError, OSError):
        return False
    return True
