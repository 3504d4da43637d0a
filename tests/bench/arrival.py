"""From a webhook's arrival to the first write that GitHub receives, with the bot idle before.

Real HTTP and real githubkit, the simulated GitHub and the bot each in a process of its own. Beside
it, as the limit, what the bot asks GitHub before that write, asked with bare httpx one request
after the other.
"""

from collections.abc import Callable, Iterator
from functools import partial

from tests.bench.apart import apart
from tests.bench.measuring import Measured, Part, Row, Sample, any_failed, in_turn
from tests.bench.pace import quantile
from tests.bench.stores import Store

TIMES = 50
MOST_MS = 300
EVENTS = {"merge": "a merge", "comment": "a comment with a command"}
COLUMNS = {
    "what arrives": "",
    "p50 ms": ".0f",
    "at most ms": "d",
    "p99 ms": ".0f",
    "requests before": ".0f",
    "ms of those alone": ".0f",
    "of those": ".1f",
}


def parts(*_: Store) -> Iterator[Part]:
    """Measure merges and comments; the bot's own database is a new file."""
    rounds: dict[str, Callable[[], Sample]] = {event: partial(_round, event) for event in EVENTS}
    measured = in_turn(rounds, 1)
    rows = [_row(EVENTS[event], result) for event, result in measured.items()]
    yield Part("From a webhook to the first write", COLUMNS, rows, any_failed(measured))


def _row(name: str, result: Measured) -> Row:
    took, alone = result.median("p50 ms"), result.median("bare ms")
    return {
        "what arrives": name,
        "p50 ms": result.problem or took,
        "at most ms": MOST_MS,
        "p99 ms": result.median("p99 ms"),
        "requests before": result.median("requests"),
        "ms of those alone": alone,
        "of those": took / alone if took and alone else None,
    }


def _round(event: str) -> Sample:
    found = apart("tests.bench.merging:measure", event=event, times=TIMES)
    return {
        "p50 ms": quantile(found["ms"], 0.5),
        "p99 ms": quantile(found["ms"], 0.99),
        "requests": quantile(found["requests"], 0.5),
        "bare ms": quantile(found["bare ms"], 0.5),
    }
