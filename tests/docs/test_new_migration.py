"""`make migration` writes what the newest migration lacks of the tables."""

import shutil
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import create_engine, inspect
from sqlmodel import SQLModel

from bot.store.migrate import alembic_config
from bot.store.migrations import MIGRATIONS
from bot.store.new_migration import write_migration
from resources.errors import Refused


@pytest.fixture
def migrations(tmp_path: Path) -> Path:
    """A copy of the migrations, to be written into."""
    return Path(shutil.copytree(MIGRATIONS, tmp_path / "migrations"))


def test_there_is_nothing_to_write_where_the_migrations_make_the_tables(migrations: Path) -> None:
    before = sorted((migrations / "versions").glob("*.py"))
    with pytest.raises(Refused) as refused:
        write_migration("Remember who merged", migrations)
    assert str(refused.value) == (
        "The migrations make the tables as they are today. Nothing was written."
    )
    assert sorted((migrations / "versions").glob("*.py")) == before


def test_a_new_migration_makes_the_tables_that_are_missing(
    migrations: Path, tmp_path: Path
) -> None:
    for released in (migrations / "versions").glob("0*.py"):
        released.unlink()

    written = write_migration("All of it.", migrations)

    assert written.name == "0001_all_of_it.py"
    assert written.read_text().startswith('"""All of it."""\n')
    assert _tables_after(migrations, tmp_path) == {*SQLModel.metadata.tables, "alembic_version"}


def test_a_migration_without_a_message_is_refused(migrations: Path) -> None:
    with pytest.raises(Refused) as refused:
        write_migration(" ", migrations)
    assert str(refused.value) == (
        "A migration is named by what it does: make migration "
        'MESSAGE="Remember who merged". Nothing was written.'
    )


def _tables_after(migrations: Path, folder: Path) -> set[str]:
    config = alembic_config()
    config.set_main_option("script_location", str(migrations))
    engine = create_engine(f"sqlite:///{folder}/fresh.db")
    with closing(engine.connect()) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        tables = set(inspect(connection).get_table_names())
    engine.dispose()
    return tables
