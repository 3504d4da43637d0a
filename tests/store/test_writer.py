"""What the one writer promises to everyone who shares its commits."""

import asyncio
import threading
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from sqlalchemy import Connection, event
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, select

from bot.store.database import Database
from bot.store.tables import Deployed

NOW = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


def row(tenant: str) -> Deployed:
    return Deployed(tenant=tenant, service="backend", revision="a" * 40, updated_at=NOW)


async def added(database: Database, tenant: str) -> None:
    await database.write(lambda session: session.add(row(tenant)))


async def tenants(database: Database) -> set[str]:
    return set(await database.read(lambda session: session.exec(select(Deployed.tenant)).all()))


async def test_a_failed_write_takes_none_of_its_neighbours_along(database: Database) -> None:
    names = ("acme", "globex", "acme", "hooli")
    outcomes = await asyncio.gather(
        *(added(database, name) for name in names), return_exceptions=True
    )
    assert [type(outcome) for outcome in outcomes if outcome] == [IntegrityError]
    assert await tenants(database) == {"acme", "globex", "hooli"}


async def test_what_fails_half_way_leaves_nothing(database: Database) -> None:
    def half(session: Session) -> None:
        session.add(row("acme"))
        session.flush()
        raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError, match="in the middle"):
        await database.write(half)
    assert await tenants(database) == set()


async def test_all_that_waits_shares_one_commit(database: Database) -> None:
    commits = 0

    def count(_: Connection) -> None:
        nonlocal commits
        commits += 1

    event.listen(database.engine, "commit", count)
    await asyncio.gather(*(added(database, f"t{n}") for n in range(500)))
    assert commits < 50
    assert len(await tenants(database)) == 500


async def test_items_for_one_statement_come_in_one_call(database: Database) -> None:
    calls: list[int] = []

    def together(_: Connection, items: Sequence[int]) -> list[int | ValueError]:
        calls.append(len(items))
        return [ValueError("odd") if item % 2 else item * 10 for item in items]

    outcomes = await asyncio.gather(
        *(database.write_together(together, n) for n in range(100)), return_exceptions=True
    )
    assert outcomes[4] == 40
    assert isinstance(outcomes[5], ValueError)
    assert len(calls) < 10


async def test_a_write_that_returned_survives_the_process(database_url: str) -> None:
    async with Database(database_url) as database:
        await database.write(lambda session: session.add(row("acme")))
        other = Database(database_url)
        assert await tenants(other) == {"acme"}
        other.engine.dispose()


async def test_a_time_without_a_zone_is_refused(database: Database) -> None:
    naive = row("acme")
    naive.updated_at = datetime(2026, 3, 29, 1, 30)  # noqa: DTZ001 (that is the point)
    with pytest.raises(Exception, match="has no zone; the store takes aware times only"):
        await database.write(lambda session: session.add(naive))


async def test_times_come_back_aware_and_equal(database: Database) -> None:
    await database.write(lambda session: session.add(row("acme")))
    found = await database.read(lambda session: session.exec(select(Deployed)).one())
    assert found.updated_at == NOW
    assert found.updated_at.tzinfo is not None


async def test_a_database_that_was_not_started_says_so(database_url: str) -> None:
    with pytest.raises(RuntimeError, match="start the database first"):
        await Database(database_url).write(Session.commit)


async def test_reading_does_not_wait_for_what_others_run_in_threads(database: Database) -> None:
    busy = threading.Event()
    loop = asyncio.get_running_loop()
    others = [loop.run_in_executor(None, busy.wait) for _ in range(100)]
    try:
        async with asyncio.timeout(5):
            assert await tenants(database) == set()
    finally:
        busy.set()
        await asyncio.gather(*others)
