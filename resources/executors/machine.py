"""How much of this machine may be used: CPUs and memory, as the system grants it to this process.

https://www.kernel.org/doc/html/latest/admin-guide/cgroup-v2.html
"""

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from resources.executors.admission import Admission

PROC = Path("/proc")
GROUPS = Path("/sys/fs/cgroup")
LEAST_CPUS = 0.1
ANYWHERE = 2 * 1024**3
"""What is taken for the memory where the system does not tell."""


def room_of_this_machine() -> Admission:
    """Answer an admission for all CPUs that this process may use, and 3/4 of the free memory."""
    return Admission(usable_cpus(), 3 * free_memory() // 4)


def usable_cpus(proc: Path = PROC, groups: Path = GROUPS) -> float:
    """Answer how many CPUs this process may use: those that it may run on, or its group's quota."""
    granted = [float(_may_run_on())]
    for folder in _groups(proc, groups):
        with suppress(OSError, ValueError):
            quota, period = (folder / "cpu.max").read_text().split()
            granted.append(int(quota) / int(period))
    return max(LEAST_CPUS, min(granted))


def free_memory(proc: Path = PROC, groups: Path = GROUPS) -> int:
    """Answer how many bytes could be taken now, of the machine and of this process's group."""
    free = [_available(proc)]
    for folder in _groups(proc, groups):
        with suppress(OSError, ValueError):
            most, now = ((folder / f"memory.{name}").read_text() for name in ("max", "current"))
            free.append(max(0, int(most) - int(now)))
    return min(free)


def _may_run_on() -> int:
    # Only Linux knows of affinities.
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _available(proc: Path) -> int:
    with suppress(OSError):
        told = re.search(r"^MemAvailable:\s+(\d+) kB", (proc / "meminfo").read_text(), re.MULTILINE)
        if told:
            return 1024 * int(told[1])
    return ANYWHERE


def _groups(proc: Path, groups: Path) -> Iterator[Path]:
    """Answer the folders of the group that this process is in, and of those around it."""
    with suppress(OSError):
        for line in (proc / "self" / "cgroup").read_text().splitlines():
            if line.startswith("0::/"):
                path = Path(line.removeprefix("0::/"))
                yield from (groups / each for each in (path, *path.parents))
