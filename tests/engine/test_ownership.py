"""One process works on a run at a time, and what a former owner still writes does not count."""

import asyncio
from datetime import datetime, timedelta

import pytest
from sqlmodel import select

from bot.engine.clock import SystemClock
from bot.engine.definitions.kinds import Wanted
from bot.engine.definitions.outcomes import Outcome
from bot.engine.interruptions import LeaseLost
from bot.engine.journal.queue import takeable
from bot.engine.journal.rows import StepRow
from bot.engine.owner import Ownership
from bot.states import State
from bot.store.database import Database
from bot.store.seat import Seat
from bot.store.tables import Owner, Step
from tests.engine.conftest import NewEngine
from tests.engine.engines import engine_on, enqueued
from tests.engine.journals import buried, journal_of, taken
from tests.engine.things import Database as Disk
from tests.engine.things import Ledger

WANTED = Wanted("disk-a", "update", "f", "tests.engine.things:Database", '{"name": "a"}')


def step(name: str) -> StepRow:
    now = SystemClock().now()
    begun = StepRow.begun(name, "function", "", now)
    return begun.ended(Outcome(State.SUCCEEDED, "null"), now)


def alive(owner: str, at: datetime | None = None) -> Owner:
    at = at or SystemClock().now()
    return Owner(id=owner, host="here", pid=1, started_at=at, heartbeat_at=at)


async def waiting(database: Database) -> list[str]:
    hints = await database.read(lambda session: takeable(session.connection(), 10))
    return [hint.run_id for hint in hints]


async def test_who_lost_a_run_can_write_no_step_and_no_end(database: Database) -> None:
    now = SystemClock().now()
    first, second = journal_of("first", database), journal_of("second", database)
    run = await enqueued(database, WANTED, now)
    grip = await taken(first, run, now)
    assert grip is not None
    await first.remember(grip.grip, step("one"))
    await buried(first)
    taken_over = await taken(second, run, now)
    assert taken_over is not None
    assert set(taken_over.memory) == {"one"}

    with pytest.raises(LeaseLost):
        await first.remember(grip.grip, step("two"))
    names = await database.read(lambda session: session.exec(select(Step.name)).all())
    assert names == ["one"]


async def test_of_two_that_take_a_run_one_gets_it(database: Database) -> None:
    now = SystemClock().now()
    run = await enqueued(database, WANTED, now)
    owners = [f"owner-{number}" for number in range(5)]
    for owner in owners:
        await database.write(lambda session, owner=owner: session.add(alive(owner)))  # type: ignore[misc]
    takes = await asyncio.gather(
        *(taken(journal_of(owner, database), run, now) for owner in owners)
    )
    assert len([each for each in takes if each is not None]) == 1


async def test_a_second_engine_stands_by_until_the_first_one_ends(
    new_engine: NewEngine, ledger: Ledger
) -> None:
    async with new_engine() as first:
        second = asyncio.create_task(_run_once(new_engine))
        assert await first.run(Disk(name="a")) == "db://a?size=1"
        assert not second.done()
    assert await second == "db://a?size=2"
    assert ledger.entries == ["open a", "resize a to 1", "resize a to 2"]


async def _run_once(new_engine: NewEngine) -> str:
    async with new_engine() as engine:
        return str(await engine.run(Disk(name="a", size=2)))


async def test_an_owner_whose_heart_stopped_is_buried_and_its_runs_are_free(
    database: Database,
) -> None:
    clock = SystemClock()
    long_ago = clock.now() - timedelta(hours=1)
    run = await enqueued(database, WANTED, clock.now())
    await database.write(lambda session: session.add(alive("dead", long_ago)))
    assert await taken(journal_of("dead", database), run, clock.now())
    assert await waiting(database) == []

    assert await Ownership(database, Seat.of(database), clock).bury_the_dead()
    assert await waiting(database) == [run]


async def test_a_process_that_was_buried_learns_it_at_its_next_heartbeat(
    database: Database,
) -> None:
    ownership = Ownership(database, Seat.of(database), SystemClock(), heartbeat=timedelta(0))
    await ownership.begin()
    assert await ownership.beat()
    await database.write(lambda session: session.delete(session.get_one(Owner, ownership.id)))
    assert not await ownership.beat()
    await ownership.end()


async def test_an_engine_that_is_full_takes_the_rest_when_there_is_room(
    database: Database, ledger: Ledger
) -> None:
    async with engine_on(database, given=[ledger], at_once=2) as engine:
        runs = [await engine.submit(Disk(name=name, gate="go")) for name in "abcde"]
        await asyncio.gather(ledger.arrival("a").wait(), ledger.arrival("b").wait())
        assert not any("arrived c" in entry for entry in ledger.entries)
        ledger.gate("go").set()
        outcomes = [await engine.outcome(run) for run in runs]
    assert {outcome.state for outcome in outcomes} == {State.SUCCEEDED}
