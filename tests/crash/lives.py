"""Processes that work on one fleet, or on what else is asked; none of them outlives its test."""

import asyncio
import json
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Self

from bot.engine.clock import SystemClock
from bot.engine.engine import wanted_of
from bot.engine.jobs import Jobs
from bot.engine.journal.asking import RunQueue
from bot.engine.polling import Polling
from bot.store.database import Database
from resources import Workflow
from tests.crash.deeds import Fleet, Ledger, Line, Word
from tests.crash.mortal_engine import LIMITS, Life, live
from tests.crash.witness import summon

UNTOLD = 255
"""How `multiprocessing` says that it was not told how a process ended: one that was killed."""

FORKS = multiprocessing.get_context("forkserver")
# One list for all tests: they share the server. `pytest` is what a process takes for its main
# module, the others are what an engine loads when it begins.
FORKS.set_forkserver_preload(
    [
        "pytest",
        "tests.crash.mortal_bot",
        "tests.crash.mortal_engine",
        "bot.store.postgres_bell",
        "sqlalchemy.dialects.postgresql.psycopg",
        "sqlalchemy.dialects.sqlite.pysqlite",
    ]
)
SOON_SECONDS = 60
LOOK_EVERY = 0.005


@dataclass
class Lives:
    """The processes that work, or worked, on one fleet; used as an async context."""

    url: str
    folder: Path
    asked: Workflow = field(default_factory=Fleet)
    run: str = ""
    killed: set[int] = field(default_factory=set)
    """The processes that ended in the way of SIGKILL."""
    _processes: list[BaseProcess] = field(default_factory=list)

    async def __aenter__(self) -> Self:
        """Ask for what is to be done; nobody works on it yet."""
        self.folder.mkdir(parents=True, exist_ok=True)
        async with Database(self.url) as database:
            await asyncio.to_thread(summon, database.engine)
            queue = RunQueue(
                Polling(database) if database.is_sqlite else Jobs(database.url), LIMITS
            )
            wanted = wanted_of(self.asked)
            now = SystemClock().now()
            self.run = await database.write(lambda session: queue.enqueue(session, wanted, now))
        return self

    async def __aexit__(self, *problem: object) -> None:
        for process in self._processes:
            if process.exitcode is None:
                process.kill()
        for process in self._processes:
            await asyncio.to_thread(process.join, SOON_SECONDS)

    def life(self, name: str, **how: Any) -> Life:
        """Plan a life on this fleet."""
        return Life(name, **({"url": self.url} | how), folder=self.folder, run=self.run)

    async def begin(self, life: Life) -> BaseProcess:
        """Begin a life."""
        process = FORKS.Process(target=live, args=(life,), daemon=True)
        await asyncio.to_thread(process.start)
        self._processes.append(process)
        return process

    async def end(self, process: BaseProcess) -> int:
        """Wait until a process has ended, and answer how."""
        await until(lambda: process.exitcode is not None)
        ended = process.exitcode
        assert ended in {0, -signal.SIGKILL, UNTOLD}, self.logs()
        if ended != 0:
            self.killed.add(_pid(process))
        return int(ended or 0)

    async def whole(self, life: Life) -> int:
        """Let a life pass, and answer how it ended."""
        return await self.end(await self.begin(life))

    async def kill(self, life: Life, process: BaseProcess) -> None:
        """Kill a process that works or is stopped."""
        process.kill()
        assert await self.end(process) == -signal.SIGKILL
        for name in {line.life for line in self.lines() if line.life.startswith(f"{life.name}.")}:
            Ledger(self.folder / "ledger").write(Line(name, Word.DIES))

    def lines(self) -> list[Line]:
        """Answer what all of them have written in the ledger."""
        return Ledger(self.folder / "ledger").lines()

    def logged(self, life: Life) -> list[dict[str, Any]]:
        """Answer what a life has logged."""
        return [json.loads(line) for line in life.log.read_text().splitlines()]

    def logs(self) -> str:
        """Answer all that was logged, and the ledger, for who looks for the reason."""
        logs = {log.name: log.read_text() for log in sorted(self.folder.glob("*.log"))}
        said = [f"{name}:\n{log}" for name, log in logs.items() if log]
        return "\n".join([*said, *(" ".join(line) for line in self.lines())])

    async def wrote(self, name: str, word: Word, deed: tuple[str, str]) -> None:
        """Wait until a life has written that of a deed."""
        await until(lambda: any(self._is(line, name, word, deed) for line in self.lines()))

    @staticmethod
    def _is(line: Line, name: str, word: Word, deed: tuple[str, str]) -> bool:
        return line.life.startswith(f"{name}.") and line.word is word and line.of == deed


def stop(process: BaseProcess) -> None:
    """Stop a process where it stands; it holds all that it has."""
    pid = _pid(process)
    os.kill(pid, signal.SIGSTOP)
    # All its threads are to stand still.
    while any(state != "T" for state in _states(pid)):
        time.sleep(LOOK_EVERY)


def go_on(process: BaseProcess) -> None:
    """Let a stopped process go on."""
    os.kill(_pid(process), signal.SIGCONT)


async def until(fact: Callable[[], bool], within: timedelta | None = None) -> None:
    """Wait until something is so; fail where it is not in time."""
    seconds = SOON_SECONDS if within is None else within.total_seconds()
    async with asyncio.timeout(seconds):
        while not fact():  # noqa: ASYNC110 (it is so in another process)
            await asyncio.sleep(LOOK_EVERY)


def _pid(process: BaseProcess) -> int:
    assert process.pid is not None
    return process.pid


def _states(pid: int) -> Iterator[str]:
    # https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
    for stat in Path(f"/proc/{pid}/task").glob("*/stat"):
        yield stat.read_text().rpartition(")")[2].split()[0]
