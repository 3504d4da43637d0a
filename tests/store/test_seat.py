"""One holds a seat, the others stand by; and a holder that is cut off learns that it lost it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from bot.store.advisory_seat import AdvisorySeat
from bot.store.database import Database
from bot.store.seat import Seat, seat_of
from tests.postgres import Postgres
from tests.store.facts import SOON_SECONDS, until

NEVER = timedelta(hours=1)
AT_ONCE = timedelta(0)


@contextlib.asynccontextmanager
async def taking(seat: Seat) -> AsyncIterator["asyncio.Task[None]"]:
    """Take the seat meanwhile; it is left at the end."""
    task = asyncio.create_task(seat.take())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        seat.leave()


async def taken(task: "asyncio.Task[None]") -> None:
    async with asyncio.timeout(SOON_SECONDS):
        await task


def holds(seat: Seat) -> bool:
    return seat.is_the_only_one and not seat.stands_by


@pytest.fixture
async def other(database_url: str) -> AsyncIterator[Database]:
    """The same database as another process has it."""
    async with Database(database_url) as database:
        yield database


async def test_a_second_one_stands_by_until_the_first_one_leaves(
    database: Database, other: Database
) -> None:
    first, second = Seat.of(database), Seat.of(other)
    await first.take()
    async with taking(second) as waiting:
        await until(lambda: second.stands_by)
        assert holds(first)
        first.leave()
        await taken(waiting)
        assert holds(second)


async def test_who_has_left_can_take_the_seat_again(database: Database) -> None:
    seat = Seat.of(database)
    for _ in range(3):
        await seat.take()
        await seat.take()
        assert seat.is_the_only_one
        seat.leave()


async def test_seats_of_different_names_are_apart(database: Database, other: Database) -> None:
    work, schedule = seat_of(database, "work"), seat_of(other, "schedule")
    await work.take()
    async with taking(schedule) as waiting:
        await taken(waiting)
    work.leave()


async def test_a_holder_that_is_cut_off_learns_it_and_another_one_takes_over(
    postgres: Postgres, postgres_url: str, postgres_database: Database
) -> None:
    async with Database(postgres_url) as other:
        first, second = AdvisorySeat(postgres_database, heartbeat=NEVER), AdvisorySeat(other)
        await first.take()
        postgres.cut_connections(postgres_url)
        async with asyncio.timeout(SOON_SECONDS):
            await first.lost.wait()
        assert not holds(first)
        async with taking(second) as waiting:
            await taken(waiting)
            assert holds(second)
            first.leave()
        await first.take()
        assert holds(first)
        assert not first.lost.is_set()
        first.leave()


async def test_a_holder_that_is_not_heard_from_loses_the_seat(
    postgres_url: str, postgres_database: Database
) -> None:
    """As one that was stopped, or whose network is gone: the server ends its session by itself."""
    silent = AdvisorySeat(postgres_database, heartbeat=NEVER, expiry=timedelta(milliseconds=200))
    await silent.take()
    async with Database(postgres_url) as other:
        next_one = AdvisorySeat(other)
        async with taking(next_one) as waiting:
            await taken(waiting)
            async with asyncio.timeout(SOON_SECONDS):
                await silent.lost.wait()
    assert not silent.is_the_only_one
    silent.leave()


async def test_a_holder_that_is_heard_from_keeps_the_seat(
    postgres: Postgres, postgres_database: Database
) -> None:
    seat = AdvisorySeat(postgres_database, heartbeat=AT_ONCE, expiry=timedelta(seconds=1))
    await seat.take()
    changed = (
        "SELECT state_change FROM pg_stat_activity WHERE application_name = 'orbits seat work'"
        " AND state_change > backend_start + interval '1.2 seconds'"
    )
    await until(lambda: bool(postgres.execute(changed)))
    assert seat.is_the_only_one
    assert not seat.lost.is_set()
    seat.leave()
