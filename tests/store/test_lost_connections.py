"""What becomes of reads and writes when PostgreSQL hangs up, restarts or crashes."""

import asyncio
import signal
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence

import pytest
from sqlalchemy import Connection, insert, text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from bot.store.database import Database
from bot.store.tables import Deployed
from tests.postgres import Postgres, StartedPostgres
from tests.store.cable import COMMIT, cable_to
from tests.store.test_writer import NOW, added, row, tenants

IN_TIME_SECONDS = 30

Writes = Callable[[Connection, Sequence[int]], list[int]]


def write_tenants(connection: Connection, items: Sequence[str]) -> list[str]:
    values = {"service": "backend", "revision": "a" * 40, "variables": {}, "updated_at": NOW}
    connection.execute(insert(Deployed), [{"tenant": item} | values for item in items])
    return list(items)


@pytest.fixture
def fragile_url(fragile_postgres: StartedPostgres) -> Iterator[str]:
    url = fragile_postgres.new_database()
    yield url
    fragile_postgres.drop(url)


@pytest.fixture
async def fragile(fragile_url: str) -> AsyncIterator[Database]:
    async with Database(fragile_url) as database:
        yield database


async def test_a_connection_that_was_cut_while_idle_costs_nobody_anything(
    postgres: Postgres, postgres_url: str, postgres_database: Database
) -> None:
    await added(postgres_database, "acme")
    assert await tenants(postgres_database) == {"acme"}
    for tenant in ("globex", "hooli"):
        assert postgres.cut_connections(postgres_url) >= 2
        await added(postgres_database, tenant)
        assert tenant in await tenants(postgres_database)


async def test_work_whose_transaction_was_cut_is_told_and_the_next_is_written(
    postgres: Postgres, postgres_url: str, postgres_database: Database
) -> None:
    def cut(session: Session) -> None:
        session.add(row("acme"))
        session.flush()
        postgres.cut_connections(postgres_url)

    with pytest.raises(SQLAlchemyError):
        await postgres_database.write(cut)
    await added(postgres_database, "globex")
    assert await tenants(postgres_database) == {"globex"}


async def test_items_whose_transaction_was_cut_are_written_again(
    postgres: Postgres, postgres_url: str, postgres_database: Database
) -> None:
    calls: list[int] = []

    def write(connection: Connection, items: Sequence[str]) -> list[str]:
        calls.append(len(items))
        written = write_tenants(connection, items)
        if len(calls) == 1:
            postgres.cut_connections(postgres_url)
        return written

    names = {f"t{n}" for n in range(50)}
    told = await asyncio.gather(*(postgres_database.write_together(write, n) for n in names))
    assert set(told) == names
    assert await tenants(postgres_database) == names
    assert len(calls) < 10


async def test_items_are_told_when_the_connection_is_cut_each_time(
    postgres: Postgres, postgres_url: str, postgres_database: Database
) -> None:
    def cut(connection: Connection, items: Sequence[str]) -> list[str]:
        written = write_tenants(connection, items)
        postgres.cut_connections(postgres_url)
        return written

    with pytest.raises(SQLAlchemyError):
        await postgres_database.write_together(cut, "acme")
    await added(postgres_database, "globex")
    assert await tenants(postgres_database) == {"globex"}


async def test_a_commit_whose_answer_was_lost_is_told_as_what_it_was(postgres_url: str) -> None:
    async with cable_to(postgres_url) as (cable, url), Database(url) as database:
        await added(database, "acme")
        cable.loses_answer_to = COMMIT
        await added(database, "globex")
        assert cable.answers_lost == 1
        cable.loses_answer_to = COMMIT
        # Written once: it would not go in a second time.
        await database.write_together(write_tenants, "hooli")
        assert cable.answers_lost == 2
        assert await tenants(database) == {"acme", "globex", "hooli"}


async def test_a_statement_whose_answer_was_lost_is_carried_out_again(postgres_url: str) -> None:
    """One statement that is a transaction by itself has no number that could tell of its end."""
    calls: list[int] = []

    def write(connection: Connection, items: Sequence[str]) -> list[str]:
        calls.append(len(items))
        rows = [{"tenant": item, "service": "backend", "revision": "a"} for item in items]
        again = upsert(Deployed).on_conflict_do_nothing()
        connection.execute(again, [row | {"variables": {}, "updated_at": NOW} for row in rows])
        return list(items)

    async with cable_to(postgres_url) as (cable, url), Database(url) as database:
        await added(database, "acme")
        cable.loses_answer_to = b"globex"
        assert await database.write_together(write, "globex", in_one_statement=True) == "globex"
        assert cable.answers_lost == 1
        assert await tenants(database) == {"acme", "globex"}
    assert calls == [1, 1]


async def test_what_is_handed_in_while_the_server_restarts_is_written(
    fragile: Database, fragile_postgres: StartedPostgres
) -> None:
    await added(fragile, "acme")
    fragile_postgres.stop()
    async with asyncio.timeout(IN_TIME_SECONDS):
        written = asyncio.gather(
            added(fragile, "globex"), fragile.write_together(write_tenants, "hooli")
        )
        reading = asyncio.create_task(tenants(fragile))
        await asyncio.to_thread(fragile_postgres.start)
        await written
        assert "acme" in await reading
    assert await tenants(fragile) == {"acme", "globex", "hooli"}


async def test_a_crash_takes_nothing_that_was_told_as_written(
    fragile: Database, fragile_postgres: StartedPostgres
) -> None:
    told: set[str] = set()

    async def write(tenant: str) -> None:
        await fragile.write_together(write_tenants, tenant)
        told.add(tenant)

    await asyncio.gather(*(write(f"before {n}") for n in range(50)))
    during = [asyncio.create_task(write(f"during {n}")) for n in range(200)]
    await asyncio.to_thread(fragile_postgres.restart, signal.SIGQUIT)
    async with asyncio.timeout(IN_TIME_SECONDS):
        await asyncio.gather(*during)
    assert await tenants(fragile) == told


@pytest.mark.thorough
async def test_a_write_to_a_server_that_stays_away_is_told_and_does_not_hang(
    fragile_url: str, fragile_postgres: StartedPostgres
) -> None:
    async with Database(fragile_url) as database:
        await added(database, "acme")
        fragile_postgres.stop()
        try:
            async with asyncio.timeout(IN_TIME_SECONDS):
                outcomes = await asyncio.gather(
                    added(database, "globex"),
                    database.write_together(write_tenants, "hooli"),
                    tenants(database),
                    return_exceptions=True,
                )
        finally:
            fragile_postgres.start()
        assert all(isinstance(outcome, SQLAlchemyError) for outcome in outcomes)
        assert await tenants(database) == {"acme"}


async def test_items_that_deadlock_with_another_process_are_written_again(
    postgres_url: str,
) -> None:
    """Each holds a row that the other wants: the server ends one of the transactions."""
    met = threading.Barrier(2, timeout=IN_TIME_SECONDS)
    attempts = 0

    def crossing(first: str, second: str) -> Writes:
        def write(connection: Connection, items: Sequence[int]) -> list[int]:
            nonlocal attempts
            attempts += 1
            update = text("UPDATE deployed SET revision = :to WHERE tenant = :tenant")
            connection.execute(update, {"to": "b", "tenant": first})
            if attempts <= 2:
                met.wait()
            connection.execute(update, {"to": "c", "tenant": second})
            return list(items)

        return write

    async with Database(postgres_url) as one, Database(postgres_url) as other:
        await asyncio.gather(added(one, "acme"), added(one, "globex"))
        async with asyncio.timeout(IN_TIME_SECONDS):
            told = await asyncio.gather(
                one.write_together(crossing("acme", "globex"), 1),
                other.write_together(crossing("globex", "acme"), 2),
            )
    assert [*told] == [1, 2]
    assert attempts == 3


async def test_an_error_that_a_writer_swallows_is_not_told_as_written(
    postgres_database: Database,
) -> None:
    """PostgreSQL answers the COMMIT of a failed transaction as if all were well."""

    def swallow(connection: Connection, items: Sequence[str]) -> list[str]:
        try:
            write_tenants(connection, [*items, *items])
        except SQLAlchemyError:
            return list(items)
        raise AssertionError("it was to fail")

    with pytest.raises(SQLAlchemyError, match="has rolled back what was written"):
        await postgres_database.write_together(swallow, "acme")
    assert await tenants(postgres_database) == set()
