"""A database's schema through the engine: forwards, back, planned and watched."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from bot.engine.engine import Engine
from resources.errors import NoWayBack, ScriptFailed, StepFailed
from resources.library import CloudExecutor, Environment, SqlMigration
from resources.model.resource import Difference, Severity

FIRST = {"0001_users.sql": "CREATE TABLE users (id);", "0001_users.down.sql": "DROP TABLE users;"}
SECOND = {
    **FIRST,
    "0002_orders.sql": "CREATE TABLE orders (id);",
    "0002_orders.down.sql": "DROP TABLE orders;",
}

Migrates = Callable[[str, dict[str, str]], SqlMigration]


@pytest.fixture
def schema(tmp_path: Path) -> Path:
    return tmp_path / "tenant.sqlite3"


@pytest.fixture
def migration(tmp_path: Path, schema: Path) -> Migrates:
    """Answer the database's migration to the files of a revision."""

    def at(revision: str, files: dict[str, str]) -> SqlMigration:
        folder = tmp_path / revision / "migrations"
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (folder / name).write_text(text)
        executor = CloudExecutor(Environment(directory=tmp_path, database=schema))
        return SqlMigration(database=schema, directory=folder, executor=executor)

    return at


def tables(database: Path) -> list[str]:
    query = "SELECT name FROM sqlite_master WHERE name NOT LIKE 'orbits_%' AND type = 'table'"
    with closing(sqlite3.connect(database)) as connection:
        return sorted(name for (name,) in connection.execute(query))


def by_hand(database: Path, statement: str) -> None:
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(statement)


def remove(database: Path) -> None:
    database.unlink()


def is_there(database: Path) -> bool:
    return database.exists()


def critical(path: str, desired: str | None, observed: str | None) -> Difference:
    return Difference(path=path, desired=desired, observed=observed, severity=Severity.CRITICAL)


async def test_a_revision_brings_its_schema(
    engine: Engine, migration: Migrates, schema: Path
) -> None:
    await engine.run(migration("one", FIRST))
    assert tables(schema) == ["users"]

    await engine.run(migration("two", SECOND))
    assert tables(schema) == ["orders", "users"]


async def test_a_bad_statement_is_told_with_its_file_and_line(
    engine: Engine, migration: Migrates, schema: Path
) -> None:
    bad = migration("bad", {**FIRST, "0002_bad.sql": "\nDROP TABLE nowhere;"})

    with pytest.raises(StepFailed) as failed:
        await engine.run(bad)

    assert isinstance(failed.value.cause, ScriptFailed)
    assert failed.value.reason == (
        f"`python3 -IS - up {schema}` ended with status 3. Its last lines:\n"
        "applied 0001_users.sql\n"
        "0002_bad.sql, line 2: no such table: nowhere\n"
        "DROP TABLE nowhere;\n"
        "Nothing of 0002_bad.sql was applied."
    )
    assert tables(schema) == ["users"]


async def test_a_rollback_takes_back_what_the_revision_does_not_have(
    engine: Engine, migration: Migrates, schema: Path
) -> None:
    await engine.run(migration("one", FIRST))
    await engine.run(migration("two", SECOND))

    await engine.run(migration("one", FIRST), "rollback")

    assert tables(schema) == ["users"]


async def test_a_rollback_after_a_failure_goes_back_to_the_last_good(
    engine: Engine, migration: Migrates, schema: Path
) -> None:
    await engine.run(migration("one", FIRST))
    with pytest.raises(StepFailed):
        await engine.run(migration("bad", {**SECOND, "0003_bad.sql": "nonsense;"}))
    assert tables(schema) == ["orders", "users"]

    await engine.run(migration("one", FIRST), "rollback")

    assert tables(schema) == ["users"]


async def test_without_a_way_back_nothing_is_changed(
    engine: Engine, migration: Migrates, schema: Path
) -> None:
    await engine.run(migration("one", FIRST))
    await engine.run(migration("two", {**FIRST, "0002_orders.sql": "CREATE TABLE orders (id);"}))

    with pytest.raises(StepFailed) as failed:
        await engine.run(migration("one", FIRST), "rollback")

    assert isinstance(failed.value.cause, NoWayBack)
    assert failed.value.reason == (
        f"migrations-{schema} cannot be rolled back: 0002_orders.sql was applied without a "
        "0002_orders.down.sql. Nothing was changed."
    )
    assert tables(schema) == ["orders", "users"]


async def test_a_plan_names_the_files_to_come(engine: Engine, migration: Migrates) -> None:
    await engine.run(migration("one", FIRST))

    plan = await engine.run(migration("two", SECOND), "plan")

    assert plan.changes == (critical("migrations/0002_orders.sql", "applied", None),)


@pytest.mark.parametrize(
    ("statement", "loses_data"),
    [
        ("ALTER TABLE users ADD COLUMN name", False),
        ("CREATE TABLE dropped_tables (id)", False),
        ("ALTER TABLE users DROP COLUMN name", True),
        ("drop  table users", True),
        ("DELETE FROM users WHERE id > 1", True),
    ],
)
async def test_a_plan_says_whether_data_would_be_lost(
    engine: Engine, migration: Migrates, statement: str, loses_data: bool
) -> None:
    await engine.run(migration("one", FIRST))

    plan = await engine.run(migration("two", {**FIRST, "0002_next.sql": f"{statement};"}), "plan")

    assert plan.destructive is loses_data


async def test_before_the_first_success_a_plan_names_every_file(
    engine: Engine, migration: Migrates, schema: Path
) -> None:
    plan = await engine.run(migration("two", SECOND), "plan")

    assert [change.path for change in plan.changes] == [
        "migrations/0001_users.sql",
        "migrations/0002_orders.sql",
    ]
    assert not is_there(schema)


async def test_a_schema_that_was_changed_by_hand_is_found(
    engine: Engine, migration: Migrates, schema: Path
) -> None:
    await engine.run(migration("one", FIRST))
    assert await engine.run(migration("one", FIRST), "cycle") == []

    by_hand(schema, "ALTER TABLE users ADD COLUMN admin")
    by_hand(schema, "CREATE INDEX quick ON users (id)")

    assert await engine.run(migration("one", FIRST), "cycle") == [
        critical("schema/index quick", None, "CREATE INDEX quick ON users (id)"),
        critical(
            "schema/table users",
            "CREATE TABLE users (id)",
            "CREATE TABLE users (id, admin)",
        ),
    ]


async def test_a_database_that_is_gone_is_found(
    engine: Engine, migration: Migrates, schema: Path
) -> None:
    await engine.run(migration("one", FIRST))
    remove(schema)

    assert await engine.run(migration("one", FIRST), "cycle") == [
        critical("migrations/0001_users.sql", "applied", None)
    ]


async def test_after_a_rollback_nothing_differs(engine: Engine, migration: Migrates) -> None:
    await engine.run(migration("one", FIRST))
    await engine.run(migration("two", SECOND))
    await engine.run(migration("one", FIRST), "rollback")

    assert await engine.run(migration("one", FIRST), "cycle") == []
