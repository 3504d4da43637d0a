"""Days on which a migration is killed, meets another one, or cannot connect."""

import asyncio
import shutil
import signal
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from bot.engine.engine import Engine
from bot.store.database import Database
from resources.errors import ScriptFailed, StepFailed
from resources.library import PostgresConnection
from resources.secrets import Secret
from tests.resources.schemas import PASSWORD, SOON, USERS, Schema, printed_in

GATE = {**USERS, "0002_gate.sql": "CREATE TABLE gate ();"}
WAITS = "CREATE TABLE after_gate ();\nLOCK TABLE gate;"
LONG = {**GATE, "0003_long.sql": WAITS, "0003_long.down.sql": "DROP TABLE after_gate;"}


@pytest.fixture
async def other_database(tmp_path: Path, migrated_file: Path) -> AsyncIterator[Database]:
    """The store of another bot, which knows nothing of the first one."""
    shutil.copy(migrated_file, tmp_path / "other.db")
    async with Database(f"sqlite:///{tmp_path / 'other.db'}") as database:
        yield database


@pytest.fixture
async def other_engine(other_database: Database) -> AsyncIterator[Engine]:
    async with Engine(other_database) as engine:
        yield engine


def closed_gate(schema: Schema) -> "psycopg.Connection[tuple[object, ...]]":
    """Keep files from going past `LOCK TABLE gate` until the connection is closed."""
    connection = psycopg.connect(schema.url)
    connection.execute("LOCK TABLE gate")
    return connection


async def test_killed_in_the_middle_of_a_file_it_is_run_again_and_applied_once(
    engine: Engine, schema: Schema
) -> None:
    await engine.run(schema.at("one", GATE))
    psql = schema.recording_psql()
    migration = schema.at("two", LONG, psql=str(psql.path), lock_timeout=timedelta(minutes=5))
    with closed_gate(schema):
        running = asyncio.create_task(engine.run(migration))
        await schema.until_it_waits_at("LOCK TABLE gate")
        psql.kill()
        with pytest.raises(StepFailed, match=signal.SIGKILL.name):
            await running

        # The server notices that nobody listens, while the gate is still closed.
        await schema.until(
            "SELECT NOT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted AND"
            " database = (SELECT oid FROM pg_database WHERE datname = current_database()))"
        )
        assert schema.applied() == ["0001_users.sql", "0002_gate.sql"]
        assert schema.tables() == ["gate", "users"]

    await engine.run(migration)

    assert schema.applied() == ["0001_users.sql", "0002_gate.sql", "0003_long.sql"]
    assert schema.tables() == ["after_gate", "gate", "users"]
    assert schema.locks() == 0
    assert await engine.run(migration, "cycle") == []


@pytest.mark.thorough
@pytest.mark.parametrize("at", range(8))
async def test_killed_anywhere_every_file_is_applied_once(
    engine: Engine, schema: Schema, at: int
) -> None:
    files = {"0001_done.sql": "CREATE TABLE done (n int);"} | {
        f"000{n}_do.sql": f"INSERT INTO done VALUES ({n}); SELECT pg_sleep(0.02);"  # noqa: S608
        for n in range(2, 9)
    }
    psql = schema.recording_psql()
    migration = schema.at("one", files, psql=str(psql.path))
    running = asyncio.create_task(engine.run(migration))
    await schema.until("SELECT to_regclass('orbits_schema') IS NOT NULL")
    await schema.until("SELECT count(*) >= %s FROM orbits_migrations", at)
    with suppress(ProcessLookupError):
        psql.kill()
    await asyncio.wait([running])
    if running.exception() is not None:
        await engine.run(migration)

    assert schema.ask("SELECT n FROM done ORDER BY n") == [(n,) for n in range(2, 9)]
    assert schema.applied() == sorted(files)
    assert await engine.run(migration, "cycle") == []


async def test_cut_off_outside_a_transaction_the_index_is_built_anew(
    engine: Engine, schema: Schema
) -> None:
    index = {
        **USERS,
        "0002_index.sql": (
            "-- orbits:no-transaction\nDROP INDEX CONCURRENTLY IF EXISTS by_name;\n"
            "CREATE INDEX CONCURRENTLY by_name ON users (name);"
        ),
    }
    await engine.run(schema.at("one", USERS))
    psql = schema.recording_psql()
    migration = schema.at("two", index, psql=str(psql.path))
    with psycopg.connect(schema.url) as writer:
        writer.execute("INSERT INTO users VALUES (1, 'maya')")
        running = asyncio.create_task(engine.run(migration))
        await schema.until_it_waits_at("CREATE INDEX CONCURRENTLY")
        psql.kill()
        with pytest.raises(StepFailed):
            await running
    assert schema.applied() == ["0001_users.sql"]

    await engine.run(migration)

    valid = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('by_name')"
    assert schema.ask(valid) == [(True,)]
    assert schema.applied() == ["0001_users.sql", "0002_index.sql"]


async def test_the_second_of_two_waits_and_says_for_whom(
    engine: Engine, other_engine: Engine, other_database: Database, schema: Schema
) -> None:
    await engine.run(schema.at("one", GATE))
    migration = schema.at("two", LONG)
    with closed_gate(schema):
        first = asyncio.create_task(engine.run(migration))
        await schema.until_it_waits_at("LOCK TABLE gate")
        ((holder, pid),) = schema.ask(
            "SELECT application_name, pid FROM pg_stat_activity JOIN pg_locks USING (pid)"
            " WHERE locktype = 'advisory' AND granted AND datname = current_database()"
        )
        second = asyncio.create_task(other_engine.run(migration))
        await schema.until(
            "SELECT count(*) = 2 FROM pg_stat_activity WHERE datname = current_database()"
            " AND application_name LIKE 'orbits %'"
        )
    async with asyncio.timeout(SOON):
        await asyncio.gather(first, second)

    waited, then = await printed_in(other_database)
    assert waited.startswith(f"waits for `{holder}` (process {pid} of the server, connected since ")
    assert waited.endswith(" UTC), which migrates this schema")
    assert then == "nothing to apply"
    assert schema.applied() == ["0001_users.sql", "0002_gate.sql", "0003_long.sql"]


async def test_who_waits_keeps_no_index_from_being_built(
    engine: Engine, other_engine: Engine, schema: Schema
) -> None:
    index = "-- orbits:no-transaction\nCREATE INDEX CONCURRENTLY by_name ON users (name);"
    migration = schema.at("two", {**USERS, "0002_index.sql": index})
    await engine.run(schema.at("one", USERS))
    with psycopg.connect(schema.url) as writer:
        writer.execute("INSERT INTO users VALUES (1, 'maya')")
        first = asyncio.create_task(engine.run(migration))
        await schema.until_it_waits_at("CREATE INDEX CONCURRENTLY")
        second = asyncio.create_task(other_engine.run(migration))
        await schema.until_it_waits_at("DO ")

    async with asyncio.timeout(SOON):
        await asyncio.gather(first, second)

    assert schema.applied() == ["0001_users.sql", "0002_index.sql"]


async def test_a_table_that_is_in_use_is_not_waited_for_long(
    engine: Engine, schema: Schema
) -> None:
    await engine.run(schema.at("one", GATE))
    with closed_gate(schema), pytest.raises(StepFailed) as failed:
        await engine.run(schema.at("two", LONG, lock_timeout=timedelta(milliseconds=50)))

    assert failed.value.reason.splitlines()[1:] == [
        "0003_long.sql, line 2: ERROR:  canceling statement due to lock timeout",
        "Nothing of 0003_long.sql was applied.",
    ]


async def test_a_password_goes_by_the_environment_and_nowhere_else(
    database: Database, schema: Schema
) -> None:
    psql = schema.recording_psql()
    bad = {**USERS, "0002_bad.sql": "SELECT nothing;"}
    connection = schema.connection(password=PASSWORD)
    secrets = schema.secrets()
    value = await secrets.reveal(Secret(reference=PASSWORD))
    async with Engine(database, given=[secrets]) as engine:
        with pytest.raises(StepFailed) as failed:
            await engine.run(schema.at("one", bad, connection=connection, psql=str(psql.path)))

    assert f"PGPASSWORD={value}\n" in psql.environment
    assert "PGAPPNAME=orbits " in psql.environment
    assert value not in psql.argv
    assert value not in str(failed.value)
    assert value not in "\n".join(await printed_in(database))


async def test_a_database_that_does_not_answer_is_named(engine: Engine, schema: Schema) -> None:
    nowhere = PostgresConnection(host=str(schema.home), database="acme", user="nobody")

    with pytest.raises(StepFailed) as failed:
        await engine.run(schema.at("one", USERS, connection=nowhere))

    assert isinstance(failed.value.cause, ScriptFailed)
    assert failed.value.cause.status == 2
    assert f'connection to server on socket "{schema.home}/.s.PGSQL.5432" failed' in str(
        failed.value
    )


async def test_a_service_file_says_where_the_database_is(engine: Engine, schema: Schema) -> None:
    known = schema.connection()
    file = schema.home / "services.conf"
    file.write_text(
        f"[acme]\nhost={known.host}\nport={known.port}\ndbname={known.database}\n"
        f"user={known.user}\n"
    )
    connection = PostgresConnection(service="acme", service_file=str(file))

    await engine.run(schema.at("one", USERS, connection=connection))

    assert schema.tables() == ["users"]
    assert connection.name == "service:acme"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, "a connection names either a host or a service"),
        ({"host": "h", "service": "s"}, "a connection names either a host or a service"),
        ({"host": "h"}, "a connection to a host names the database and the user"),
    ],
)
def test_a_connection_leads_to_one_database(given: dict[str, str], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        PostgresConnection.model_validate(given)
