"""Alembic at work on a database."""

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine

from bot.store.migrations import MIGRATIONS


def migrate(engine: Engine) -> None:
    """Apply every migration that the database lacks, in one transaction."""
    with engine.begin() as connection:
        config = alembic_config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def alembic_config() -> Config:
    """Answer Alembic's configuration; it needs no file of its own."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config
