"""The tables of the queue, which are Procrastinate's: made, and brought to the installed release.

Procrastinate keeps no account of what was applied. Ours is the comment on its table of jobs:
the name of the last of its migrations that the table has.
"""

from pathlib import Path
from typing import Any

from procrastinate.schema import SchemaManager
from psycopg.sql import SQL, Literal
from sqlalchemy import Connection, text

from bot.store.advisory import Advisory
from resources.errors import OrbitsError

_MARK = "Procrastinate up to "


# Rows rather than `to_regclass`, which may answer from before another process made the table.
_FIND = text("""
SELECT obj_description(pg_class.oid, 'pg_class') AS comment
FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
WHERE relname = 'procrastinate_jobs' AND nspname = ANY (current_schemas(false))
""")


class JobsSchemaUnknown(OrbitsError):
    """Somebody else's tables of Procrastinate are where ours should be."""


def upgrade_jobs(connection: Connection) -> None:
    """Make the tables of the queue, or apply the migrations that they lack, in one transaction.

    Processes that do so at once take turns. Raises `JobsSchemaUnknown` for tables that others
    made, as nothing tells what they lack.
    """
    connection.execute(
        text("SELECT pg_advisory_xact_lock(:key)"), {"key": int(Advisory.UPGRADING_JOBS)}
    )
    applied = _applied(connection)
    if applied is None:
        _apply(connection, SchemaManager.get_schema())
        _mark(connection)
    elif lacking := _lacking(applied):
        for migration in lacking:
            _apply(connection, migration.read_text(encoding="utf-8"))
        _mark(connection)


def jobs_are_current(connection: Connection) -> bool:
    """Answer whether the queue has the tables of the installed release, or of a newer one.

    Raises `JobsSchemaUnknown` as `upgrade_jobs` does.
    """
    applied = _applied(connection)
    return applied is not None and not _lacking(applied)


def _applied(connection: Connection) -> str | None:
    """Answer the name of the last migration that the tables have; `None` without tables."""
    found = connection.execute(_FIND).first()
    if found is None:
        return None
    if not (found.comment or "").startswith(_MARK):
        raise JobsSchemaUnknown(
            "The database has a table `procrastinate_jobs` that Orbits did not make, so what it "
            "lacks is not known. Nothing was changed. Give Orbits a database of its own in "
            "ORBITS_DATABASE_URL, then start it again."
        )
    return str(found.comment).removeprefix(_MARK)


def _lacking(applied: str) -> list[Path]:
    """Answer the migrations after the one that is named, in their order."""
    return [migration for migration in _migrations() if migration.stem > applied]


def _migrations() -> list[Path]:
    # Their names begin with the release, padded with zeros, so they sort as they are applied.
    return sorted(Path(SchemaManager.get_migrations_path()).glob("*.sql"))


def _apply(connection: Connection, script: str) -> None:
    # Without parameters psycopg sends many statements as they are, and leaves each `%` alone.
    raw: Any = connection.connection.driver_connection
    raw.execute(script)


def _mark(connection: Connection) -> None:
    comment = Literal(_MARK + _migrations()[-1].stem)
    raw: Any = connection.connection.driver_connection
    raw.execute(SQL("COMMENT ON TABLE procrastinate_jobs IS {}").format(comment))
