"""Files that are no transaction, since what stands in them may not be in one."""

from bot.engine.engine import Engine
from tests.resources.schemas import USERS, Schema, critical, reason

BEFORE = "what stands before that line is done, and the next time all of it runs again."


async def test_an_index_is_built_beside_the_traffic(engine: Engine, schema: Schema) -> None:
    index = {
        "0002_index.sql": (
            "-- orbits:no-transaction\nDROP INDEX CONCURRENTLY IF EXISTS by_name;\n"
            "CREATE INDEX CONCURRENTLY by_name ON users (name);"
        ),
        "0002_index.down.sql": "-- orbits:no-transaction\nDROP INDEX CONCURRENTLY by_name;",
    }
    valid = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('by_name')"
    await engine.run(schema.at("one", USERS))

    await engine.run(schema.at("two", {**USERS, **index}))
    assert schema.ask(valid) == [(True,)]

    await engine.run(schema.at("one", USERS), "rollback")
    assert schema.ask(valid) == []
    assert await engine.run(schema.at("one", USERS), "cycle") == []


async def test_a_file_outside_a_transaction_says_what_it_left_and_runs_again(
    engine: Engine, schema: Schema
) -> None:
    file = "0001_many.sql"
    half = "-- orbits:no-transaction\nCREATE TABLE IF NOT EXISTS many ();\n\nDROP TABLE nowhere;"

    _, why = await reason(engine, schema.at("one", {file: half}))

    assert why.splitlines()[1:] == [
        f'{file}, line 4: ERROR:  table "nowhere" does not exist',
        f"{file} is no transaction: {BEFORE}",
    ]
    assert schema.tables() == ["many"]
    assert await engine.run(schema.at("one", {}), "cycle") == [
        critical(f"migrations/{file}", "applied", "begun")
    ]

    mended = half.replace("DROP TABLE nowhere", "CREATE TABLE nowhere ()")
    await engine.run(schema.at("one", {file: mended}))
    assert schema.applied() == [file]
