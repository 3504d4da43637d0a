"""How soon another process goes on with what a killed one had begun, beyond the lease's expiry.

Two workers on one PostgreSQL database, with a short heartbeat and expiry; the one that works on
a run is killed, and the other one finishes it.
"""

from collections.abc import Callable, Iterator

from tests.bench.measuring import NotAvailable, Part, Sample, any_failed, in_turn
from tests.bench.stores import Store

ROUNDS = 3
COLUMNS = {"database": "", "seconds beyond expiry": ".2f"}


def parts(sqlite: Store, postgres: Store) -> Iterator[Part]:
    """Measure on PostgreSQL: on SQLite there is one worker, and a successor knows at once."""
    rounds: dict[str, Callable[[], Sample]] = {postgres.name: _round}
    measured = in_turn(rounds, ROUNDS)
    rows = [
        {"database": name, "seconds beyond expiry": each.problem or each.median("seconds")}
        for name, each in measured.items()
    ]
    yield Part("Taking over from a killed process", COLUMNS, rows, any_failed(measured))


def _round() -> Sample:
    raise NotAvailable("workers on several machines cannot share a database yet")
