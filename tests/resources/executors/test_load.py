"""What real processes are seen to take of the machine."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from resources.executors.load import Load, load_of

MB = 1_000_000
SAYS_SO = "print('there', flush=True); import sys; sys.stdin.read()"
HOLDS = f"x = b'x' * 200_000_000; {SAYS_SO}"
BURNS = "while True: pass"
SLEEPS = SAYS_SO
FORKS = f"""
import os
x = b'x' * 100_000_000
for _ in range(3):
    if not os.fork():
        break
{SAYS_SO}
"""

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/task").is_dir(), reason="only Linux tells of processes in /proc"
)


@asynccontextmanager
async def going(*argv: str, says: int = 1) -> AsyncIterator[int]:
    """Have a process until the end; `says` is how many lines it prints when it is ready."""
    process = await asyncio.create_subprocess_exec(
        *argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    )
    try:
        assert process.stdout is not None
        for _ in range(says):
            await process.stdout.readline()
        yield process.pid
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        await process.communicate()


def python(program: str) -> tuple[str, ...]:
    return (sys.executable, "-IS", "-c", program)


async def seen(pid: int, fact: Callable[[Load], bool]) -> Load:
    """Look until a fact is to be seen."""

    async def look() -> Load:
        while True:
            load = load_of(pid)
            if load is not None and fact(load):
                return load
            await asyncio.sleep(0.01)

    return await within(look())


async def within(awaited: Awaitable[Load]) -> Load:
    async with asyncio.timeout(30):
        return await awaited


async def test_the_memory_that_a_process_holds_is_its_own() -> None:
    async with going(*python(HOLDS)) as pid:
        load = await seen(pid, lambda load: load.own > 200 * MB)
        assert load.own <= load.whole < 300 * MB


async def test_what_a_process_has_of_files_is_in_the_whole_and_not_its_own() -> None:
    async with going(*python(SLEEPS)) as pid:
        load = await seen(pid, lambda load: load.whole > 0)
        assert 0 < load.own < load.whole


async def test_a_child_counts_along_with_its_parent() -> None:
    shell = ("sh", "-c", '"$0" "$@" <&0; true', *python(HOLDS))
    async with going(*shell) as pid:
        await seen(pid, lambda load: load.own > 200 * MB)


async def test_what_forked_children_share_counts_once() -> None:
    if load_of_one_is_proportional():
        async with going(*python(FORKS), says=4) as pid:
            load = await seen(pid, lambda load: load.own > 100 * MB)
            assert load.own < 200 * MB


def load_of_one_is_proportional() -> bool:
    if not Path("/proc/self/smaps_rollup").exists():
        pytest.skip("this kernel has no /proc/PID/smaps_rollup")
    return True


async def test_who_works_takes_cpu_and_who_sleeps_takes_none() -> None:
    async with going(*python(BURNS), says=0) as busy, going(*python(SLEEPS)) as asleep:
        first = await seen(asleep, lambda load: load.cpu > 0)
        await seen(busy, lambda load: load.cpu > first.cpu + 0.3)
        last = load_of(asleep)
        assert last is not None
        assert last.cpu - first.cpu < 0.3
        assert last.at > first.at


async def test_time_of_a_child_that_has_ended_is_not_lost() -> None:
    burns = "import time\nwhile time.process_time() < 0.3: pass"
    shell = '"$0" -IS -c "$1"; echo there; read -r nothing'
    async with going("sh", "-c", shell, sys.executable, burns) as pid:
        await seen(pid, lambda load: load.cpu > 0.25)


async def test_who_is_gone_takes_nothing() -> None:
    process = await asyncio.create_subprocess_exec(shutil.which("true") or "true")
    await process.wait()
    assert load_of(process.pid) is None
