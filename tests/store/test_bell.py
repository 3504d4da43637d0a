"""A bell is heard by every process on the database, once what it rings for is committed."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence

import pytest
from sqlmodel import Session

from bot.store.bell import Bell, SilentBell
from bot.store.database import Database
from tests.postgres import Postgres
from tests.store.facts import SOON_SECONDS


class Ear:
    """Remembers what was heard."""

    def __init__(self) -> None:
        self._heard: asyncio.Queue[tuple[str, ...]] = asyncio.Queue()

    def hears(self, words: Sequence[str]) -> None:
        self._heard.put_nowait(tuple(words))

    async def next(self) -> tuple[str, ...]:
        async with asyncio.timeout(SOON_SECONDS):
            return await self._heard.get()

    @property
    def is_quiet(self) -> bool:
        return self._heard.empty()


@contextlib.asynccontextmanager
async def listening(database: Database) -> AsyncIterator[Ear]:
    ear = Ear()
    hearing = asyncio.create_task(Bell.of(database).hear(ear.hears))
    try:
        yield ear
    finally:
        hearing.cancel()
        await asyncio.gather(hearing, return_exceptions=True)


@pytest.fixture
async def other(postgres_url: str) -> AsyncIterator[Database]:
    """The same database as another process has it."""
    async with Database(postgres_url) as database:
        yield database


def ringing(database: Database, *words: str) -> Callable[[Session], None]:
    return lambda session: Bell.of(database).ring(session.connection(), words)


async def test_a_ring_is_heard_in_another_process(
    postgres_database: Database, other: Database
) -> None:
    async with listening(other) as ear:
        assert await ear.next() == ()
        await postgres_database.write(ringing(postgres_database, "run-1", "run-2"))
        assert await ear.next() == ("run-1", "run-2")


async def test_a_ring_is_heard_only_after_the_commit(
    postgres_database: Database, other: Database
) -> None:
    def ring_and_fail(session: Session) -> None:
        ringing(postgres_database, "never")(session)
        raise RuntimeError("taken back")

    async with listening(other) as ear:
        assert await ear.next() == ()
        with pytest.raises(RuntimeError, match="taken back"):
            await postgres_database.write(ring_and_fail)
        await postgres_database.write(ringing(postgres_database, "committed"))
        assert await ear.next() == ("committed",)


async def test_after_a_cut_everything_is_to_be_looked_at_and_rings_are_heard_again(
    postgres: Postgres, postgres_url: str, postgres_database: Database, other: Database
) -> None:
    async with listening(other) as ear:
        assert await ear.next() == ()
        for _ in range(2):
            postgres.cut_connections(postgres_url)
            assert await ear.next() == ()
        await postgres_database.write(ringing(postgres_database, "again"))
        assert await ear.next() == ("again",)


async def test_many_words_come_in_few_rings(postgres_database: Database, other: Database) -> None:
    words = [f"{n:024}" for n in range(1_000)]
    async with listening(other) as ear:
        assert await ear.next() == ()
        await postgres_database.write(ringing(postgres_database, *words))
        heard: list[str] = []
        rings = 0
        while len(heard) < len(words):
            heard += await ear.next()
            rings += 1
    assert heard == words
    assert rings == 4


@pytest.mark.parametrize("words", [[], [f"{n:024}" for n in range(5_000)]])
async def test_too_many_words_and_none_mean_that_everything_is_to_be_looked_at(
    postgres_database: Database, other: Database, words: list[str]
) -> None:
    async with listening(other) as ear:
        assert await ear.next() == ()
        await postgres_database.write(ringing(postgres_database, *words))
        assert await ear.next() == ()


async def test_on_sqlite_nobody_needs_to_be_woken(sqlite_database: Database) -> None:
    assert isinstance(Bell.of(sqlite_database), SilentBell)
    async with listening(sqlite_database) as ear:
        await sqlite_database.write(ringing(sqlite_database, "run-1"))
        assert ear.is_quiet
