"""A database's schema through the engine: forwards, back, planned and watched."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from bot.engine.engine import Engine
from resources.errors import NoWayBack, Refused, ScriptFailed, StepFailed
from resources.library import CloudExecutor, Environment, SqlMigration
from resources.library.sql.migration_files import in_order
from resources.model.resource import Difference, Resource, Severity

FIRST = {"0001_users.sql": "CREATE TABLE users (id);", "0001_users.down.sql": "DROP TABLE users;"}
SECOND = {
    **FIRST,
    "0002_orders.sql": "CREATE TABLE orders (id);",
    "0002_orders.down.sql": "DROP TABLE orders;",
}

Migrates = Callable[[str, dict[str, str]], SqlMigration]


class Service(Resource):
    """A service whose author wrote no way back."""

    migration: SqlMigration

    def identity(self) -> str:
        return "backend-acme"

    async def define_update(self) -> None:
        await self.do("sql-migrate", self.migration)


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


def names(database: Path) -> list[str]:
    with closing(sqlite3.connect(database)) as connection:
        return [name for (name,) in connection.execute("SELECT name FROM users")]


def by_hand(database: Path, statement: str) -> None:
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(statement)


def remove(database: Path) -> None:
    database.unlink()


def move(folder: Path, to: Path) -> None:
    folder.rename(to)


def make(folder: Path) -> None:
    folder.mkdir()


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


@pytest.mark.parametrize("command", ["update", "plan", "cycle", "rollback"])
async def test_a_folder_that_is_called_otherwise_at_a_revision_loses_no_table(
    engine: Engine, migration: Migrates, schema: Path, tmp_path: Path, command: str
) -> None:
    await engine.run(migration("two", {**FIRST, "0001_users.sql": "CREATE TABLE users (name);"}))
    by_hand(schema, "INSERT INTO users VALUES ('maya')")
    lost = migration("one", FIRST)
    move(tmp_path / "one" / "migrations", tmp_path / "one" / "db")

    with pytest.raises(StepFailed) as failed:
        await engine.run(lost, command)

    assert isinstance(failed.value.cause, Refused)
    assert failed.value.reason == (
        f"There is no folder of migrations {tmp_path}/one/migrations, so nobody knows which files "
        "should be applied. Let `directory` name it as it is called at this revision; where there "
        "are no migrations yet, make it, and leave it empty. Nothing was changed."
    )
    assert names(schema) == ["maya"]


async def test_a_service_may_have_no_migrations_yet(
    engine: Engine, migration: Migrates, schema: Path
) -> None:
    none = migration("none", {})

    await engine.run(none)
    await engine.run(none, "rollback")

    assert tables(schema) == []
    assert await engine.run(none, "cycle") == []


async def test_a_rollback_that_leaves_nothing_needs_consent(
    engine: Engine, migration: Migrates, schema: Path, tmp_path: Path
) -> None:
    none = migration("none", {})
    await engine.run(none)
    await engine.run(migration("one", FIRST))

    with pytest.raises(StepFailed) as failed:
        await engine.run(none, "rollback")

    assert isinstance(failed.value.cause, Refused)
    assert failed.value.reason == (
        f"migrations-{schema} is not rolled back: nothing that is applied is among the files of "
        f"{tmp_path}/none/migrations, so all of it would be taken back, with every row. Let "
        "`directory` name the folder as it is called at that revision, or deploy a new revision "
        "instead; where the loss is meant, say `take_back_everything=True`. Nothing was changed."
    )
    assert tables(schema) == ["users"]
    await engine.run(none.model_copy(update={"take_back_everything": True}), "rollback")
    assert tables(schema) == []


async def test_an_update_that_is_part_of_a_rollback_goes_back(
    engine: Engine, migration: Migrates, schema: Path
) -> None:
    first = Service(migration=migration("one", FIRST))
    await engine.run(first)
    await engine.run(Service(migration=migration("two", SECOND)))

    await engine.run(first, "rollback")

    assert tables(schema) == ["users"]


async def test_files_that_are_missing_are_refused_with_what_to_do(
    engine: Engine, migration: Migrates, schema: Path
) -> None:
    await engine.run(migration("two", SECOND))

    with pytest.raises(StepFailed) as failed:
        await engine.run(migration("one", FIRST))

    assert isinstance(failed.value.cause, Refused)
    assert failed.value.reason == (
        f"migrations-{schema} is refused: 0002_orders.sql is applied, but not among the files; put "
        "it back, or undo it by a rollback to this revision instead of an update. Nothing was "
        "changed."
    )


async def test_a_file_that_was_edited_is_found_and_planned(
    engine: Engine, migration: Migrates
) -> None:
    await engine.run(migration("one", FIRST))
    files = {**FIRST, "0001_users.sql": "CREATE TABLE users (id, name);"}
    (new,), (old,) = in_order(files), in_order(FIRST)
    edited = critical(
        "migrations/0001_users.sql", f"sha256:{new.checksum}", f"sha256:{old.checksum}"
    )

    assert (await engine.run(migration("two", files), "plan")).changes == (edited,)
    assert await engine.run(migration("two", files), "cycle") == [edited]


async def test_a_folder_that_nobody_made_yet_is_named(
    engine: Engine, migration: Migrates, tmp_path: Path
) -> None:
    place = tmp_path / "account"
    database = place / "tenant.sqlite3"
    asked = migration("one", FIRST).model_copy(update={"database": database})

    async def refused(command: str) -> str:
        with pytest.raises(StepFailed) as failed:
            await engine.run(asked, command, force=True)
        assert isinstance(failed.value.cause, Refused)
        return failed.value.reason

    why = (
        f"migrations-{database} is refused: the database's folder {place} does not exist: let the "
        "infrastructure make it first. Nothing was changed."
    )
    assert await refused("update") == why
    make(place)
    await engine.run(asked)
    move(place, tmp_path / "elsewhere")

    assert [await refused(command) for command in ("update", "plan", "rollback")] == [why] * 3
