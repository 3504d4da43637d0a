"""The migrations make the tables that the code describes, and keep the rows that are there."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Engine,
    Float,
    Integer,
    LargeBinary,
    Table,
    inspect,
    select,
    text,
)
from sqlmodel import SQLModel

from bot.states import State
from bot.store import schema
from bot.store.columns import Moment, StateText
from bot.store.database import Database
from bot.store.migrate import alembic_config, migrate
from tests.postgres import Postgres

OURS = frozenset(SQLModel.metadata.tables)
INDEXES = {
    "sqlite": "SELECT name, sql FROM sqlite_master WHERE type = 'index'",
    "postgresql": "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
}
LIVE = {"'queued'", "'waiting'", "'running'"}


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """A database with the schema of this release."""
    database = Database(database_url)
    yield database.engine
    database.engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database without tables."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'new.db'}"
        return
    postgres: Postgres = request.getfixturevalue("postgres")
    url = postgres.new_database(migrated=False)
    yield url
    postgres.drop(url)


def is_ours(_: object, name: str | None, kind: str, *__: object) -> bool:
    """Leave out the tables that the queue brings with it."""
    return kind != "table" or not (name or "").startswith("procrastinate")


def test_the_migrations_make_the_tables_of_today(engine: Engine) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "include_object": is_ours}
        )
        assert compare_metadata(context, SQLModel.metadata) == []


def test_the_partial_indexes_are_there(engine: Engine) -> None:
    """Alembic does not compare their conditions, and all locking rests on them."""
    with engine.connect() as connection:
        indexes = connection.execute(text(INDEXES[engine.dialect.name]))
        made = {name: sql.partition(" WHERE ")[2] for name, sql in indexes if sql}
    assert {word for word in LIVE if word in made["run_running_identity"]} == {"'running'"}
    assert {word for word in LIVE if word in made["run_live_command"]} == LIVE


def test_upgrading_again_changes_nothing_and_keeps_every_row(engine: Engine) -> None:
    tables = [SQLModel.metadata.tables[name] for name in sorted(OURS)]
    with engine.begin() as connection:
        for table in tables:
            connection.execute(table.insert(), [filled(table, 1), filled(table, 2)])
    before = rows(engine, tables)
    schema.upgrade(engine)
    migrate(engine)
    assert schema.is_current(engine)
    assert rows(engine, tables) == before
    assert {len(found) for found in before.values()} == {2}


def test_a_database_without_tables_is_not_current(empty_url: str) -> None:
    database = Database(empty_url)
    assert not schema.is_current(database.engine)
    schema.upgrade(database.engine)
    assert schema.is_current(database.engine)
    database.engine.dispose()


def test_processes_that_start_at_once_upgrade_one_after_another(empty_url: str) -> None:
    databases = [Database(empty_url) for _ in range(3)]
    with ThreadPoolExecutor(len(databases)) as processes:
        list(processes.map(migrate, [database.engine for database in databases]))
    assert all(schema.is_current(database.engine) for database in databases)
    for database in databases:
        database.engine.dispose()


def test_every_migration_has_a_way_down(empty_url: str) -> None:
    database = Database(empty_url)
    schema.upgrade(database.engine)
    with database.engine.begin() as connection:
        config = alembic_config()
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
    left = set(inspect(database.engine).get_table_names())
    assert OURS & left == set()
    database.engine.dispose()


def filled(table: Table, number: int) -> dict[str, Any]:
    """Answer a row that has a value in each column."""
    return {column.name: _value(column.type, column.name, number) for column in table.columns}


def _value(kind: object, name: str, number: int) -> object:
    values: dict[type, object] = {
        Moment: datetime(2026, 3, 29, 1, 30, number, tzinfo=UTC),
        StateText: State.SUCCEEDED,
        JSON: {"a": ["ü", None, number]},
        LargeBinary: b"\x00\xff",
        Boolean: number == 1,
        BigInteger: 2**40 + number,
        Float: number / 2,
        Integer: number,
    }
    return next((values[each] for each in values if isinstance(kind, each)), f"{name} {number} ü")


def rows(engine: Engine, tables: list[Table]) -> dict[str, list[tuple[Any, ...]]]:
    with engine.connect() as connection:
        return {
            table.name: [
                tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key))
            ]
            for table in tables
        }
