"""What is written by a prepared statement is what was given, however many rows go in one call."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from importlib import import_module
from typing import Any

import pytest
from sqlalchemy import bindparam, update
from sqlmodel import Session, col, select

from bot.states import State
from bot.store.database import Database
from bot.store.prepared import Prepared
from bot.store.tables import Delivery, Run, Step, Tenant
from tests.store.test_writer import NOW

COUNTS = (1, 2, 100)


def step(number: int, **more: Any) -> dict[str, Any]:
    values = {"run_id": f"run-{number}", "name": "do 'it' \\ \"now\"\n%s ü", "kind": "function"}
    times = {"started_at": NOW + timedelta(microseconds=number), "finished_at": None}
    outcome = {"state": State.SUCCEEDED, "result": '{"a": "\\u0000"}', "failure": None}
    return values | times | outcome | {"fingerprint": ""} | more


def upsert_steps(database: Database) -> Prepared:
    dialect = database.engine.dialect
    insert = import_module(f"sqlalchemy.dialects.{dialect.name}").insert(Step)
    changed = {name: insert.excluded[name] for name in ("state", "result", "finished_at")}
    upsert = insert.on_conflict_do_update(index_elements=["run_id", "name"], set_=changed)
    return Prepared(upsert, dialect, list(Step.model_fields))


async def execute(database: Database, statement: Prepared, rows: Sequence[dict[str, Any]]) -> None:
    await database.write(lambda session: statement.execute(session.connection(), rows))


async def steps(database: Database) -> list[dict[str, Any]]:
    def read(session: Session) -> list[dict[str, Any]]:
        found = session.exec(select(Step).order_by(col(Step.started_at))).all()
        return [{name: getattr(row, name) for name in Step.model_fields} for row in found]

    return await database.read(read)


@pytest.mark.parametrize("count", COUNTS)
async def test_rows_come_back_as_they_were_given(database: Database, count: int) -> None:
    given = [step(number) for number in range(count)]
    await execute(database, upsert_steps(database), given)
    assert await steps(database) == given
    await execute(database, upsert_steps(database), [])
    changed = [row | {"result": None, "state": State.FAILED, "finished_at": NOW} for row in given]
    await execute(database, upsert_steps(database), changed)
    assert await steps(database) == changed


async def test_of_two_rows_with_one_key_the_later_one_stands(database: Database) -> None:
    rows = [step(1, state=State.RUNNING), step(2), step(1, state=State.FAILED)]
    await execute(database, upsert_steps(database), rows)
    assert [row["state"] for row in await steps(database)] == [State.FAILED, State.SUCCEEDED]


async def test_a_time_of_another_zone_is_the_same_time(database: Database) -> None:
    there = datetime(2026, 3, 29, 4, 0, tzinfo=timezone(timedelta(hours=-2, minutes=-30)))
    rows = [step(number, started_at=there) for number in range(2)]
    await execute(database, upsert_steps(database), rows)
    found = await steps(database)
    assert {row["started_at"] for row in found} == {datetime(2026, 3, 29, 6, 30, tzinfo=UTC)}
    assert {row["started_at"].tzinfo for row in found} == {UTC}


@pytest.mark.parametrize("count", COUNTS)
async def test_numbers_and_truth_are_kept(database: Database, count: int) -> None:
    insert = Prepared(Run.__table__.insert(), database.engine.dialect, list(Run.model_fields))  # type: ignore[attr-defined]
    texts = {"identity": "i", "command": "c", "kind": "k", "arguments": "{}", "fingerprint": ""}
    common = dict.fromkeys(Run.model_fields) | texts | {"state": State.FAILED}
    given = [
        common
        | {"id": f"{n:03}", "root_id": f"{n:03}", "created_at": NOW, "token": n}
        | {name: n % 2 == 0 for name in Run.model_fields if is_truth(name)}
        | {name: 2**31 - 1 - n for name in Run.model_fields if is_number(name)}
        for n in range(count)
    ]
    await execute(database, insert, given)

    def read(session: Session) -> list[dict[str, Any]]:
        found = session.exec(select(Run).order_by(col(Run.id))).all()
        return [{name: getattr(row, name) for name in Run.model_fields} for row in found]

    assert await database.read(read) == given


@pytest.mark.parametrize("count", COUNTS)
async def test_an_update_takes_many_rows(database: Database, count: int) -> None:
    await execute(database, upsert_steps(database), [step(number) for number in range(count)])
    statement = update(Step).where(col(Step.run_id) == bindparam("run"))
    end = Prepared(statement.values(failure=bindparam("why")), database.engine.dialect, [])
    await execute(database, end, [{"run": f"run-{n}", "why": f"{n}"} for n in range(count)])
    assert [row["failure"] for row in await steps(database)] == [f"{n}" for n in range(count)]


@pytest.mark.parametrize("count", COUNTS)
async def test_bytes_are_kept(database: Database, count: int) -> None:
    insert = Prepared(
        Delivery.__table__.insert(),  # type: ignore[attr-defined]
        database.engine.dialect,
        ["guid", "event", "payload", "state", "attempts", "received_at"],
    )
    values = {"event": "push", "state": State.QUEUED, "attempts": 0, "received_at": NOW}
    given = [values | {"guid": f"{n}", "payload": bytes([0, 255, n])} for n in range(count)]
    await execute(database, insert, given)
    payloads = await database.read(lambda session: session.exec(select(Delivery.payload)).all())
    assert set(payloads) == {row["payload"] for row in given}


def is_truth(name: str) -> bool:
    return Run.model_fields[name].annotation is bool


def is_number(name: str) -> bool:
    return Run.model_fields[name].annotation is int and name != "token"


async def test_json_columns_are_the_same_on_each_kind(database: Database) -> None:
    tenant = Tenant(name="acme", tags=["a", "ü"], variables={"deep": {"n": 1.5}}, created_at=NOW)
    await database.write(lambda session: session.add(tenant))
    found = await database.read(lambda session: session.get_one(Tenant, "acme"))
    assert (found.tags, found.services, found.variables) == (["a", "ü"], [], {"deep": {"n": 1.5}})
