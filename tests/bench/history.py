"""What a run costs in a store that remembers a thousand runs, and one that remembers many more.

The run brings a resource about in three steps, so it reads and writes what is recorded of its
identity. The history is inserted in bulk: succeeded runs of the same resources, with their steps.
"""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from itertools import count

from bot.engine.engine import Engine
from bot.store.database import Database
from tests.bench.apart import apart
from tests.bench.measuring import Measured, Part, Row, Sample, any_failed, in_turn
from tests.bench.past import remember
from tests.bench.stores import Store, migrated
from tests.bench.workloads import Thing

FEW, MANY = 1_000, 100_000
RUNS = 300
AT_ONCE = 10
ROUNDS = 5
COLUMNS = {
    "database": "",
    f"ms a run after {FEW:,}": ".2f",
    f"ms a run after {MANY:,}": ".2f",
    "ratio": ".2f",
    "ratio of the engine's start": ".2f",
}


def parts(*stores: Store) -> Iterator[Part]:
    """Measure on both databases."""
    rows: list[Row] = []
    failed = False
    for store in stores:
        measured = _measured(store)
        few, many = measured["few"], measured["many"]
        row = (
            store.name,
            few.problem or few.median("ms a run"),
            many.problem or many.median("ms a run"),
            many.ratio(few, "ms a run"),
            many.ratio(few, "ms to start"),
        )
        rows.append(dict(zip(COLUMNS, row, strict=True)))
        failed = failed or any_failed(measured)
    title = f"A run's cost by the runs that the store remembers, {AT_ONCE} at once"
    yield Part(title, COLUMNS, rows, failed)


def _measured(store: Store) -> dict[str, Measured]:
    with ExitStack() as until_measured:
        pasts = {
            "few": _Past(store, FEW, until_measured),
            "many": _Past(store, MANY, until_measured),
        }
        rounds: dict[str, Callable[[], Sample]] = {name: past.round for name, past in pasts.items()}
        return in_turn(rounds, ROUNDS)


class _Past:
    """A database with a history, filled when the first round asks for it."""

    def __init__(self, store: Store, runs: int, until_measured: ExitStack) -> None:
        self._fill = partial(self._filled, store, runs, until_measured)
        self._url: str | None = None
        self._revisions = count(1)

    def round(self) -> Sample:
        """Carry out some runs, each of another thing than the ones at work beside it."""
        self._url = self._url or self._fill()
        revision = next(self._revisions)
        answer: Sample = apart("tests.bench.history:cost", url=self._url, revision=revision)
        return answer

    @staticmethod
    def _filled(store: Store, runs: int, until_measured: ExitStack) -> str:
        url = until_measured.enter_context(migrated(store))
        remember(url, runs)
        return url


def cost(url: str, revision: int) -> Sample:
    """Answer the milliseconds of a run, and of the engine's start."""
    return asyncio.run(_cost(url, revision))


async def _cost(url: str, revision: int) -> Sample:
    things = iter([Thing(number=number, revision=revision) for number in range(RUNS)])

    async def work(engine: Engine) -> None:
        for thing in things:
            await engine.run(thing)

    async with Database(url) as database:
        began = time.perf_counter()
        async with Engine(database, at_once=2 * AT_ONCE) as engine:
            started = time.perf_counter()
            await asyncio.gather(*(work(engine) for _ in range(AT_ONCE)))
            ended = time.perf_counter()
    return {"ms a run": 1e3 * (ended - started) / RUNS, "ms to start": 1e3 * (started - began)}
