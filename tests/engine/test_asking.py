"""Runs that are asked for, many at once: each is added, or found where an equal one is live."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlmodel import col, select

from bot.engine.definitions.kinds import Wanted
from bot.engine.journal.asking import Ask, RunQueue
from bot.engine.pace import Limits
from bot.engine.polling import Polling
from bot.states import State
from bot.store.database import Database
from bot.store.tables import Place, Run

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
LIMITS = Limits(by_kind={"account": 2})


def wanted(identity: str, fingerprint: str = "desired") -> Wanted:
    return Wanted(identity, "update", fingerprint, "things:Thing", "{}")


@pytest.fixture
def queue(database: Database) -> RunQueue:
    return RunQueue(Polling(database), LIMITS)


async def enqueued(database: Database, queue: RunQueue, *asks: Ask) -> list[str]:
    return await database.write(lambda session: queue.enqueue_all(session.connection(), asks))


async def rows(database: Database, table: Any = Run) -> Sequence[Any]:
    return await database.read(lambda session: session.exec(select(table)).all())


async def test_of_equal_ones_that_are_asked_for_at_once_there_is_one_run(
    database: Database, queue: RunQueue
) -> None:
    asks = [queue.ask(wanted(each), NOW) for each in ("acme", "globex", "acme", "acme")]

    runs = await enqueued(database, queue, *asks)

    assert runs == [asks[0].run_id, asks[1].run_id, asks[0].run_id, asks[0].run_id]
    assert {run.id for run in await rows(database)} == set(runs)


async def test_what_has_no_identity_is_a_run_each_time(database: Database, queue: RunQueue) -> None:
    runs = await enqueued(database, queue, *(queue.ask(wanted(""), NOW) for _ in range(3)))

    assert len(set(runs)) == 3


async def test_other_arguments_are_another_run(database: Database, queue: RunQueue) -> None:
    asks = [queue.ask(wanted("acme", each), NOW) for each in ("one", "two")]

    assert len(set(await enqueued(database, queue, *asks))) == 2


async def test_who_asks_for_what_is_live_gets_that_and_may_want_more_of_it(
    database: Database, queue: RunQueue
) -> None:
    (first,) = await enqueued(database, queue, queue.ask(wanted("acme"), NOW, rank=3))

    again = [
        queue.ask(wanted("acme"), NOW, rank=5),
        queue.ask(wanted("acme"), NOW, rank=-1, force=True),
        queue.ask(wanted("acme"), NOW),
    ]

    assert await enqueued(database, queue, *again) == [first] * 3
    (run,) = await rows(database)
    assert (run.rank, run.force, run.asked) == (-1, True, True)


async def test_who_asks_for_a_step_of_another_run_makes_it_a_run_of_its_own(
    database: Database, queue: RunQueue
) -> None:
    (nested,) = await enqueued(database, queue, queue.ask(wanted("acme"), NOW))

    def make_nested(session: Any) -> None:
        run = session.get(Run, nested)
        run.root_id, run.parent_id, run.asked, run.state = "root", "root", False, State.WAITING

    await database.write(make_nested)

    assert await enqueued(database, queue, queue.ask(wanted("acme"), NOW)) == [nested]
    (run,) = await rows(database)
    assert (run.root_id, run.parent_id, run.asked) == (nested, "root", True)


async def test_what_has_ended_is_done_again(database: Database, queue: RunQueue) -> None:
    (first,) = await enqueued(database, queue, queue.ask(wanted("acme"), NOW))

    def end(session: Any) -> None:
        session.get(Run, first).state = State.SUCCEEDED

    await database.write(end)

    assert await enqueued(database, queue, queue.ask(wanted("acme"), NOW)) != [first]


async def test_one_whose_answer_was_lost_is_added_once(database: Database, queue: RunQueue) -> None:
    ask = queue.ask(wanted("acme"), NOW, lanes=["account:1"])

    assert await enqueued(database, queue, ask) == await enqueued(database, queue, ask)
    assert len(await rows(database)) == len(await rows(database, Place)) == 1


async def test_each_waits_for_its_own_lanes(database: Database, queue: RunQueue) -> None:
    asks = [queue.ask(wanted(each), NOW, lanes=[f"account:{each}"]) for each in ("1", "2")]

    runs = await enqueued(database, queue, *asks, queue.ask(wanted("3"), NOW))

    places = [(place.run_id, place.lane) for place in await rows(database, Place)]
    assert sorted(places) == sorted(zip(runs, ["account:1", "account:2"], strict=False))


async def test_processes_that_ask_for_the_same_at_once_get_the_same(database: Database) -> None:
    names = [f"tenant-{number}" for number in range(20)]
    queue = RunQueue(Polling(database))

    async def process(order: Sequence[str]) -> dict[str, str]:
        async with Database(database.url) as own:
            asks = [queue.ask(wanted(name), NOW) for name in order]
            runs = [own.write_together(queue.enqueue_all, ask) for ask in asks]
            return dict(zip(order, await asyncio.gather(*runs), strict=True))

    first, second = await asyncio.gather(process(names), process(names[::-1]))

    assert first == second
    live = select(Run.identity).where(col(Run.state) == State.QUEUED)
    identities = await database.read(lambda session: session.exec(live).all())
    assert sorted(identities) == sorted(names)
