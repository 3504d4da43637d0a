"""The tables of the plain journals: sqlite3 and psycopg with nothing around them.

Plain is `executemany` in a transaction, on both. For SQLite that is the fastest way that was
found, as a statement prepared once costs next to nothing a row. For PostgreSQL there is a faster
one, in `PostgresArrays`: one `INSERT` of all rows as arrays (`unnest`), which beat `COPY`, JSON and
many `VALUES` as well; for a single row `VALUES`; one round trip for a whole transaction.
"""
# ruff: noqa: S608 (the names in these statements are our own)

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg

from tests.bench.group_commit import RUN_COLUMNS, STEP_COLUMNS, Item, Values

Grouped = dict[str, list[Values]]


def grouped(items: Sequence[Item]) -> Grouped:
    """Answer rows by statement: runs begin before their steps, and end after them."""
    groups: Grouped = {}
    for name, values in items:
        groups.setdefault(name, []).append(values)
    return groups


def sqlite_connection(path: Path) -> sqlite3.Connection:
    """Open a file with the durability that the engine asks for."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    return connection


class SqliteTables:
    """Runs and steps in a file, `synchronous=FULL`."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite_connection(path)
        self._connection.execute(_create("run", RUN_COLUMNS, "id", "TEXT"))
        self._connection.execute(_create("step", STEP_COLUMNS, "run_id, name", "TEXT"))
        self._statements = {
            "begin": f"INSERT INTO run VALUES ({_marks('?', len(RUN_COLUMNS))})",
            "step": f"INSERT INTO step VALUES ({_marks('?', len(STEP_COLUMNS))})",
            "end": "UPDATE run SET state = ?, result = ?, finished_at = ? WHERE id = ?",
        }

    def write(self, items: Sequence[Item]) -> None:
        """Write all in one transaction; on return it is on the disk."""
        self._connection.execute("BEGIN IMMEDIATE")
        for name, rows in grouped(items).items():
            self._connection.executemany(self._statements[name], rows)
        self._connection.execute("COMMIT")

    def moment(self, at: datetime) -> str:
        """Answer a time as text."""
        return at.isoformat(" ", "microseconds")


class RawRows:
    """Four integers a step, no runs: what the disk and sqlite3 take, promised to nobody."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite_connection(path)
        self._connection.execute(
            "CREATE TABLE step (run INT, number INT, kind INT, result INT, "
            "PRIMARY KEY (run, number))"
        )

    def write(self, items: Sequence[Item]) -> None:
        """Write all in one transaction; on return it is on the disk."""
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.executemany(
            "INSERT INTO step VALUES (?, ?, ?, ?)", [values for _, values in items]
        )
        self._connection.execute("COMMIT")


class PostgresTables:
    """Runs and steps in a database, with the server's own durability."""

    def __init__(self, url: str) -> None:
        self._connection = psycopg.connect(url, autocommit=True, prepare_threshold=0)
        self._connection.execute(_create("run", RUN_COLUMNS, "id", "timestamptz"))
        self._connection.execute(_create("step", STEP_COLUMNS, "run_id, name", "timestamptz"))
        self._one = {
            "begin": f"INSERT INTO run VALUES ({_marks('%b', len(RUN_COLUMNS))})",
            "step": f"INSERT INTO step VALUES ({_marks('%b', len(STEP_COLUMNS))})",
            "end": "UPDATE run SET state = %b, result = %b, finished_at = %b WHERE id = %b",
        }

    def write(self, items: Sequence[Item]) -> None:
        """Write all in one transaction; on return it is on the disk."""
        with self._connection.transaction(), self._connection.cursor() as cursor:
            for name, rows in grouped(items).items():
                cursor.executemany(self._one[name].encode(), rows)

    def moment(self, at: datetime) -> datetime:
        """Answer a time as it is."""
        return at


class PostgresArrays(PostgresTables):
    """The same in the fewest round trips, all rows of a statement at once."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self._many = {
            "begin": f"INSERT INTO run SELECT * FROM {_arrays(RUN_COLUMNS)}",
            "step": f"INSERT INTO step SELECT * FROM {_arrays(STEP_COLUMNS)}",
            "end": "UPDATE run SET state = new.state, result = new.result, "
            f"finished_at = new.finished_at FROM {_arrays(_END_COLUMNS)} "
            f"AS new ({', '.join(_END_COLUMNS)}) WHERE run.id = new.id",
        }

    def write(self, items: Sequence[Item]) -> None:
        """Write all in one transaction; on return it is on the disk."""
        groups = grouped(items)
        if len(groups) == 1:
            self._write(*groups.popitem())
            return
        # Its one flush is one transaction, as no statement begins another.
        with self._connection.pipeline():
            for name, rows in groups.items():
                self._write(name, rows)

    def _write(self, name: str, rows: list[Values]) -> None:
        if len(rows) == 1:
            self._connection.execute(self._one[name].encode(), rows[0])
        else:
            columns = [list(column) for column in zip(*rows, strict=True)]
            self._connection.execute(self._many[name].encode(), columns)


_END_COLUMNS = ("state", "result", "finished_at", "id")


def _create(table: str, columns: Sequence[str], key: str, moment: str) -> Any:
    typed = (f"{name} {moment if name.endswith('_at') else 'TEXT'}" for name in columns)
    return f"CREATE TABLE {table} ({', '.join(typed)}, PRIMARY KEY ({key}))"


def _marks(mark: str, number: int) -> str:
    return ", ".join([mark] * number)


def _arrays(columns: Sequence[str]) -> str:
    kinds = ("timestamptz" if name.endswith("_at") else "text" for name in columns)
    return f"unnest({', '.join(f'%b::{kind}[]' for kind in kinds)})"
