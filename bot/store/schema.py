"""Whether a database has the schema of this release, and bringing it there."""

from importlib import import_module

from sqlalchemy import Engine, inspect, text

from bot.store.migrations import MIGRATIONS


def upgrade(engine: Engine) -> None:
    """Apply the migrations that the database lacks; one that has them all is left alone.

    Alembic is loaded only then: it is a quarter of a second and ten megabytes that most starts
    do not need.
    """
    if not is_current(engine):
        import_module("bot.store.migrate").migrate(engine)


def is_current(engine: Engine) -> bool:
    """Answer whether the database has the schema of this release."""
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return False
        applied = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return applied == newest_migration()


def newest_migration() -> str:
    """Answer the number of the newest migration: its file's name begins with it."""
    return max(path.name.partition("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))
