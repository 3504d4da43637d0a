"""What every test may ask for: a migrated database, and an engine on it."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import settings

from bot.engine.engine import Engine
from bot.store.database import Database
from bot.store.schema import upgrade

# The same examples each time: what a change broke is told apart from what was never right. Every
# night others are tried (`--hypothesis-profile=random`).
settings.register_profile("steady", derandomize=True)
settings.register_profile("random", derandomize=False, print_blob=True)
settings.load_profile("steady")


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the schema of today and no rows, to be copied."""
    path = tmp_path_factory.mktemp("store") / "migrated.db"
    database = Database(f"sqlite:///{path}")
    upgrade(database.engine)
    database.engine.dispose()
    return path


@pytest.fixture
def database_url(tmp_path: Path, migrated_file: Path) -> str:
    """The address of a database of the test's own."""
    path = tmp_path / "orbits.db"
    shutil.copy(migrated_file, path)
    return f"sqlite:///{path}"


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A database that is open."""
    async with Database(database_url) as database:
        yield database


@pytest.fixture
async def engine(database: Database) -> AsyncIterator[Engine]:
    """An engine at work on a database of the test's own."""
    async with Engine(database) as engine:
        yield engine
