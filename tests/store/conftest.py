"""Every test of the store runs on each kind of database, but for what one of them has alone."""

from collections.abc import AsyncIterator

import pytest

from bot.store.database import Database


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The address of a database of the test's own, of each kind in turn."""
    own = {"sqlite": "sqlite_url", "postgresql": "postgres_url"}[request.param]
    url: str = request.getfixturevalue(own)
    return url


@pytest.fixture
async def sqlite_database(sqlite_url: str) -> AsyncIterator[Database]:
    """A SQLite database that is open."""
    async with Database(sqlite_url) as database:
        yield database


@pytest.fixture
async def postgres_database(postgres_url: str) -> AsyncIterator[Database]:
    """A PostgreSQL database that is open."""
    async with Database(postgres_url) as database:
        yield database
