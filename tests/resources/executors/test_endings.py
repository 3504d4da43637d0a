"""What every executor promises about how a script begins and ends, with all that it started."""

import asyncio
import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest

from resources.errors import ScriptFailed
from resources.executors import DockerExecutor, Executor, LocalExecutor, Script, SshExecutor
from tests.resources.executors.conftest import Tried
from tests.resources.scripts import Witness, shell

SOON = timedelta(seconds=0.8)
PR_SET_CHILD_SUBREAPER = (
    36  # https://man7.org/linux/man-pages/man2/PR_SET_CHILD_SUBREAPER.2const.html
)


async def test_another_status_than_zero_is_told_with_the_last_lines(executor: Executor) -> None:
    with pytest.raises(ScriptFailed) as failed:
        await executor.execute(shell("echo one; echo two >&2; exit 3"))

    assert str(failed.value) == (
        "`sh -c 'echo one; echo two >&2; exit 3'` ended with status 3. Its last lines:\none\ntwo"
    )
    assert (failed.value.status, failed.value.tail) == (3, "one\ntwo")


async def test_a_signal_is_told_by_its_name(executor: Executor) -> None:
    with pytest.raises(ScriptFailed) as failed:
        await executor.execute(shell("kill -9 $$"))

    assert str(failed.value) == (
        "`sh -c 'kill -9 $$'` was ended by the signal SIGKILL. It printed nothing."
    )
    assert failed.value.status == -9


async def test_a_missing_program_is_named(executor: Executor) -> None:
    with pytest.raises(ScriptFailed) as failed:
        await executor.execute(Script(argv=("alembik", "upgrade", "head")))

    assert str(failed.value) == (
        "`alembik upgrade head` could not be started: there is no program `alembik`. "
        "Install it, or put it on PATH."
    )
    assert failed.value.status is None


async def test_a_missing_folder_is_named(executor: Executor, tmp_path: Path) -> None:
    if isinstance(executor, DockerExecutor):
        pytest.skip("Docker makes the folder that a container is to run in")
    missing = tmp_path / "nowhere"
    where = f"{missing}"
    if isinstance(executor, SshExecutor):
        where = f"{missing} on {executor.user}@127.0.0.1:{executor.port}"

    with pytest.raises(ScriptFailed) as failed:
        await executor.execute(Script(argv=("true",), cwd=missing))

    assert str(failed.value) == (
        f"`true` could not be started: the folder {where} to run it in is not there."
    )


async def test_a_script_runs_in_its_folder(executor: Executor, tmp_path: Path) -> None:
    result = await executor.execute(shell("pwd; echo mark > made", cwd=tmp_path))

    assert result.output == f"{tmp_path}\n"
    assert (tmp_path / "made").read_text() == "mark\n"


async def test_the_timeout_ends_the_whole_tree(executor: Executor, witness: Witness) -> None:
    with pytest.raises(ScriptFailed) as failed:
        await executor.execute(witness.script(timeout=SOON))

    assert "took longer than 0.8 seconds, and was ended with all that it had started" in str(
        failed.value
    )
    assert failed.value.status is None
    await witness.departure()


async def test_a_script_may_put_its_things_in_order_at_its_timeout(
    executor: Executor, tmp_path: Path
) -> None:
    program = "trap 'echo tidy > state; exit 1' TERM; echo begun; while :; do sleep 0.01; done"
    script = shell(program, cwd=tmp_path, timeout=timedelta(seconds=0.5))

    with pytest.raises(ScriptFailed) as failed:
        await executor.execute(script)

    assert failed.value.tail.startswith("begun")
    assert (tmp_path / "state").read_text() == "tidy\n"


@pytest.mark.parametrize("escapes", [False, True], ids=["stays", "escapes"])
async def test_cancellation_ends_the_whole_tree(
    executor: Executor, witness: Witness, escapes: bool
) -> None:
    running = asyncio.create_task(executor.execute(witness.script(escapes=escapes)))
    await witness.arrival()

    running.cancel()

    with pytest.raises(asyncio.CancelledError):
        await running
    await witness.departure()


@pytest.fixture
def adopting() -> Iterator[None]:
    """Be the parent of orphans and reap none of them, as a bot is that a container begins with."""
    if not sys.platform.startswith("linux"):
        pytest.skip("only Linux lets a process adopt orphans")
    libc = ctypes.CDLL(None)
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1)
    yield
    libc.prctl(PR_SET_CHILD_SUBREAPER, 0)
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


@pytest.mark.usefixtures("adopting")
async def test_who_has_ended_is_not_waited_for_where_nobody_reaps_orphans() -> None:
    executor = LocalExecutor(grace=timedelta(minutes=10))
    here = asyncio.Event()
    script = shell("sleep 600 & echo here; exec sleep 600")
    running = asyncio.create_task(executor.execute(script, lambda _: here.set()))
    await here.wait()

    running.cancel()

    async with asyncio.timeout(60):
        await asyncio.wait([running])
    assert running.cancelled()


async def test_an_impatient_cancellation_ends_the_whole_tree(witness: Witness) -> None:
    executor = LocalExecutor(grace=timedelta(minutes=1))
    running = asyncio.create_task(executor.execute(witness.script()))
    await witness.arrival()

    running.cancel()
    await asyncio.sleep(0)
    running.cancel()

    with pytest.raises(asyncio.CancelledError):
        await running
    await witness.departure()


@pytest.mark.parametrize("turns", [0, 2, 40])
async def test_a_script_that_is_cancelled_as_it_begins_is_ended(
    executor: Executor, witness: Witness, turns: int
) -> None:
    running = asyncio.create_task(executor.execute(witness.script()))
    for _ in range(turns):
        await asyncio.sleep(0)

    running.cancel()

    with pytest.raises(asyncio.CancelledError):
        await running
    if witness.sees_it:
        await witness.departure()


async def test_a_child_that_holds_the_pipe_does_not_hold_the_caller(
    tried: Tried, witness: Witness
) -> None:
    script = witness.script("sleep 0.5; echo done", escapes=True)

    async with asyncio.timeout(20):
        result = await tried.executor.execute(script)

    assert result.output == "done\n"
    if tried.leaves_children:
        assert witness.sees_it
        await witness.dismiss()
    await witness.departure()


async def test_a_script_that_closes_its_output_is_waited_for(executor: Executor) -> None:
    with pytest.raises(ScriptFailed) as failed:
        await executor.execute(shell("echo bye; exec >&- 2>&- <&-; sleep 0.1; exit 4"))

    assert (failed.value.status, failed.value.tail) == (4, "bye")


async def test_many_scripts_run_at_once(executor: Executor) -> None:
    scripts = [Script(argv=("echo", str(number))) for number in range(12)]

    results = await asyncio.gather(*(executor.execute(script) for script in scripts))

    assert [result.output for result in results] == [f"{number}\n" for number in range(12)]
