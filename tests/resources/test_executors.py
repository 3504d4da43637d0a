"""What every executor promises; each implementation is one more entry in `executor`."""

import asyncio
import os
import signal
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from resources.errors import ScriptFailed
from resources.executors import Executor, LocalExecutor, Script
from tests.resources.scripts import (
    STUBBORN,
    Listener,
    files_in,
    gone,
    python,
    shell,
    with_grandchild,
)

GRACE = timedelta(milliseconds=150)


@pytest.fixture(params=["local"])
def executor(request: pytest.FixtureRequest) -> Executor:
    executors: dict[str, Executor] = {"local": LocalExecutor(grace=GRACE)}
    return executors[request.param]


async def test_what_a_script_prints_is_answered(executor: Executor) -> None:
    result = await executor.execute(shell("echo out; echo err >&2"))

    assert (result.status, result.output, result.total_bytes) == (0, "out\nerr\n", 8)


async def test_a_thousand_lines_are_streamed_in_order(executor: Executor) -> None:
    pieces: list[str] = []

    await executor.execute(python("for n in range(1000): print(n, flush=True)"), pieces.append)

    assert "".join(pieces).split() == [str(number) for number in range(1000)]


async def test_output_comes_while_the_script_still_runs(executor: Executor) -> None:
    heard = asyncio.Event()
    script = shell("echo ready; sleep 60")

    running = asyncio.create_task(executor.execute(script, lambda _: heard.set()))

    async with asyncio.timeout(5):
        await heard.wait()
    assert not running.done()
    running.cancel()
    await asyncio.wait([running])


async def test_of_ten_megabytes_the_end_is_kept(executor: Executor) -> None:
    heard = 0

    def count(text: str) -> None:
        nonlocal heard
        heard += len(text)

    program = "import sys\nfor n in range(10_000): sys.stdout.write(f'{n:999}\\n')"
    result = await executor.execute(python(program, kept=5_000), count)

    assert result.output.split() == ["9995", "9996", "9997", "9998", "9999"]
    assert (result.total_bytes, result.cut_bytes, heard) == (10_000_000, 9_995_000, 10_000_000)


async def test_a_cut_in_the_middle_of_a_character_loses_that_character(executor: Executor) -> None:
    result = await executor.execute(Script(argv=("printf", "%s", "€€€"), kept=4))

    assert (result.output, result.total_bytes, result.cut_bytes) == ("€", 9, 6)


async def test_what_is_not_utf8_is_replaced(executor: Executor) -> None:
    pieces: list[str] = []

    result = await executor.execute(shell(r"printf 'caf\351 \342\202'"), pieces.append)

    assert result.output == "".join(pieces) == "caf� �"


async def test_a_character_in_two_pieces_is_heard_whole(executor: Executor) -> None:
    pieces: list[str] = []
    program = (
        "import sys, time\nfor byte in '€'.encode():\n"
        " sys.stdout.buffer.write(bytes([byte])); sys.stdout.flush(); time.sleep(0.01)"
    )

    await executor.execute(python(program), pieces.append)

    assert pieces == ["€"]


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
    with pytest.raises(ScriptFailed) as failed:
        await executor.execute(Script(argv=("true",), cwd=tmp_path / "nowhere"))

    assert str(failed.value) == (
        f"`true` could not be started: the folder {tmp_path}/nowhere to run it in is not there."
    )


async def test_a_script_runs_in_its_folder(executor: Executor, tmp_path: Path) -> None:
    result = await executor.execute(Script(argv=("pwd",), cwd=tmp_path))

    assert result.output == f"{tmp_path}\n"


async def test_the_timeout_ends_the_whole_tree(executor: Executor) -> None:
    script = with_grandchild(timeout=timedelta(seconds=0.7))

    with pytest.raises(ScriptFailed) as failed:
        await executor.execute(script)

    assert "took longer than 0.7 seconds, and was ended with all that it had started" in str(
        failed.value
    )
    assert failed.value.status is None
    assert gone(int(failed.value.tail))


async def test_what_was_printed_before_the_timeout_is_told(executor: Executor) -> None:
    with pytest.raises(ScriptFailed) as failed:
        await executor.execute(shell("echo begun; sleep 60", timeout=timedelta(seconds=0.2)))

    assert failed.value.tail == "begun"


@pytest.mark.skipif(sys.platform != "linux", reason="what left its group is found in /proc")
async def test_the_timeout_ends_a_child_that_left_the_group(executor: Executor) -> None:
    script = with_grandchild(escapes=True, timeout=timedelta(seconds=0.7))

    with pytest.raises(ScriptFailed) as failed:
        await executor.execute(script)

    assert gone(int(failed.value.tail))


async def test_cancellation_ends_the_whole_tree(executor: Executor) -> None:
    heard = Listener()
    running = asyncio.create_task(executor.execute(with_grandchild(), heard))
    grandchild = await heard.number

    running.cancel()

    with pytest.raises(asyncio.CancelledError):
        await running
    assert gone(grandchild)


async def test_an_impatient_cancellation_ends_the_whole_tree() -> None:
    executor = LocalExecutor(grace=timedelta(minutes=1))
    heard = Listener()
    running = asyncio.create_task(executor.execute(with_grandchild(), heard))
    grandchild = await heard.number

    running.cancel()
    await asyncio.sleep(0)
    running.cancel()

    with pytest.raises(asyncio.CancelledError):
        await running
    assert gone(grandchild)


@pytest.mark.parametrize("turns", range(12))
async def test_a_script_that_is_cancelled_as_it_begins_is_ended(
    executor: Executor, turns: int
) -> None:
    heard: list[str] = []
    running = asyncio.create_task(executor.execute(shell("echo $$; exec sleep 60"), heard.append))
    for _ in range(turns):
        await asyncio.sleep(0)

    running.cancel()

    with pytest.raises(asyncio.CancelledError):
        await running
    assert all(gone(int(pid)) for pid in heard)


async def test_a_child_that_holds_the_pipe_does_not_hold_the_caller(executor: Executor) -> None:
    program = f"{sys.executable} -c '{STUBBORN}' escapes & sleep 0.3"

    async with asyncio.timeout(10):
        result = await executor.execute(shell(program))

    os.kill(int(result.output), signal.SIGKILL)  # it was still there


async def test_the_environment_of_the_bot_does_not_leak(
    executor: Executor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ORBITS_GITHUB_WEBHOOK_SECRET", "hidden")

    result = await executor.execute(Script(argv=("env",), environment={"STAGE": "test"}))

    names = {line.partition("=")[0] for line in result.output.splitlines()}
    assert names <= {*LocalExecutor().inherits, "STAGE", "ORBITS_SCRIPT", "PWD", "SHLVL", "_"}
    assert "STAGE=test\n" in result.output


async def test_no_shell_reads_the_arguments(executor: Executor, tmp_path: Path) -> None:
    arguments = ("$HOME", "*", "; touch mark", "`id`", "a b", "")
    program = "import sys, json; print(json.dumps(sys.argv[1:]))"

    result = await executor.execute(python(program, *arguments, cwd=tmp_path))

    assert result.output == '["$HOME", "*", "; touch mark", "`id`", "a b", ""]\n'
    assert files_in(tmp_path) == []


async def test_five_megabytes_go_in_and_come_out(executor: Executor) -> None:
    text = "0123456789abcde\n" * (5_000_000 // 16)

    result = await executor.execute(Script(argv=("cat",), stdin=text, kept=6_000_000))

    assert result.output == text


async def test_input_that_nobody_reads_is_let_go(executor: Executor) -> None:
    result = await executor.execute(Script(argv=("echo", "hello"), stdin="x" * 5_000_000))

    assert result.output == "hello\n"


async def test_without_input_there_is_an_end_of_file_at_once(executor: Executor) -> None:
    assert (await executor.execute(Script(argv=("cat",)))).output == ""


async def test_many_scripts_run_at_once(executor: Executor) -> None:
    scripts = [Script(argv=("echo", str(number))) for number in range(40)]

    results = await asyncio.gather(*(executor.execute(script) for script in scripts))

    assert [result.output for result in results] == [f"{number}\n" for number in range(40)]
