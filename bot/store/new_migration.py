"""Writes the migration from the newest one to the tables of today: `make migration MESSAGE=...`."""

import sys
import tempfile
from pathlib import Path

from alembic import command
from alembic.autogenerate.api import AutogenContext
from alembic.operations.ops import MigrationScript
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from bot.store.database import Database
from bot.store.migrate import alembic_config
from bot.store.migrations import MIGRATIONS
from resources.errors import OrbitsError, Refused

_Generated = list[MigrationScript]


def write_migration(message: str, migrations: Path = MIGRATIONS) -> Path:
    """Write the next migration into `migrations/versions`, and answer its file.

    It is what a database that has all migrations lacks of the tables: read it before it is
    committed, as a rename is seen as a removal and an addition. Raises `Refused` where nothing
    is lacking, or where there is no message to name it by.
    """
    if not message.strip():
        raise Refused(
            'A migration is named by what it does: make migration MESSAGE="Remember who merged". '
            "Nothing was written."
        )
    config = alembic_config()
    config.set_main_option("script_location", str(migrations))
    versions = migrations / "versions"
    known = set(versions.glob("*.py"))
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/new.db")
        with database.engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            command.revision(
                config,
                message.strip().rstrip("."),
                autogenerate=True,
                rev_id=_next_id(ScriptDirectory.from_config(config)),
                process_revision_directives=_drop_empty,
            )
        database.engine.dispose()
    written = set(versions.glob("*.py")) - known
    if not written:
        raise Refused("The migrations make the tables as they are today. Nothing was written.")
    return written.pop()


def _next_id(scripts: ScriptDirectory) -> str:
    head = scripts.get_current_head()
    return f"{int(head or 0) + 1:04}"


def _drop_empty(
    _context: MigrationContext | AutogenContext, _revision: object, generated: _Generated
) -> None:
    operations = generated[0].upgrade_ops
    if operations is None or operations.is_empty():
        generated.clear()


def main() -> None:
    """Write the migration that the command line names."""
    try:
        written = write_migration(" ".join(sys.argv[1:]))
    except OrbitsError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(2)
    sys.stdout.write(f"{written}\n")


if __name__ == "__main__":
    main()
