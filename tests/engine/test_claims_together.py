"""Queued runs that are claimed in one batch: decided as if one after another, in that order."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, insert, select

from bot.engine.definitions.kinds import Wanted
from bot.engine.journal.root_claims import RootClaims
from bot.engine.journal.rows import RootClaim, Taken
from bot.engine.journal.runs import run_values
from bot.states import State
from bot.store.database import Database
from bot.store.tables import Owner, Place, Recorded, Run, Step
from tests.engine.journals import CHANGING

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
ME = "me"
ONE_PLACE = 1


class Queue:
    """A queue on a connection; its runs are claimed by one process."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        alive = {"id": ME, "host": "here", "pid": 1, "started_at": NOW, "heartbeat_at": NOW}
        connection.execute(insert(Owner), alive)

    def add(
        self,
        run_id: str,
        identity: str,
        *lanes: str,
        steps: Iterable[str] = (),
        held: bool = False,
        **values: Any,
    ) -> None:
        """Add a run of the queue, or another one where `values` say so."""
        wanted = Wanted(identity, "update", f"desired by {run_id}", "Disk", "{}")
        queued = run_values(wanted, run_id, NOW) | {"state": State.QUEUED}
        self.connection.execute(insert(Run), queued | values)
        for lane in lanes:
            place = {"run_id": run_id, "lane": lane, "most": ONE_PLACE, "held": held}
            self.connection.execute(insert(Place), place)
        for name in steps:
            self.connection.execute(insert(Step), _step(run_id, name))

    def add_cut_off(self, run_id: str, identity: str, *lanes: str, **more: Any) -> None:
        """Add a run whose process is dead."""
        left: dict[str, Any] = {"state": State.RUNNING, "owner": "dead", "token": 1}
        self.add(run_id, identity, *lanes, **left, **more)

    def record(self, identity: str, run_id: str) -> None:
        """Note that an identity is as the run desires it."""
        recorded: dict[str, Any] = {"identity": identity, "kind": "Disk", "settled": True}
        recorded |= {"run_id": "before", "fingerprint": f"desired by {run_id}", "updated_at": NOW}
        self.connection.execute(insert(Recorded), recorded)

    def claim(self, *runs: str) -> list[Any]:
        """Claim runs in one batch."""
        return list(RootClaims(ME).claim_roots(self.connection, _claims(runs)))

    def taken(self, *runs: str) -> list[str]:
        """Claim runs in one batch, and answer those that were taken."""
        answers = zip(runs, self.claim(*runs), strict=True)
        return [run_id for run_id, answer in answers if isinstance(answer, Taken)]

    def rows(self, table: type[Any]) -> set[Any]:
        return {tuple(row) for row in self.connection.execute(select(table.__table__))}


def _step(run_id: str, name: str) -> dict[str, Any]:
    ended = {"state": State.SUCCEEDED, "result": "1", "started_at": NOW, "finished_at": NOW}
    return {"run_id": run_id, "name": name, "kind": "function", "fingerprint": ""} | ended


def _claim(run_id: str, seconds: int) -> RootClaim:
    at = NOW + timedelta(seconds=seconds)
    return RootClaim(run_id, at, check=True, changing=CHANGING)


def _claims(runs: Sequence[str]) -> list[RootClaim]:
    return [_claim(run_id, number + 1) for number, run_id in enumerate(runs)]


@pytest.fixture
def connection(database_url: str) -> Iterator[Connection]:
    """A connection on which nothing is ever committed."""
    database = Database(database_url)
    try:
        with database.engine.connect() as connection:
            yield connection
    finally:
        database.engine.dispose()


@pytest.fixture
def queue(connection: Connection) -> Queue:
    return Queue(connection)


BOTH_ORDERS = pytest.mark.parametrize("order", list(permutations(("1", "2"))), ids="-".join)


@BOTH_ORDERS
def test_of_two_runs_of_one_identity_the_first_in_line_is_taken(
    queue: Queue, order: tuple[str, str]
) -> None:
    queue.add("1", "a")
    queue.add("2", "a")
    assert queue.taken(*order) == ["1"]


@BOTH_ORDERS
def test_of_two_runs_of_one_identity_the_more_urgent_one_is_taken(
    queue: Queue, order: tuple[str, str]
) -> None:
    queue.add("1", "a")
    queue.add("2", "a", rank=-1)
    assert queue.taken(*order) == ["2"]


@BOTH_ORDERS
def test_what_was_cut_off_keeps_its_identity(queue: Queue, order: tuple[str, str]) -> None:
    queue.add("1", "a")
    queue.add_cut_off("2", "a")
    assert queue.taken(*order) == ["2"]


@BOTH_ORDERS
def test_the_one_place_of_a_lane_is_for_who_claims_it_first(
    queue: Queue, order: tuple[str, str]
) -> None:
    queue.add("1", "a", "lane")
    queue.add("2", "b", "lane")
    assert queue.taken(*order) == [order[0]]
    assert {row[:2] for row in queue.rows(Place) if row[-1]} == {(order[0], "lane")}


@BOTH_ORDERS
def test_what_was_cut_off_keeps_its_place(queue: Queue, order: tuple[str, str]) -> None:
    queue.add("1", "a", "lane")
    queue.add_cut_off("2", "b", "lane", held=True)
    assert queue.taken(*order) == ["2"]


@BOTH_ORDERS
def test_what_was_cut_off_while_it_waited_needs_a_place_again(
    queue: Queue, order: tuple[str, str]
) -> None:
    queue.add("1", "a", "lane")
    queue.add_cut_off("2", "b", "lane")
    assert queue.taken(*order) == [order[0]]


def test_who_finds_one_lane_full_takes_no_room_in_another(queue: Queue) -> None:
    queue.add("1", "a", "left")
    queue.add("2", "b", "left", "right")
    queue.add("3", "c", "right")
    assert queue.taken("1", "2", "3") == ["1", "3"]


def test_what_is_up_to_date_takes_no_room_from_others(queue: Queue) -> None:
    queue.record("a", "1")
    queue.add("1", "a", "lane")
    queue.add("2", "b", "lane")
    first, second = queue.claim("1", "2")
    assert (first.up_to_date, second.up_to_date) == (True, False)


def test_a_run_that_is_claimed_twice_is_taken_once(queue: Queue) -> None:
    queue.add("1", "a", "lane")
    assert [type(answer) for answer in queue.claim("1", "1")] == [Taken, type(None)]


def test_a_claim_that_comes_twice_is_answered_twice(queue: Queue) -> None:
    queue.add("1", "a", "lane")
    claim = _claim("1", 1)
    first, second = RootClaims(ME).claim_roots(queue.connection, [claim, claim])
    assert isinstance(first, Taken)
    assert first == second


def test_what_is_taken_is_no_longer_as_it_was_recorded(queue: Queue) -> None:
    for run_id, identity in (("1", "a"), ("2", "b")):
        queue.add(run_id, identity)
        queue.record(identity, "before")
    first, second = queue.claim("1", "2")
    assert first.record.settled
    assert second.record.settled
    settled = queue.connection.scalars(select(Recorded.__table__.c.settled))  # type: ignore[attr-defined]
    assert list(settled) == [False, False]


def test_each_run_remembers_its_own_steps(queue: Queue) -> None:
    queue.add_cut_off("1", "a", steps=["one", "two"])
    queue.add_cut_off("2", "b", steps=["one"])
    queue.add("3", "c")
    answers = queue.claim("1", "2", "3")
    remembered = [(each.begun.grip.token, sorted(each.begun.memory)) for each in answers]
    assert remembered == [(2, ["one", "two"]), (2, ["one"]), (1, [])]


def test_nobody_takes_anything_who_counts_as_dead(queue: Queue) -> None:
    queue.add("1", "a", "lane")
    before = queue.rows(Run) | queue.rows(Place)
    answers = RootClaims("dead").claim_roots(queue.connection, _claims("1"))
    assert [type(answer).__name__ for answer in answers] == ["LeaseLost"]
    assert queue.rows(Run) | queue.rows(Place) == before


# Whatever is claimed


@dataclass(frozen=True)
class Entry:
    """A run in a queue that is made up."""

    identity: str
    lanes: frozenset[str]
    rank: int
    is_cut_off: bool
    held: bool
    paused: bool


SELDOM = st.sampled_from([False] * 5 + [True])
ENTRIES = st.lists(
    st.builds(
        Entry,
        identity=st.sampled_from("abcd"),
        lanes=st.frozensets(st.sampled_from(["left", "right"])),
        rank=st.sampled_from([0, 0, -1]),
        is_cut_off=st.booleans(),
        held=SELDOM,
        paused=SELDOM,
    ),
    min_size=2,
    max_size=7,
)
CLAIMS = st.lists(
    st.builds(_claim, st.integers(0, 6).map(str), st.integers(1, 3)), min_size=2, max_size=10
)


def _fill(queue: Queue, entries: Sequence[Entry]) -> None:
    at_work = set()
    for number, entry in enumerate(entries):
        is_cut_off = entry.is_cut_off and entry.identity not in at_work
        add = queue.add_cut_off if is_cut_off else queue.add
        values: dict[str, Any] = {"rank": entry.rank, "paused": entry.paused, "held": entry.held}
        add(str(number), entry.identity, *sorted(entry.lanes), steps=["one"], **values)
        if is_cut_off:
            at_work.add(entry.identity)
    queue.record("a", "0")
    queue.record("b", "1")


Outcome = tuple[list[Any], list[set[Any]]]


def _decided(connection: Connection, entries: Sequence[Entry], batches: Iterable[Any]) -> Outcome:
    """Answer what becomes of claims and of the rows, as they are made in such batches."""
    with connection.begin() as transaction:
        queue = Queue(connection)
        _fill(queue, entries)
        claiming = RootClaims(ME)
        answers = [each for some in batches for each in claiming.claim_roots(connection, some)]
        rows = [queue.rows(table) for table in (Run, Place, Recorded)]
        transaction.rollback()
    return answers, rows


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(entries=ENTRIES, claims=CLAIMS)
def test_claims_are_decided_together_as_they_are_one_by_one(
    connection: Connection, entries: list[Entry], claims: list[RootClaim]
) -> None:
    together = _decided(connection, entries, [claims])
    assert together == _decided(connection, entries, [[claim] for claim in claims])
