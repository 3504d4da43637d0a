"""A thousand interrupted runs: how soon an engine has finished them after its predecessor's death.

Beyond the lease's expiry: on SQLite a successor knows at once; on PostgreSQL the dead process's
heartbeat is moved into the past, as if the successor had started after the expiry. Compared
with a thousand runs that were never begun, which have more steps to do.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial

from sqlalchemy import update

from bot.store.database import Database
from bot.store.tables import Owner
from tests.bench.apart import apart, until_killed
from tests.bench.measuring import Part, Row, Sample, any_failed, in_turn
from tests.bench.stores import Store, migrated

RUNS = 1_000
ROUNDS = 3
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
COLUMNS = {
    "database": "",
    "seconds to resume": ".2f",
    "seconds from the queue": ".2f",
    "ratio": ".2f",
}


def parts(*stores: Store) -> Iterator[Part]:
    """Measure on both databases."""
    rows: list[Row] = []
    failed = False
    for store in stores:
        rounds: dict[str, Callable[[], Sample]] = {
            "resumed": partial(_round, store, interrupted=True),
            "queued": partial(_round, store, interrupted=False),
        }
        measured = in_turn(rounds, ROUNDS)
        resumed, queued = measured["resumed"], measured["queued"]
        row = (
            store.name,
            resumed.problem or resumed.median("seconds"),
            queued.problem or queued.median("seconds"),
            resumed.ratio(queued, "seconds"),
        )
        rows.append(dict(zip(COLUMNS, row, strict=True)))
        failed = failed or any_failed(measured)
    yield Part(f"{RUNS:,} interrupted runs, finished after a kill", COLUMNS, rows, failed)


def _round(store: Store, *, interrupted: bool) -> Sample:
    with migrated(store) as url:
        apart("tests.bench.backlog:fill", url=url, workload="gated", runs=RUNS)
        if interrupted:
            until_killed("tests.bench.backlog:interrupt", url=url, runs=RUNS)
            _expire_leases(url)
        done: Sample = apart("tests.bench.backlog:finish", url=url, runs=RUNS, at_once=RUNS)
        return done


def _expire_leases(url: str) -> None:
    database = Database(url)
    try:
        if not database.is_sqlite:
            with database.engine.begin() as connection:
                connection.execute(update(Owner).values(heartbeat_at=LONG_AGO))
    finally:
        database.engine.dispose()
