"""A PostgreSQL schema through the engine and a real psql: forwards and back."""

import pytest

from bot.engine.engine import Engine
from bot.store.database import Database
from resources.errors import NoWayBack, Refused, ScriptFailed
from resources.library import PostgresMigration, PostgresSchema
from resources.model.resource import Resource
from tests.resources.schemas import BOTH, ORDERS, USERS, Schema, paths, printed_in, reason


class Service(Resource):
    """A service whose author wrote no way back."""

    migration: PostgresMigration

    def identity(self) -> str:
        return "backend-acme"

    async def define_update(self) -> None:
        await self.do("sql-migrate", self.migration)


async def test_a_revision_brings_its_schema(engine: Engine, schema: Schema) -> None:
    assert await engine.run(schema.at("one", USERS)) == PostgresSchema(
        newest="0001_users.sql", files=1
    )
    assert schema.tables() == ["users"]

    assert await engine.run(schema.at("two", BOTH)) == PostgresSchema(
        newest="0002_orders.sql", files=2
    )
    assert schema.tables() == ["orders", "users"]
    assert schema.ask("SELECT id FROM orders") == [(1,)]


async def test_the_log_says_which_files_were_applied_and_how_long_that_took(
    engine: Engine, database: Database, schema: Schema
) -> None:
    await engine.run(schema.at("two", BOTH))
    await engine.run(schema.at("two", BOTH), force=True)

    lines = await printed_in(database)
    assert [line.partition(" in ")[0] for line in lines] == [
        "applied 0001_users.sql",
        "applied 0002_orders.sql",
        "nothing to apply",
    ]
    assert all(line.endswith(" ms") for line in lines[:2])


async def test_a_failing_file_is_told_with_its_line_and_leaves_nothing(
    engine: Engine, schema: Schema
) -> None:
    bad = "CREATE TABLE half (id int);\n\n-- a comment; with a semicolon\nDROP TABLE nowhere;"

    kind, why = await reason(engine, schema.at("bad", {**USERS, "0002_bad.sql": bad}))

    assert kind is ScriptFailed
    assert why.startswith(f"`{schema.psql} -XqAtw -v ON_ERROR_STOP=1 -f -` ended with status 3. ")
    assert why.splitlines()[2:] == [
        '0002_bad.sql, line 4: ERROR:  table "nowhere" does not exist',
        "Nothing of 0002_bad.sql was applied.",
    ]
    assert schema.tables() == ["users"]
    assert schema.applied() == ["0001_users.sql"]


async def test_a_mistake_is_shown_where_it_is_in_the_file(engine: Engine, schema: Schema) -> None:
    bad = "CREATE TABLE half (id int);\nSELECT 1,\n  nothing\nFROM half;"

    _, why = await reason(engine, schema.at("bad", {"0001_bad.sql": bad}))

    assert why.splitlines()[1:] == [
        '0001_bad.sql, line 2: ERROR:  column "nothing" does not exist',
        "LINE 3:   nothing",
        "          ^",
        "Nothing of 0001_bad.sql was applied.",
    ]


async def test_what_is_checked_at_the_end_of_a_file_undoes_all_of_it(
    engine: Engine, schema: Schema
) -> None:
    late = (
        "CREATE TABLE parents (id int PRIMARY KEY);\nCREATE TABLE children (parent int"
        " REFERENCES parents DEFERRABLE INITIALLY DEFERRED);\nINSERT INTO children VALUES (7);"
    )

    _, why = await reason(engine, schema.at("late", {"0001_late.sql": late}))

    assert "0001_late.sql, at its end: ERROR:  insert or update on table" in why
    assert schema.tables() == []
    assert schema.applied() == []


async def test_a_file_that_was_edited_after_it_was_applied_is_refused(
    engine: Engine, schema: Schema
) -> None:
    first = schema.at("one", USERS)
    await engine.run(first)
    edited = schema.at("two", {**BOTH, "0001_users.sql": "CREATE TABLE users (id bigint);"})

    plan = await engine.run(edited, "plan")
    kind, why = await reason(engine, edited)

    assert paths(plan.changes) == ["migrations/0001_users.sql", "migrations/0002_orders.sql"]
    assert kind is Refused
    assert why == (
        f"{first.identity()} is refused: 0001_users.sql was edited after it was applied "
        "(applied was sha256:c92184e2f98f, the file is sha256:91054575a106); put it back, and "
        "write a new file instead. Nothing was changed."
    )
    assert schema.tables() == ["users"]


async def test_files_must_come_last_and_may_not_be_missing(engine: Engine, schema: Schema) -> None:
    await engine.run(schema.at("one", USERS))
    schema.ask(
        "INSERT INTO orbits_migrations SELECT '0009_later.sql', checksum, NULL, false, begun_at,"
        " applied_at, took, applied_by FROM orbits_migrations"
    )

    _, why = await reason(engine, schema.at("two", BOTH))

    assert why == (
        f"{schema.identity} is refused: 0002_orders.sql comes before 0009_later.sql, which is "
        "applied already; give it a later number; 0009_later.sql is applied, but not among the "
        "files; put it back, or undo it by a rollback to this revision instead of an update. "
        "Nothing was changed."
    )


async def test_a_rollback_takes_back_what_the_revision_does_not_have(
    engine: Engine, database: Database, schema: Schema
) -> None:
    more = {"0003_more.sql": "CREATE TABLE more ();", "0003_more.down.sql": "DROP TABLE more;"}
    await engine.run(schema.at("one", USERS))
    await engine.run(schema.at("three", {**BOTH, **more}))

    await engine.run(schema.at("one", USERS), "rollback")

    assert schema.tables() == ["users"]
    assert schema.applied() == ["0001_users.sql"]
    assert [line for line in await printed_in(database) if "took back" in line] == [
        "took back 0003_more.sql",
        "took back 0002_orders.sql",
    ]


async def test_the_way_back_is_the_one_of_when_the_file_was_applied(
    engine: Engine, schema: Schema
) -> None:
    await engine.run(schema.at("one", USERS))
    await engine.run(schema.at("two", BOTH))
    # The revision that is gone back to cannot know what a later one's file undoes.
    schema.at("two", {"0002_orders.down.sql": "DROP TABLE users;"})

    await engine.run(schema.at("one", USERS), "rollback")

    assert schema.tables() == ["users"]


async def test_without_a_way_back_nothing_is_moved(engine: Engine, schema: Schema) -> None:
    more = {"0003_more.sql": "CREATE TABLE more ();", "0003_more.down.sql": "DROP TABLE more;"}
    one_way = {**USERS, "0002_orders.sql": ORDERS["0002_orders.sql"], **more}
    await engine.run(schema.at("one", USERS))
    await engine.run(schema.at("three", one_way))

    kind, why = await reason(engine, schema.at("one", USERS), "rollback")

    assert kind is NoWayBack
    assert why == (
        f"{schema.identity} cannot be rolled back: 0002_orders.sql was applied without a "
        "0002_orders.down.sql. Nothing was changed."
    )
    assert schema.tables() == ["more", "orders", "users"]


async def test_a_way_back_that_fails_leaves_its_file_applied(
    engine: Engine, schema: Schema
) -> None:
    bad = {**BOTH, "0002_orders.down.sql": "DROP TABLE orders;\nDROP TABLE nowhere;"}
    await engine.run(schema.at("one", USERS))
    await engine.run(schema.at("two", bad))

    _, why = await reason(engine, schema.at("one", USERS), "rollback")

    assert why.splitlines()[1:] == [
        "takes back 0002_orders.sql",
        'the way back: ERROR:  table "nowhere" does not exist',
    ]
    assert schema.tables() == ["orders", "users"]
    assert schema.applied() == ["0001_users.sql", "0002_orders.sql"]


async def test_two_schemas_of_one_database_know_nothing_of_each_other(
    engine: Engine, schema: Schema
) -> None:
    await engine.run(schema.at("one", USERS, db_schema="acme"))
    await engine.run(schema.at("two", BOTH, db_schema="globex"))

    query = "SELECT schemaname, tablename FROM pg_tables WHERE tablename IN ('users', 'orders')"
    assert sorted(schema.ask(query)) == [
        ("acme", "users"),
        ("globex", "orders"),
        ("globex", "users"),
    ]
    assert await engine.run(schema.at("one", USERS, db_schema="acme"), "cycle") == []


async def test_a_file_cannot_change_how_the_next_one_runs(engine: Engine, schema: Schema) -> None:
    dumped = (
        "SELECT pg_catalog.set_config('search_path', '', false);\nSET default_tablespace = '';\n"
        "CREATE TABLE public.dumped (id int);"
    )
    files = {"0001_dumped.sql": dumped, "0002_next.sql": "ALTER TABLE dumped ADD COLUMN n int;"}

    await engine.run(schema.at("one", files))

    assert schema.applied() == ["0001_dumped.sql", "0002_next.sql"]


async def test_what_psql_would_read_as_its_own_is_a_file_like_any_other(
    engine: Engine, schema: Schema
) -> None:
    text = (
        "CREATE TABLE texts (t text);\n"
        "INSERT INTO texts VALUES ('\\! echo :desired; $$ \\gexec'),"
        " (E'it\\'s; :\\'x\\''), ($a$;$a$);"
    )

    await engine.run(schema.at("one", {"0001_texts.sql": text}))

    assert schema.ask("SELECT t FROM texts") == [
        ("\\! echo :desired; $$ \\gexec",),
        ("it's; :'x'",),
        (";",),
    ]


@pytest.mark.parametrize("command", ["update", "plan", "cycle", "rollback"])
async def test_a_folder_that_is_called_otherwise_at_a_revision_loses_no_table(
    engine: Engine, schema: Schema, command: str
) -> None:
    await engine.run(schema.at("two", BOTH))
    lost = schema.home / "one" / "migrations"

    kind, why = await reason(engine, schema.at("one", USERS, directory=lost / "db"), command)

    assert kind is Refused
    assert why.startswith(f"There is no folder of migrations {lost}/db, so nobody knows which ")
    assert schema.ask("SELECT id FROM orders") == [(1,)]


async def test_a_rollback_that_leaves_nothing_needs_consent(engine: Engine, schema: Schema) -> None:
    none = schema.at("none", {})
    await engine.run(none)
    await engine.run(none, "rollback")
    await engine.run(schema.at("two", BOTH))

    kind, why = await reason(engine, none, "rollback")

    assert kind is Refused
    assert why == (
        f"{schema.identity} is not rolled back: nothing that is applied is among the files of "
        f"{schema.home}/none/migrations, so all of it would be taken back, with every row. Let "
        "`directory` name the folder as it is called at that revision, or deploy a new revision "
        "instead; where the loss is meant, say `take_back_everything=True`. Nothing was changed."
    )
    assert schema.ask("SELECT id FROM orders") == [(1,)]
    await engine.run(schema.at("none", {}, take_back_everything=True), "rollback")
    assert schema.tables() == []


async def test_an_update_that_is_part_of_a_rollback_goes_back(
    engine: Engine, schema: Schema
) -> None:
    first = Service(migration=schema.at("one", USERS))
    await engine.run(first)
    await engine.run(Service(migration=schema.at("two", BOTH)))

    await engine.run(first, "rollback")

    assert schema.tables() == ["users"]
