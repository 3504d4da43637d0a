"""What the SSH executor promises beyond the contract: lost lines, strangers, and no litter."""

import asyncio
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest

from resources.errors import ScriptFailed
from resources.executors import Script
from tests.resources.executors.conftest import GRACE
from tests.resources.executors.proxy import Proxy
from tests.resources.executors.ssh_server import SshServer
from tests.resources.scripts import Witness, files_in, python, shell

WAITS = 'echo begun >> "$0/log"; echo first; while [ ! -e "$0/go" ]; do sleep 0.02; done; echo last'


def waiting(folder: Path, **options: object) -> Script:
    """A script that notes in a folder that it began, and goes on when it finds `go` there."""
    return shell(WAITS, str(folder), **options)


class Heard:
    """Collects what is printed, and can be waited for."""

    def __init__(self) -> None:
        self.text = ""
        self._news = asyncio.Event()

    def __call__(self, text: str) -> None:
        self.text += text
        self._news.set()

    async def at_least(self, length: int) -> None:
        async with asyncio.timeout(30):
            while len(self.text) < length:
                self._news.clear()
                await self._news.wait()


async def test_a_script_survives_the_loss_of_its_connection(
    server: SshServer, tmp_path: Path
) -> None:
    async with Proxy(server.port) as proxy:
        executor = server.executor(tmp_path / "ssh", port=proxy.port)
        heard = Heard()
        running = asyncio.create_task(executor.execute(waiting(tmp_path), heard))
        await heard.at_least(6)

        proxy.cut()
        (tmp_path / "go").touch()
        result = await running

    assert result.output == heard.text == "first\nlast\n"
    assert (tmp_path / "log").read_text() == "begun\n"
    assert proxy.connections == 2


async def test_of_output_on_its_way_nothing_is_lost_and_nothing_comes_twice(
    server: SshServer, tmp_path: Path
) -> None:
    async with Proxy(server.port) as proxy:
        executor = server.executor(tmp_path / "ssh", port=proxy.port)
        heard = Heard()
        running = asyncio.create_task(executor.execute(Script(argv=("seq", "400000")), heard))

        for size in (1, 700_000, 1_400_000):
            await heard.at_least(size)
            proxy.cut()
        result = await running

    assert heard.text == "".join(f"{number}\n" for number in range(1, 400_001))
    assert result.total_bytes == len(heard.text)


async def test_a_script_whose_host_is_lost_is_told_as_lost(
    server: SshServer, tmp_path: Path, witness: Witness
) -> None:
    async with Proxy(server.port) as proxy:
        executor = server.executor(tmp_path / "ssh", port=proxy.port, patience=timedelta(0))
        heard, script = Heard(), witness.script("echo begun; wait", key="run-1.step")
        running = asyncio.create_task(executor.execute(script, heard))
        await heard.at_least(6)
        await witness.arrival()

        proxy.closed = True
        proxy.cut()
        with pytest.raises(ScriptFailed) as failed:
            await running

    assert " was begun on " in str(failed.value)
    assert "it hung up before the bot could log in" in str(failed.value)
    assert "Once it answers, retry: the script is waited for, and not begun again." in str(
        failed.value
    )
    await witness.dismiss()
    direct = server.executor(tmp_path / "ssh")
    assert (await direct.execute(witness.script(key="run-1.step"))).status == 0


CRASHES = """
import asyncio, sys
from resources.executors import Script, SshExecutor
executor = SshExecutor.model_validate_json(sys.argv[1])
script = Script.model_validate_json(sys.argv[2])
asyncio.run(executor.execute(script, lambda text: print(text, flush=True)))
"""


@pytest.mark.parametrize("meanwhile", ["it goes on", "it ends"])
async def test_a_script_is_found_again_after_a_crash_of_the_bot(
    server: SshServer, tmp_path: Path, meanwhile: str
) -> None:
    executor = server.executor(tmp_path / "ssh")
    script = waiting(tmp_path, key="run-7f3c.sql-migrate")
    arguments = (executor.model_dump_json(), script.model_dump_json())
    bot = await asyncio.create_subprocess_exec(
        sys.executable, "-c", CRASHES, *arguments, stdout=asyncio.subprocess.PIPE
    )
    assert bot.stdout is not None
    assert await bot.stdout.readline() == b"first\n"
    bot.kill()
    await bot.communicate()

    if meanwhile == "it ends":
        (tmp_path / "go").touch()
        await asyncio.to_thread(wait_for, tmp_path / "ssh/run-7f3c.sql-migrate/status")
    heard = Heard()
    again = asyncio.create_task(executor.execute(script, heard))
    await heard.at_least(6)
    (tmp_path / "go").touch()

    assert (await again).output == heard.text == "first\nlast\n"
    assert (tmp_path / "log").read_text() == "begun\n"


def wait_until_nothing_runs(folder: Path) -> None:
    """Wait until no process has the folder in its command line."""
    deadline = time.monotonic() + 10
    while running := [line for line in _command_lines() if str(folder).encode() in line]:
        assert time.monotonic() < deadline, running


def _command_lines() -> Iterator[bytes]:
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            yield file.read_bytes()


def wait_for(file: Path) -> None:
    """Wait until a file is there."""
    deadline = time.monotonic() + 20
    while not file.exists() and time.monotonic() < deadline:
        time.sleep(0.01)


@pytest.mark.parametrize("ending", ["succeeds", "fails", "is cancelled", "is late"])
async def test_nothing_is_left_on_the_host(server: SshServer, tmp_path: Path, ending: str) -> None:
    executor = server.executor(tmp_path / "ssh", grace=GRACE)
    programs = {"succeeds": "true", "fails": "exit 1"}
    program = programs.get(ending, "echo there; sleep 60")
    script = shell(program, timeout=timedelta(seconds=0.3 if ending == "is late" else 60))
    heard = Heard()

    running = asyncio.create_task(executor.execute(script, heard))
    if ending == "is cancelled":
        await heard.at_least(5)
        running.cancel()
    await asyncio.gather(running, return_exceptions=True)

    assert files_in(tmp_path / "ssh") == []
    await asyncio.to_thread(wait_until_nothing_runs, tmp_path)


async def test_no_secret_is_in_a_command_line_or_stays_on_the_disk(
    server: SshServer, tmp_path: Path
) -> None:
    executor = server.executor(tmp_path / "ssh", environment={"TOKEN": "hush-environment"})
    program = (
        "import os, pathlib, sys; given = sys.stdin.read()\n"
        "lines = [p.read_bytes() for p in pathlib.Path('/proc').glob('[0-9]*/cmdline')]\n"
        f"files = [p.read_bytes() for p in pathlib.Path({str(tmp_path)!r}).rglob('*')"
        " if p.is_file()]\n"
        "print(any(b'hush-' + kind in text for text in lines + files"
        " for kind in (b'environment', b'input')), 'TOKEN' in os.environ, given)"
    )

    result = await executor.execute(python(program, stdin="hush-input"))

    assert result.output == "False True hush-input\n"
