"""An engine that has a ledger, and can be started anew on the same database."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager

import pytest

from bot.engine.engine import Engine
from bot.store.database import Database
from tests.engine.engines import Mode, engine_on, works_in
from tests.engine.things import Ledger

NewEngine = Callable[[], AbstractAsyncContextManager[Engine]]


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


@pytest.fixture
def new_engine(database: Database, ledger: Ledger) -> NewEngine:
    """Starts an engine on the test's database; the one before it must have ended."""
    return lambda: engine_on(database, given=[ledger])


@pytest.fixture
async def engine(new_engine: NewEngine) -> AsyncIterator[Engine]:
    async with new_engine() as engine:
        yield engine


# What one process on PostgreSQL does, many do as well: that alone is left to the night.
MODES = [
    pytest.param(mode, marks=pytest.mark.thorough) if mode is Mode.POSTGRESQL else mode
    for mode in Mode
]


@pytest.fixture(params=MODES)
def database_url(request: pytest.FixtureRequest) -> str:
    """The address of a database of the test's own, for each way of working in turn."""
    mode: Mode = request.param
    own = "sqlite_url" if mode is Mode.SQLITE else "postgres_url"
    return works_in(request.getfixturevalue(own), mode)
