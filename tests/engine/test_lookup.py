"""Runs that are looked up by their ids, many at once."""

import asyncio
from collections.abc import Awaitable

import pytest
from sqlalchemy.exc import SQLAlchemyError

from bot.engine.clock import SystemClock
from bot.engine.definitions.kinds import Wanted
from bot.engine.journal.lookup import AT_A_TIME, Lookup
from bot.store.database import Database
from bot.store.tables import Run
from tests.engine.engines import enqueued
from tests.engine.model_things import counted


@pytest.fixture
def lookup(database: Database) -> Lookup:
    return Lookup(database)


async def added(database: Database, identity: str) -> str:
    now = SystemClock().now()
    wanted = Wanted(identity, "update", "f", "tests.engine.things:Database", "{}")
    return await enqueued(database, wanted, now)


async def identity(asked: Awaitable[Run | None]) -> str:
    run = await asked
    return run.identity if run else "none"


async def test_what_is_asked_for_at_once_is_read_at_once(
    database: Database, lookup: Lookup
) -> None:
    first, second = await added(database, "a"), await added(database, "b")
    async with counted(database) as statements:
        asked = [lookup.run(run_id) for run_id in (first, second, "nobody", first)]
        found = await asyncio.gather(*map(identity, asked))
    assert found == ["a", "b", "none", "a"]
    assert len([each for each in statements if "FROM run" in each]) == 1


async def test_no_question_is_too_long(database: Database, lookup: Lookup) -> None:
    run_id = await added(database, "a")
    unknown = [f"nobody {number}" for number in range(2 * AT_A_TIME)]
    found = await asyncio.gather(*map(lookup.run, [*unknown, run_id]))
    assert [run.identity for run in found if run] == ["a"]


async def test_what_is_asked_for_during_a_read_is_read_after_it(
    database: Database, lookup: Lookup
) -> None:
    run_id = await added(database, "a")
    before = asyncio.create_task(lookup.run(run_id))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    later = await added(database, "b")
    assert await identity(lookup.run(later)) == "b"
    assert await identity(before) == "a"


async def test_who_asks_no_more_leaves_the_answer_to_the_others(
    database: Database, lookup: Lookup
) -> None:
    run_id = await added(database, "a")
    gone, stays = (asyncio.create_task(lookup.run(run_id)) for _ in range(2))
    await asyncio.sleep(0)
    gone.cancel()
    assert await identity(stays) == "a"


async def test_everyone_who_asked_hears_of_a_failure_and_the_next_one_is_answered(
    database: Database, lookup: Lookup
) -> None:
    run_id = await added(database, "a")
    await database.write(lambda session: session.connection().exec_driver_sql(_away("run", "gone")))
    found = await asyncio.gather(lookup.run(run_id), lookup.run(run_id), return_exceptions=True)
    assert [isinstance(each, SQLAlchemyError) for each in found] == [True, True]
    await database.write(lambda session: session.connection().exec_driver_sql(_away("gone", "run")))
    assert await identity(lookup.run(run_id)) == "a"


def _away(name: str, other: str) -> str:
    return f"ALTER TABLE {name} RENAME TO {other}"
