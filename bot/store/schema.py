"""Whether a database has the schema of this release, and bringing it there."""

from importlib import import_module

from sqlalchemy import Connection, Engine, inspect, text

from bot.store.migrations import MIGRATIONS


def upgrade(engine: Engine) -> None:
    """Apply the migrations that the database lacks; one that has them all is left alone.

    Alembic is loaded only then: it is a quarter of a second and ten megabytes that most starts
    do not need.
    """
    if not is_current(engine):
        import_module("bot.store.migrate").migrate(engine)
    if engine.dialect.name != "sqlite":
        # The queue's own tables; its library is not loaded for SQLite.
        jobs = import_module("bot.store.jobs_schema")
        writing = engine.connect().execution_options(orbits_writer=True)
        with writing as connection, connection.begin():
            if not jobs.jobs_are_current(connection):
                jobs.upgrade_jobs(connection)


def is_current(engine: Engine) -> bool:
    """Answer whether the database has the schema of this release."""
    with engine.connect() as connection:
        return _applied(connection) == newest_migration()


def _applied(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def newest_migration() -> str:
    """Answer the number of the newest migration: its file's name begins with it."""
    return max(path.name.partition("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))
