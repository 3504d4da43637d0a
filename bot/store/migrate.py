"""Alembic at work on a database."""

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, text

from bot.store.advisory import Advisory
from bot.store.migrations import MIGRATIONS


def migrate(engine: Engine) -> None:
    """Apply every migration that the database lacks, in one transaction.

    Processes that do so at once take turns; who comes second finds nothing to do.
    """
    with engine.connect().execution_options(orbits_writer=True) as connection, connection.begin():
        _take_turns(connection)
        config = alembic_config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def alembic_config() -> Config:
    """Answer Alembic's configuration; it needs no file of its own."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config


def _take_turns(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        # However large the tables are, and however long another process takes with them.
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(text("SET LOCAL lock_timeout = 0"))
        connection.execute(
            text("SELECT pg_advisory_xact_lock(:key)"), {"key": int(Advisory.MIGRATING)}
        )
