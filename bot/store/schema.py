"""Bringing a database to the schema of this release, by Alembic."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

MIGRATIONS = Path(__file__).parent / "migrations"


def upgrade(engine: Engine) -> None:
    """Apply the migrations that the database lacks; one that has them all is left alone."""
    with engine.begin() as connection:
        config = alembic_config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def is_current(engine: Engine) -> bool:
    """Answer whether the database has the schema of this release."""
    with engine.connect() as connection:
        applied = MigrationContext.configure(connection).get_current_revision()
    return applied == ScriptDirectory.from_config(alembic_config()).get_current_head()


def alembic_config() -> Config:
    """Answer Alembic's configuration; it needs no file of its own."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config
