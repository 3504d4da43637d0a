"""How fast webhooks are taken in durably, beside applications that promise less.

Real HTTP on 16 kept connections, a signed body of some 20 KB, and a GUID of its own for each
delivery. What the bot has answered 202 is on the disk. The limit is a Starlette application that
checks the signature and hands sqlite3 all that waits in one commit, and does nothing else.
"""

from collections.abc import Callable, Iterator
from functools import partial

from tests.bench.apart import apart
from tests.bench.measuring import Measured, Part, Row, Sample, any_failed, in_turn
from tests.bench.receiving import BARE, BOT, PLAIN, SIGNED, receiver
from tests.bench.sending import CONNECTIONS
from tests.bench.stores import Store, empty, migrated

ROUNDS = 5
SECONDS = 2.0
AT_LEAST, MOST_MS = 0.6, 60
PEER, SIGNED_PEER, LIMIT = "Starlette, bare", "and the signature", "and sqlite3"
COLUMNS = {
    "who takes in": "",
    "requests/s": ",.0f",
    "of bare": ".2f",
    "at least": ".1f",
    "of sqlite3": ".2f",
    "p50 ms": ".1f",
    "p99 ms": ".1f",
    "at most": "d",
}


def parts(sqlite: Store, postgres: Store) -> Iterator[Part]:
    """Measure on both databases, each beside all peers, in turn."""
    peers: dict[str, Callable[[], Sample]] = {
        PEER: partial(_round, BARE),
        SIGNED_PEER: partial(_round, SIGNED),
        LIMIT: partial(_plain_round, sqlite),
    }
    ours: dict[str, Callable[[], Sample]] = {
        f"the bot, {store.name}": partial(_bot_round, store) for store in (sqlite, postgres)
    }
    measured = in_turn(peers | ours, ROUNDS)
    rows = [
        _row(name, measured) | ({"at least": AT_LEAST, "at most": MOST_MS} if name in ours else {})
        for name in measured
    ]
    yield Part(f"Webhooks taken in, {CONNECTIONS} at once", COLUMNS, rows, any_failed(measured))


def _row(name: str, measured: dict[str, Measured]) -> Row:
    result = measured[name]
    return {
        "who takes in": name,
        "requests/s": result.problem or result.median("requests/s"),
        "of bare": result.ratio(measured[PEER], "requests/s"),
        "of sqlite3": result.ratio(measured[LIMIT], "requests/s"),
        "p50 ms": result.median("p50 ms"),
        "p99 ms": result.median("p99 ms"),
        "rounds": [sample["requests/s"] for sample in result.samples],
    }


def _bot_round(store: Store) -> Sample:
    with migrated(store) as url:
        return _round(BOT, url)


def _plain_round(store: Store) -> Sample:
    with empty(store) as url:
        return _round(PLAIN, url)


def _round(kind: str, url: str = "") -> Sample:
    with receiver(kind, url) as port:
        answer: Sample = apart("tests.bench.sending:send", port=port, seconds=SECONDS)
        return answer
