"""Durable steps a second: the engine, and plain sqlite3 with group commit as the physical limit.

Both write ten rows a workflow, on the same disk, in turn, with `synchronous=FULL`: quote the
ratio, as the absolute figures are the machine's.
"""

import asyncio
import sqlite3
import statistics
import threading
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from tempfile import TemporaryDirectory

from bot.engine.engine import Engine
from bot.store.database import Database
from bot.store.schema import upgrade
from resources import Workflow

STEPS = 10
ROUNDS = 5
WORKFLOWS = {1: 60, 10: 400, 100: 1_500}
"""How many workflows a round has, by how many go on at once."""


@dataclass(frozen=True)
class Figure:
    """Steps a second, the median of the rounds; and at one at a time, the median step in ms."""

    concurrency: int
    engine: float
    limit: float

    @property
    def share(self) -> float:
        """How much of the limit the engine reaches."""
        return self.engine / self.limit


async def nothing() -> None:
    """Do nothing, durably."""


class TenSteps(Workflow):
    """Ten steps that do nothing but are remembered."""

    number: int

    async def define(self) -> None:
        for number in range(STEPS):
            await self.do(f"step-{number}", nothing)


class PlainJournal:
    """One table, one writing thread, one commit for all that wait: what SQLite itself can do."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._waiting: SimpleQueue[tuple[tuple[object, ...], asyncio.Future[None]] | None] = (
            SimpleQueue()
        )
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._write)
        self._thread.start()

    def close(self) -> None:
        self._waiting.put(None)
        self._thread.join()

    def step(self, workflow: int, number: int) -> "asyncio.Future[None]":
        written: asyncio.Future[None] = self._loop.create_future()
        self._waiting.put(((workflow, number, "nothing", "null"), written))
        return written

    def _write(self) -> None:
        with closing(sqlite3.connect(self._path, isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute(
                "CREATE TABLE step (run INT, number INT, kind TEXT, result TEXT, "
                "PRIMARY KEY (run, number))"
            )
            while (first := self._waiting.get()) is not None:
                batch = [first]
                while not self._waiting.empty() and (more := self._waiting.get()) is not None:
                    batch.append(more)
                connection.execute("BEGIN IMMEDIATE")
                connection.executemany(
                    "INSERT INTO step VALUES (?, ?, ?, ?)", [row for row, _ in batch]
                )
                connection.execute("COMMIT")
                self._loop.call_soon_threadsafe(_tell, [written for _, written in batch])


def _tell(written: "list[asyncio.Future[None]]") -> None:
    for future in written:
        future.set_result(None)


async def engine_rate(folder: Path, concurrency: int) -> float:
    """Answer the engine's durable steps a second."""
    database = Database(f"sqlite:///{folder / 'engine.db'}")
    upgrade(database.engine)
    async with database, Engine(database, at_once=2 * concurrency) as engine:
        numbers = iter(range(WORKFLOWS[concurrency]))

        async def work() -> None:
            for number in numbers:
                await engine.run(TenSteps(number=number))

        return await _rate(work, concurrency)


async def limit_rate(folder: Path, concurrency: int) -> float:
    """Answer plain sqlite3's durable rows a second."""
    journal = PlainJournal(folder / "plain.db")
    numbers = iter(range(WORKFLOWS[concurrency]))

    async def work() -> None:
        for workflow in numbers:
            for number in range(STEPS):
                await journal.step(workflow, number)

    try:
        return await _rate(work, concurrency)
    finally:
        journal.close()


async def _rate(work, concurrency: int) -> float:  # type: ignore[no-untyped-def]
    began = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(concurrency)))
    return WORKFLOWS[concurrency] * STEPS / (time.perf_counter() - began)


def measure(concurrency: int, folder: Path | None = None) -> Figure:
    """Measure both in turn, on the disk that holds `folder` (the current one by default)."""
    engine, limit = [], []
    for _ in range(ROUNDS):
        with TemporaryDirectory(dir=folder or Path.cwd()) as name:
            engine.append(asyncio.run(engine_rate(Path(name), concurrency)))
            limit.append(asyncio.run(limit_rate(Path(name), concurrency)))
    return Figure(concurrency, statistics.median(engine), statistics.median(limit))
