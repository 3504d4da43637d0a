"""The migrations make the tables that the code describes, and keep the rows that are there."""

from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text
from sqlmodel import SQLModel

from bot.store import schema
from bot.store.database import Database
from bot.store.migrate import alembic_config
from tests.store.test_writer import row


def test_the_migrations_make_the_tables_of_today(migrated_file: Path) -> None:
    database = Database(f"sqlite:///{migrated_file}")
    with database.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), SQLModel.metadata) == []
    database.engine.dispose()


def test_the_partial_indexes_are_there(migrated_file: Path) -> None:
    """Alembic does not compare their conditions, and all locking rests on them."""
    database = Database(f"sqlite:///{migrated_file}")
    with database.engine.connect() as connection:
        indexes = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE type='index'"))
        made = {name: sql for name, sql in indexes if sql}
    database.engine.dispose()
    assert "WHERE state = 'running'" in made["run_running_identity"]
    assert "WHERE state IN ('queued', 'waiting', 'running')" in made["run_live_command"]


async def test_upgrading_twice_changes_nothing_and_keeps_rows(database_url: str) -> None:
    async with Database(database_url) as database:
        await database.write(lambda session: session.add(row("acme")))
        schema.upgrade(database.engine)
        assert schema.is_current(database.engine)


def test_a_database_without_tables_is_not_current(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'new.db'}")
    assert not schema.is_current(database.engine)
    schema.upgrade(database.engine)
    assert schema.is_current(database.engine)
    database.engine.dispose()


def test_every_migration_has_a_way_down(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'new.db'}")
    schema.upgrade(database.engine)
    with database.engine.begin() as connection:
        config = alembic_config()
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
    assert set(inspect(database.engine).get_table_names()) == {"alembic_version"}
    database.engine.dispose()
