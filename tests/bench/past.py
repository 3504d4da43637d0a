"""A past that did not happen: rows of succeeded runs, their steps, and what they brought about."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import Connection, insert, text

from bot.engine.engine import wanted_of
from bot.engine.identifiers import new_id
from bot.states import State
from bot.store.database import Database
from bot.store.tables import Recorded, Run, Step
from tests.bench.workloads import Thing

STEPS = 3
RUNS_OF_A_THING = 10
AT_A_TIME = 5_000
BEGAN = datetime(2024, 1, 1, tzinfo=UTC)

Row = dict[str, Any]


def remember(url: str, runs: int) -> None:
    """Insert so many runs that are over, a minute apart, and let the planner know of them."""
    database = Database(url)
    try:
        rows = _runs(runs)
        while some := list(islice(rows, AT_A_TIME)):
            with database.engine.begin() as connection:
                _insert(connection, some)
        with database.engine.begin() as connection:
            connection.execute(text("ANALYZE"))
    finally:
        database.engine.dispose()


def _insert(connection: Connection, runs: list[Row]) -> None:
    connection.execute(insert(Run), runs)
    connection.execute(insert(Step), [step for run in runs for step in _steps(run)])
    # The last run of each thing is what is recorded of it.
    last = [run for number, run in enumerate(runs, 1) if number % RUNS_OF_A_THING == 0]
    connection.execute(insert(Recorded), [_recorded(run) for run in last])


def _runs(runs: int) -> Iterator[Row]:
    for number in range(runs):
        at = BEGAN + timedelta(minutes=number)
        thing = Thing(number=number // RUNS_OF_A_THING, revision=-1 - number % RUNS_OF_A_THING)
        wanted = wanted_of(thing)
        run_id = new_id(at)
        yield Run(
            id=run_id,
            root_id=run_id,
            identity=wanted.identity,
            command=wanted.command,
            kind=wanted.kind,
            arguments=wanted.arguments,
            fingerprint=wanted.fingerprint,
            state=State.SUCCEEDED,
            owner="gone",
            token=1,
            result="null",
            created_at=at,
            started_at=at,
            finished_at=at + timedelta(seconds=30),
        ).model_dump()


def _steps(run: Row) -> Iterator[Row]:
    for number in range(STEPS):
        yield {
            "run_id": run["id"],
            "name": f"step-{number}",
            "kind": "function",
            "fingerprint": "",
            "state": State.SUCCEEDED,
            "result": "null",
            "failure": None,
            "started_at": run["started_at"],
            "finished_at": run["finished_at"],
        }


def _recorded(run: Row) -> Row:
    return {
        "identity": run["identity"],
        "kind": run["kind"],
        "installed_version": 1,
        "fingerprint": run["fingerprint"],
        "arguments": run["arguments"],
        "output": "null",
        "settled": True,
        "run_id": run["id"],
        "updated_at": run["finished_at"],
    }
