"""Brings one SQLite database to a set of migration files; runs wherever there is a Python.

`SqlMigration` sends this file's own source to an executor's Python, with a last line that
calls `main`. So it imports the standard library only, and reads no file but the database.

A file is one transaction: its statements, its row in `orbits_migrations` and the dump of the
schema after it are written together or not at all. The row keeps the text of the way down
as it was at that time. The database's own write lock keeps two of us apart.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

FAILED, REFUSED, NO_WAY_BACK, NOTHING_STAYS = 3, 4, 5, 6

WAIT_SECONDS = 60.0
"""How long another one who migrates the same database is waited for."""

TABLES = """
CREATE TABLE IF NOT EXISTS orbits_migrations (
    name TEXT PRIMARY KEY, checksum TEXT NOT NULL, down TEXT
);
CREATE TABLE IF NOT EXISTS orbits_schema (
    id INTEGER PRIMARY KEY CHECK (id = 1), dump TEXT NOT NULL
);
"""

OTHERS_TRANSACTIONS = "a migration may not begin, end or leave its transaction, nor attach files"


class Stopped(Exception):
    """The work cannot go on; the process ends with `status` and prints the message."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Migration:
    """One file: `0002_add_orders.sql`, its statements, and the way back where there is one."""

    name: str
    up: str
    down: str | None = None

    @property
    def checksum(self) -> str:
        """Tells an edited file from the one that was applied."""
        return hashlib.sha256(self.up.encode()).hexdigest()


class Database:
    """A SQLite file, and what is known of the migrations it went through."""

    def __init__(self, path: str, *, read_only: bool = False) -> None:
        address = f"{Path(path).absolute().as_uri()}?mode={'ro' if read_only else 'rwc'}"
        self._connection = sqlite3.connect(
            address, uri=True, timeout=WAIT_SECONDS, isolation_level=None
        )
        self._inside_a_file = False
        self._connection.set_authorizer(self._authorize)

    def prepare(self) -> None:
        """Make the tables in which migrations are remembered."""
        for statement, _ in statements(TABLES):
            self._connection.execute(statement)

    def begin(self) -> None:
        """Take the write lock; others wait."""
        self._connection.execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        """Keep what was done since `begin`, and the schema as it is now."""
        dump = json.dumps(self.schema())
        self._connection.execute("INSERT OR REPLACE INTO orbits_schema VALUES (1, ?)", (dump,))
        self._connection.execute("COMMIT")

    def keep(self) -> None:
        """Keep what was done since `begin`; what should be is still what the last file left."""
        self._connection.execute("COMMIT")

    def abandon(self) -> None:
        """Give the write lock back; nothing was done."""
        self._connection.execute("ROLLBACK")

    def close(self) -> None:
        """Give up what was not committed."""
        self._connection.close()

    def applied(self) -> dict[str, tuple[str, str | None]]:
        """Answer checksum and way down of each applied file, by name, oldest first."""
        query = "SELECT name, checksum, down FROM orbits_migrations ORDER BY name"
        return {name: (checksum, down) for name, checksum, down in self._connection.execute(query)}

    def schema(self) -> dict[str, str]:
        """Answer the statement that makes each object, without those of ours and SQLite's."""
        query = (
            "SELECT type || ' ' || name, sql FROM sqlite_master WHERE sql IS NOT NULL"
            " AND name NOT LIKE 'sqlite!_%' ESCAPE '!' AND tbl_name NOT LIKE 'orbits!_%' ESCAPE '!'"
            " ORDER BY 1"
        )
        return dict(self._connection.execute(query).fetchall())

    def recorded_schema(self) -> dict[str, str] | None:
        """Answer the schema as the last migration left it."""
        row = self._connection.execute("SELECT dump FROM orbits_schema").fetchone()
        return None if row is None else dict(json.loads(row[0]))

    def is_prepared(self) -> bool:
        """Answer whether any migration was ever tried."""
        query = "SELECT 1 FROM sqlite_master WHERE name = 'orbits_schema'"
        return self._connection.execute(query).fetchone() is not None

    def run(self, file: str, text: str) -> None:
        """Run the statements of a file inside the transaction; name the one that fails."""
        self._inside_a_file = True
        try:
            for statement, line in statements(text):
                self._run_one(file, line, statement)
        finally:
            self._inside_a_file = False

    def make(self, statement: str) -> None:
        """Make an object of the schema."""
        self._connection.execute(statement)

    def columns(self, table: str) -> list[str]:
        """Answer the names of a table's columns, in their order."""
        return [row[1] for row in self._connection.execute(f"PRAGMA table_info({quoted(table)})")]

    def has_lost_columns(self, table: str, statement: str) -> bool:
        """Answer whether a table lacks columns that a statement makes, and has no others."""
        with closing(sqlite3.connect(":memory:")) as beside:
            beside.execute(statement)
            rows = beside.execute(f"PRAGMA table_info({quoted(table)})").fetchall()
        return set(self.columns(table)) < {row[1] for row in rows}

    def rebuild(self, table: str, statement: str) -> None:
        """Make a table anew, with what the old one holds; what refers to it goes on doing so."""
        old, kept = quoted(f"orbits_old_{table}"), ", ".join(map(quoted, self.columns(table)))
        self._connection.execute("PRAGMA legacy_alter_table = ON")
        self._connection.execute(f"ALTER TABLE {quoted(table)} RENAME TO {old}")
        self._connection.execute("PRAGMA legacy_alter_table = OFF")
        self._connection.execute(statement)
        copy = f"INSERT INTO {quoted(table)} ({kept}) SELECT {kept} FROM {old}"  # noqa: S608 (quoted)
        self._connection.execute(copy)
        self._connection.execute(f"DROP TABLE {old}")

    def record(self, migration: Migration) -> None:
        """Remember that a file was applied, and how to take it back."""
        row = (migration.name, migration.checksum, migration.down)
        self._connection.execute("INSERT INTO orbits_migrations VALUES (?, ?, ?)", row)

    def forget(self, name: str) -> None:
        """Remember no longer that a file was applied."""
        self._connection.execute("DELETE FROM orbits_migrations WHERE name = ?", (name,))

    def _run_one(self, file: str, line: int, statement: str) -> None:
        try:
            self._connection.execute(statement)
        except sqlite3.Error as error:
            why = OTHERS_TRANSACTIONS if "not authorized" in str(error) else str(error)
            message = f"{file}, line {line}: {why}\n{statement.strip()}"
            raise Stopped(FAILED, f"{message}\nNothing of {file} was applied.") from error

    def _authorize(self, action: int, *_: str | None) -> int:
        forbidden = (sqlite3.SQLITE_TRANSACTION, sqlite3.SQLITE_ATTACH, sqlite3.SQLITE_DETACH)
        denied = self._inside_a_file and action in (*forbidden, sqlite3.SQLITE_SAVEPOINT)
        return sqlite3.SQLITE_DENY if denied else sqlite3.SQLITE_OK


def quoted(name: str) -> str:
    """Answer the name of a table or column as it stands in a statement."""
    return '"{}"'.format(name.replace('"', '""'))


def statements(text: str) -> Iterator[tuple[str, int]]:
    """Answer the statements of a script, each with the number of the line it begins on.

    A semicolon in a string, a comment or a trigger does not end a statement.
    """
    gathered, line = "", 1
    for piece in text.split(";"):
        gathered += f"{piece};"
        if sqlite3.complete_statement(gathered):
            yield from _statement(gathered, line)
            line += gathered.count("\n")
            gathered = ""
    yield from _statement(gathered[:-1], line)


def up(database: Database, migrations: list[Migration]) -> None:
    """Apply what is not applied yet, each file in a transaction of its own."""
    done = 0
    while True:
        database.begin()
        pending = _pending(migrations, database.applied())
        if not pending:
            break
        if not done:
            _warn_of_changes_by_hand(database)
        database.run(pending[0].name, pending[0].up)
        database.record(pending[0])
        database.commit()
        done += 1
        print(f"applied {pending[0].name}", flush=True)
    if not done:
        print("nothing to apply")


def back(database: Database, migrations: list[Migration], *, everything: bool) -> None:
    """Take back what is applied and not among `migrations`, newest first, all or nothing.

    `everything` is the consent to it where that is all there is.
    """
    database.begin()
    applied = database.applied()
    desired = {migration.name for migration in migrations}
    extra = [(name, applied[name][1]) for name in reversed(applied) if name not in desired]
    if extra and len(extra) == len(applied) and not everything:
        raise Stopped(NOTHING_STAYS, "Nothing that is applied would stay. Nothing was changed.")
    for name, down in extra:
        if down is None:
            missing = f"{name.removesuffix('.sql')}.down.sql"
            raise Stopped(
                NO_WAY_BACK, f"{name} was applied without a {missing}. Nothing was changed."
            )
    for name, down in extra:
        database.run(f"the way back from {name}", down or "")
        database.forget(name)
    if extra:
        database.commit()
    else:
        database.abandon()
    for name, _ in extra:
        print(f"took back {name}", flush=True)


def restore(database: Database) -> None:
    """Make again what was taken away by hand, all or nothing; what was added is left.

    The rows of what was taken away are gone. Nothing is dropped: it could hold what is needed.
    """
    database.begin()
    recorded = database.recorded_schema() or {}
    for name, statement in sorted(recorded.items(), key=lambda each: _made_after(each[0])):
        kind, _, short = name.partition(" ")
        observed = database.schema().get(name)
        if observed is None:
            database.make(statement)
            print(f"made {name} again")
        elif (
            kind == "table"
            and observed != statement
            and database.has_lost_columns(short, statement)
        ):
            database.rebuild(short, statement)
            print(f"made the lost columns of {name} again")
    schema = database.schema()
    database.keep()
    for name in sorted(name for name in {*recorded, *schema} if _differs(name, recorded, schema)):
        print(f"note: {name} was changed by hand, and is left as it is", flush=True)


def observe(path: str) -> dict[str, object]:
    """Answer what is applied, and the schema as it is and as it was left; changes nothing.

    `no_place` says why there can be no database, where that is so.
    """
    no_place = _no_place_for(path)
    nothing: dict[str, object] = {"applied": {}, "recorded": {}, "observed": {}}
    nothing["no_place"] = no_place
    if not Path(path).exists():
        return nothing
    with closing(Database(path, read_only=True)) as database:
        if not database.is_prepared():
            return nothing
        recorded, observed = database.recorded_schema(), database.schema()
        return {
            "applied": {name: kept[0] for name, kept in database.applied().items()},
            "recorded": observed if recorded is None else recorded,
            "observed": observed,
            "no_place": no_place,
        }


def main(arguments: list[str], files: list[tuple[str, str, str | None]]) -> int:
    """Carry out `up`, `back`, `restore` or `observe` on a database; answer the exit status.

    `back` also applies what is desired and was never applied, as `up` does, and stops where it
    would take back all there is; `back-everything` does not.
    """
    command, path = arguments
    migrations = [Migration(*file) for file in files]
    try:
        if command == "observe":
            print(json.dumps(observe(path)))
            return 0
        with closing(_opened(path)) as database:
            database.prepare()
            if command == "restore":
                restore(database)
                return 0
            if command in ("back", "back-everything"):
                back(database, migrations, everything=command == "back-everything")
            up(database, migrations)
    except Stopped as stopped:
        print(stopped)
        return stopped.status
    except sqlite3.Error as error:
        print(f"{path}: {error}")
        return FAILED
    return 0


def _opened(path: str) -> Database:
    no_place = _no_place_for(path)
    if no_place:
        raise Stopped(REFUSED, no_place)
    return Database(path)


def _no_place_for(path: str) -> str | None:
    folder = Path(path).absolute().parent
    if folder.is_dir():
        return None
    return (
        f"the database's folder {folder} does not exist: let the infrastructure make it first. "
        "Nothing was changed."
    )


def _statement(text: str, line: int) -> Iterator[tuple[str, int]]:
    begun = text.lstrip()
    if begun.strip("; \t\r\n"):
        yield begun.rstrip(), line + text.count("\n", 0, len(text) - len(begun))


def _pending(
    migrations: list[Migration], applied: dict[str, tuple[str, str | None]]
) -> list[Migration]:
    """Answer the files to apply, oldest first; refuse a history that is not these files' own."""
    named = {migration.name: migration for migration in migrations}
    for name, (checksum, _) in applied.items():
        if name not in named:
            why = (
                "is applied, but not among the files; put it back, or undo it by a rollback to "
                "this revision instead of an update"
            )
        elif named[name].checksum != checksum:
            why = "was edited after it was applied; put it back, and write a new file instead"
        else:
            continue
        raise Stopped(REFUSED, f"{name} {why}. Nothing was changed.")
    pending = [migration for migration in migrations if migration.name not in applied]
    newest = max(applied, default="")
    if pending and pending[0].name < newest:
        why = f"comes before {newest}, which is applied already; give it a later number"
        raise Stopped(REFUSED, f"{pending[0].name} {why}. Nothing was changed.")
    return pending


def _warn_of_changes_by_hand(database: Database) -> None:
    recorded, schema = database.recorded_schema(), database.schema()
    for name in sorted({*(recorded or {}), *schema}):
        if recorded is not None and _differs(name, recorded, schema):
            print(f"note: {name} was changed by hand; it is part of the schema from now on")


def _differs(name: str, recorded: dict[str, str], schema: dict[str, str]) -> bool:
    return recorded.get(name) != schema.get(name)


def _made_after(name: str) -> tuple[int, str]:
    """Tell the order of objects: each kind may need those before it."""
    return ("table", "index", "view", "trigger").index(name.partition(" ")[0]), name
