"""A bot is killed in the middle of a script, and the next one never makes two of it."""

import fcntl
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.states import State
from resources.executors import Executor, LocalExecutor, SandboxExecutor
from resources.library import RunScript
from resources.model.workflow import Workflow
from tests.crash.lives import Lives, until
from tests.crash.witness import evidence
from tests.resources.executors.conftest import demand_bubblewrap
from tests.resources.executors.ssh_server import SshServer, ssh_server

GRACE = timedelta(milliseconds=100)

STUBBORN = """
import fcntl, os, signal, sys, time
folder = sys.argv[1]
held = os.open(folder + "/held", os.O_CREAT | os.O_RDWR)
try:
    fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    word = "begun"
except BlockingIOError:
    word = "two at once"
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if not os.fork():
    os.setsid()
else:
    with open(folder + "/log", "a") as log:
        print(word, file=log)
while not os.path.exists(folder + "/go"):
    time.sleep(0.02)
"""
"""It notes that it begins, ignores TERM, and holds a lock together with a child that escapes."""


class Chores(Workflow):
    """One script that goes on until its folder holds `go`."""

    folder: Path
    executor: Executor

    async def define(self) -> str:
        argv = (sys.executable, "-IS", "-c", STUBBORN, str(self.folder))
        await self.do("work", RunScript(argv=argv, executor=self.executor))
        return "done"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "work").mkdir()
    return tmp_path / "work"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[SshServer]:
    (tmp_path / "server").mkdir()
    with ssh_server(tmp_path / "server") as server:
        yield server


async def killed_in_the_middle(lives: Lives, folder: Path) -> None:
    """Let a bot begin the script, and die."""
    life = lives.life("a")
    process = await lives.begin(life)
    await until(lambda: begun(folder) == ["begun"])
    await lives.kill(life, process)


def begun(folder: Path) -> list[str]:
    log = folder / "log"
    return log.read_text().splitlines() if log.exists() else []


def goes_on(folder: Path) -> bool:
    """Answer whether a process of the script still lives."""
    with (folder / "held").open("r+") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def has_succeeded(lives: Lives) -> bool:
    return any(run.state is State.SUCCEEDED for run in evidence(lives.url).runs)


async def test_what_it_left_running_on_another_machine_is_waited_for(
    sqlite_url: str, tmp_path: Path, folder: Path, server: SshServer
) -> None:
    chores = Chores(folder=folder, executor=server.executor(tmp_path / "ssh", grace=GRACE))
    async with Lives(sqlite_url, tmp_path / "lives", chores) as lives:
        await killed_in_the_middle(lives, folder)
        assert goes_on(folder)
        (folder / "go").touch()

        assert await lives.whole(lives.life("b")) == 0
        assert has_succeeded(lives)
    assert begun(folder) == ["begun"]


@pytest.mark.parametrize("where", ["local", "sandbox"])
async def test_what_it_left_running_beside_it_is_ended_before_it_begins_anew(
    sqlite_url: str, tmp_path: Path, folder: Path, where: str
) -> None:
    chores = Chores(folder=folder, executor=beside(where, folder))
    async with Lives(sqlite_url, tmp_path / "lives", chores) as lives:
        await killed_in_the_middle(lives, folder)
        # A sandbox dies with who made it.
        assert where == "sandbox" or goes_on(folder)

        process = await lives.begin(lives.life("b"))
        await until(lambda: len(begun(folder)) > 1)
        (folder / "go").touch()
        assert await lives.end(process) == 0
        assert has_succeeded(lives)
    assert begun(folder) == ["begun", "begun"]


def beside(where: str, folder: Path) -> Executor:
    if where == "local":
        return LocalExecutor(grace=GRACE)
    demand_bubblewrap()
    return SandboxExecutor(grace=GRACE, writable=(folder,))
