"""Ten thousand queued runs: how many are finished a second, and what memory they cost.

Compared with a thousand queued: a long queue may make neither a run slower nor a process larger.
"""

from collections.abc import Callable, Iterator
from functools import partial

from tests.bench.apart import apart
from tests.bench.measuring import Part, Row, Sample, any_failed, in_turn
from tests.bench.stores import Store, migrated

FEW, MANY = 1_000, 10_000
AT_ONCE = 50
ROUNDS = 2
COLUMNS = {
    "database": "",
    f"runs/s of {FEW:,}": ",.0f",
    f"runs/s of {MANY:,}": ",.0f",
    "ratio of runs/s": ".2f",
    f"peak MB of {FEW:,}": ".0f",
    f"peak MB of {MANY:,}": ".0f",
    "ratio of MB": ".2f",
}


def parts(*stores: Store) -> Iterator[Part]:
    """Measure on both databases."""
    rows: list[Row] = []
    failed = False
    for store in stores:
        rounds: dict[str, Callable[[], Sample]] = {
            "few": partial(_round, store, FEW),
            "many": partial(_round, store, MANY),
        }
        measured = in_turn(rounds, ROUNDS)
        few, many = measured["few"], measured["many"]
        row = (
            store.name,
            few.problem or few.median("runs/s"),
            many.problem or many.median("runs/s"),
            many.ratio(few, "runs/s"),
            few.median("peak MB"),
            many.median("peak MB"),
            many.ratio(few, "peak MB"),
        )
        rows.append(dict(zip(COLUMNS, row, strict=True)))
        failed = failed or any_failed(measured)
    yield Part(f"Queued runs of three steps, {AT_ONCE} at once", COLUMNS, rows, failed)


def _round(store: Store, runs: int) -> Sample:
    with migrated(store) as url:
        apart("tests.bench.backlog:fill", url=url, workload="three-steps", runs=runs)
        done = apart("tests.bench.backlog:finish", url=url, runs=runs, at_once=AT_ONCE)
        return {"runs/s": runs / done["seconds"], "peak MB": done["peak MB"]}
