"""A PostgreSQL schema that is planned, looked at, and taken away."""

from bot.engine.engine import Engine
from resources.errors import Refused
from tests.resources.schemas import BOTH, USERS, Schema, critical, paths, reason

ONE = (
    "CREATE OR REPLACE FUNCTION public.one()\n RETURNS integer\n LANGUAGE sql\n"
    "AS $function$ SELECT 1; $function$\n"
)


async def test_a_plan_names_the_files_to_come_and_whether_data_is_lost(
    engine: Engine, schema: Schema
) -> None:
    first = await engine.run(schema.at("two", BOTH), "plan")
    assert paths(first.changes) == ["migrations/0001_users.sql", "migrations/0002_orders.sql"]
    await engine.run(schema.at("one", USERS))

    plan = await engine.run(schema.at("two", BOTH), "plan")
    assert plan.changes == (critical("migrations/0002_orders.sql", "applied", None),)
    assert not plan.destructive

    loss = {**BOTH, "0003_loss.sql": "ALTER TABLE users\n  DROP name;"}
    assert (await engine.run(schema.at("three", loss), "plan")).destructive


CHANGES_BY_HAND: dict[str, dict[str, tuple[str | None, str | None]]] = {
    "ALTER TABLE users ADD COLUMN admin boolean": {"column users.admin": (None, "boolean")},
    "ALTER TABLE users ALTER name SET NOT NULL": {"column users.name": ("text", "text not null")},
    "CREATE INDEX quick ON users (name)": {
        "index quick": (None, "CREATE INDEX quick ON public.users USING btree (name)")
    },
    "ALTER TABLE users ADD CONSTRAINT named CHECK (name <> '')": {
        "constraint users.named": (None, "CHECK ((name <> ''::text))")
    },
    "CREATE OR REPLACE VIEW people AS SELECT id FROM users WHERE id > 0": {
        "view people": (
            " SELECT id\n   FROM public.users;",
            " SELECT id\n   FROM public.users\n  WHERE (id > 0);",
        )
    },
    "DROP FUNCTION one()": {"function one()": (ONE, None)},
}


async def test_what_was_changed_by_hand_is_found(engine: Engine, schema: Schema) -> None:
    files = {
        **USERS,
        "0002_people.sql": (
            "CREATE VIEW people AS SELECT id FROM users;\n"
            "CREATE FUNCTION one() RETURNS int LANGUAGE sql AS $$ SELECT 1; $$;"
        ),
    }
    await engine.run(schema.at("one", files))
    assert await engine.run(schema.at("one", files), "cycle") == []

    for statement in CHANGES_BY_HAND:
        schema.ask(statement)

    expected = {name: sides for each in CHANGES_BY_HAND.values() for name, sides in each.items()}
    assert await engine.run(schema.at("one", files), "cycle") == [
        critical(f"schema/{name}", *expected[name]) for name in sorted(expected)
    ]


async def test_partitions_that_an_application_makes_are_no_drift(
    engine: Engine, schema: Schema
) -> None:
    events = "CREATE TABLE events (at date PRIMARY KEY) PARTITION BY RANGE (at);"
    migration = schema.at("one", {"0001_events.sql": events})
    await engine.run(migration)

    schema.ask(
        "CREATE TABLE events_may PARTITION OF events FOR VALUES FROM ('2026-05-01') TO"
        " ('2026-06-01')"
    )

    assert await engine.run(migration, "cycle") == []


async def test_files_that_were_edited_taken_away_or_not_applied_are_found(
    engine: Engine, schema: Schema
) -> None:
    await engine.run(schema.at("two", BOTH))
    other = {"0001_users.sql": "SELECT 1;", "0002_other.sql": "SELECT 2;"}

    found = await engine.run(schema.at("other", other), "cycle")

    assert paths(found) == [
        "migrations/0001_users.sql",
        "migrations/0002_orders.sql",
        "migrations/0002_other.sql",
    ]
    assert [str(each.observed)[:7] for each in found] == ["sha256:", "applied", "None"]


async def test_a_database_that_was_emptied_is_found(engine: Engine, schema: Schema) -> None:
    await engine.run(schema.at("one", USERS))
    schema.ask("DROP SCHEMA public CASCADE")
    schema.ask("CREATE SCHEMA public")

    assert await engine.run(schema.at("one", USERS), "cycle") == [
        critical("migrations/0001_users.sql", "applied", None)
    ]


async def test_an_uninstall_needs_consent(engine: Engine, schema: Schema) -> None:
    await engine.run(schema.at("one", USERS))

    kind, why = await reason(engine, schema.at("one", USERS), "uninstall")

    assert kind is Refused
    assert why == (
        f"{schema.identity} is not dropped: all its data would be lost. Say "
        "`drop_on_uninstall=True` where that is meant. Nothing was changed."
    )
    await engine.run(schema.at("one", USERS, drop_on_uninstall=True), "uninstall")
    assert schema.tables() == []
