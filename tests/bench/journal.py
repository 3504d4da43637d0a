"""Durable no-op steps a second: the engine, the physical limit, and DBOS as the peer.

Workflows of ten steps that do nothing, 1, 10 and 100 at once, each contender in a process of
its own and in turn, on the same disk. Quote the ratio: the absolute figures are the machine's.
"""

import asyncio
import json
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from pathlib import Path

from bot.engine.engine import Engine
from bot.garbage import collect_seldom
from bot.store.database import Database
from bot.store.schema import upgrade
from tests.bench.apart import apart
from tests.bench.group_commit import GroupCommit, PlainJournal, Tables
from tests.bench.measuring import Measured, NotAvailable, Part, Row, Sample, any_failed, in_turn
from tests.bench.pace import STEPS, Watch, rate
from tests.bench.plain_tables import PostgresArrays, PostgresTables, RawRows, SqliteTables
from tests.bench.stores import Store, empty
from tests.bench.workloads import TenSteps, nothing

AT_ONCE = (1, 10, 100)
ROUNDS = 5
PEER_ROUNDS = 2
SECONDS = 1.0
PEER = Path(".venv-bench/bin/python")

PLAIN, ENGINE, DBOS = "plain, group commit", "engine", "DBOS"
RAW, ARRAYS = "raw rows, 4 integers", "plain, rows as arrays"
COLUMNS = {
    "journal": "",
    "at once": "d",
    "steps/s": ",.0f",
    "of plain": ".2f",
    "p50 ms": ".2f",
    "p99 ms": ".2f",
}


def parts(sqlite: Store, postgres: Store) -> Iterator[Part]:
    """Measure on both databases."""
    yield _part(sqlite, {PLAIN: plain_sqlite_rate, RAW: raw_rate})
    yield _part(postgres, {PLAIN: plain_postgres_rate, ARRAYS: plain_arrays_rate})


def _part(store: Store, limits: dict[str, Callable[..., Sample]]) -> Part:
    rows: list[Row] = []
    failed = False
    for at_once in AT_ONCE:
        contenders = {
            name: partial(_round, store, _address(limit), at_once) for name, limit in limits.items()
        }
        contenders[ENGINE] = partial(_round, store, _address(engine_rate), at_once)
        contenders[DBOS] = partial(_peer_round, store, at_once)
        measured = in_turn(contenders, ROUNDS, {DBOS: PEER_ROUNDS})
        rows += [_row(name, at_once, result, measured[PLAIN]) for name, result in measured.items()]
        failed = failed or any_failed(measured)
    return Part(f"Durable steps a second, {store.name}", COLUMNS, rows, failed)


def _row(name: str, at_once: int, result: Measured, plain: Measured) -> Row:
    return {
        "journal": name,
        "at once": at_once,
        "steps/s": result.problem or result.median("steps/s"),
        "of plain": result.ratio(plain, "steps/s"),
        "p50 ms": result.median("p50 ms"),
        "p99 ms": result.median("p99 ms"),
        "rounds": [sample["steps/s"] for sample in result.samples],
    }


def _address(function: Callable[..., Sample]) -> str:
    return f"{function.__module__}:{function.__qualname__}"


def _round(store: Store, function: str, at_once: int) -> Sample:
    with empty(store) as url:
        answer: Sample = apart(function, url=url, concurrency=at_once, seconds=SECONDS)
        return answer


def _peer_round(store: Store, at_once: int) -> Sample:
    if not PEER.exists():
        raise NotAvailable(f"DBOS is not installed, there is no {PEER}")
    with empty(store) as url:
        answer: Sample = apart(
            "tests.bench.dbos_peer:dbos_rate", PEER, url=url, concurrency=at_once, seconds=SECONDS
        )
        return answer


def engine_rate(url: str, concurrency: int, seconds: float) -> Sample:
    """Answer the engine's durable steps a second, and its step's latency."""

    async def measure() -> Sample:
        database = Database(url)
        upgrade(database.engine)
        # As the bot's own processes do.
        collect_seldom()
        watch = Watch()
        async with database, Engine(database, given=[watch], at_once=2 * concurrency) as engine:
            return await rate(
                lambda number: engine.run(TenSteps(number=number)), watch, concurrency, seconds
            )

    return asyncio.run(measure())


def plain_sqlite_rate(url: str, concurrency: int, seconds: float) -> Sample:
    """Answer the durable steps a second that sqlite3 takes from a plain journal."""
    return _plain_rate(SqliteTables(_path(url)), concurrency, seconds)


def plain_postgres_rate(url: str, concurrency: int, seconds: float) -> Sample:
    """Answer the durable steps a second that psycopg takes from a plain journal."""
    return _plain_rate(PostgresTables(url), concurrency, seconds)


def plain_arrays_rate(url: str, concurrency: int, seconds: float) -> Sample:
    """Answer the same, where all rows of a commit go in one statement."""
    return _plain_rate(PostgresArrays(url), concurrency, seconds)


def _plain_rate(tables: Tables, concurrency: int, seconds: float) -> Sample:
    async def measure() -> Sample:
        journal = PlainJournal(tables)
        watch = Watch()
        try:
            return await rate(
                lambda number: asyncio.create_task(_plain_workflow(journal, watch, number)),
                watch,
                concurrency,
                seconds,
            )
        finally:
            journal.close()

    return asyncio.run(measure())


async def _plain_workflow(journal: PlainJournal, watch: Watch, number: int) -> None:
    run = await journal.begin("TenSteps", json.dumps({"number": number}))
    for step in range(STEPS):
        with watch.step():
            started_at = journal.now()
            await nothing()
            await journal.step(run, f"step-{step}", started_at, None)
    await journal.end(run, None)


def raw_rate(url: str, concurrency: int, seconds: float) -> Sample:
    """Answer the durable rows a second of one table of four integers."""

    async def measure() -> Sample:
        rows = GroupCommit(RawRows(_path(url)).write)
        watch = Watch()
        runs = count()

        async def ten_rows(_: int) -> None:
            run = next(runs)
            for number in range(STEPS):
                with watch.step():
                    await rows.written(("row", (run, number, 0, 0)))

        try:
            return await rate(ten_rows, watch, concurrency, seconds)
        finally:
            rows.close()

    return asyncio.run(measure())


def _path(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))
