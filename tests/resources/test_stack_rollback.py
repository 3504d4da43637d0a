"""What becomes of a stack when a deployment fails, and when it is taken back."""

import pytest

from bot.engine.engine import Engine
from bot.store.database import Database
from resources.errors import NoWayBack, Refused, ScriptFailed, StepFailed
from resources.example import RollbackFailed
from tests.resources.agency import BAD, ORDERS, USERS, Agency, unchanged
from tests.step_logs import printed_on


async def test_a_failing_migration_puts_the_whole_stack_back(
    engine: Engine, agency: Agency, first: dict[str, str], broken: dict[str, str]
) -> None:
    await engine.run(agency.stack("acme", first))

    with pytest.raises(StepFailed) as failed:
        await engine.run(agency.stack("acme", broken))

    assert isinstance(failed.value.cause, ScriptFailed)
    assert failed.value.cause.status == 3
    assert "0002_bad.sql, line 1: no such table: nowhere" in failed.value.tail
    for service in first:
        assert agency.conf("acme", service) == "first of acme: Hello acme"
    assert agency.tables("acme") == ["users"]


async def test_a_failing_migration_does_not_touch_the_services_that_did_not_move(
    engine: Engine, agency: Agency, first: dict[str, str], broken: dict[str, str]
) -> None:
    await engine.run(agency.stack("acme", first))
    with (
        unchanged(agency.environment("acme", "auth")),
        unchanged(agency.environment("acme", "frontend")),
        pytest.raises(StepFailed),
    ):
        await engine.run(agency.stack("acme", {**first, "backend": broken["backend"]}))

    assert agency.conf("acme", "backend") == "first of acme: Hello acme"


async def test_the_stack_says_what_it_put_back(
    engine: Engine,
    database: Database,
    agency: Agency,
    first: dict[str, str],
    broken: dict[str, str],
) -> None:
    await engine.run(agency.stack("acme", first))
    with pytest.raises(StepFailed):
        await engine.run(agency.stack("acme", broken))

    said = printed_on(database).splitlines()
    assert [line for line in said if " is back at " in line] == [
        f"{service}-acme is back at {first[service][:7]}."
        for service in ("frontend", "backend", "auth")
    ]


async def test_a_first_deployment_that_fails_is_told_as_it_is(
    engine: Engine, agency: Agency, broken: dict[str, str]
) -> None:
    with pytest.raises(StepFailed) as failed:
        await engine.run(agency.stack("acme", broken))

    assert isinstance(failed.value.cause, ScriptFailed)


async def test_after_a_repair_the_stack_moves_on(
    engine: Engine, agency: Agency, first: dict[str, str], broken: dict[str, str]
) -> None:
    await engine.run(agency.stack("acme", {"backend": first["backend"]}))
    with pytest.raises(StepFailed):
        await engine.run(agency.stack("acme", {"backend": broken["backend"]}))
    repaired = agency.services["backend"].commit({**dict.fromkeys(BAD), **ORDERS})

    await engine.run(agency.stack("acme", {"backend": repaired}))

    assert agency.tables("acme") == ["orders", "users"]
    assert agency.conf("acme", "backend") == "broken of acme"


async def test_a_way_back_that_fails_as_well_is_told_with_both_reasons(
    engine: Engine, agency: Agency, first: dict[str, str]
) -> None:
    backend = agency.services["backend"]
    one_way = {"migrations/0002_orders.sql": "CREATE TABLE orders (id);"}
    bad = {"migrations/0003_bad.sql": "nonsense;"}
    await engine.run(agency.stack("acme", {"backend": first["backend"]}))

    broken = {"backend": backend.commit({**one_way, **bad})}
    with pytest.raises(StepFailed) as failed:
        await engine.run(agency.stack("acme", broken))

    assert isinstance(failed.value.cause, RollbackFailed)
    assert "stack-acme could not be deployed, and not be put back either" in failed.value.reason
    assert '0003_bad.sql, line 1: near "nonsense": syntax error' in failed.value.reason
    assert "0002_orders.sql was applied without a 0002_orders.down.sql" in failed.value.reason


async def test_a_stack_is_rolled_back_to_earlier_revisions(
    engine: Engine, agency: Agency, first: dict[str, str], second: dict[str, str]
) -> None:
    await engine.run(agency.stack("acme", first))
    await engine.run(agency.stack("acme", second))

    assert await engine.run(agency.stack("acme", first), "rollback") == first

    assert agency.tables("acme") == ["users"]
    assert agency.conf("acme", "frontend") == "first of acme: Hello acme"


async def test_a_rollback_without_a_way_for_the_schema_moves_nothing_else(
    engine: Engine, agency: Agency, first: dict[str, str]
) -> None:
    files = {"migrations/0002_orders.sql": "CREATE TABLE orders (id);", "deploy/app.conf": "2"}
    second = {"backend": agency.services["backend"].commit({**files})}
    first = {"backend": first["backend"]}
    await engine.run(agency.stack("acme", first))
    await engine.run(agency.stack("acme", second))

    with pytest.raises(StepFailed) as failed:
        await engine.run(agency.stack("acme", first), "rollback")

    assert isinstance(failed.value.cause, NoWayBack)
    assert agency.conf("acme", "backend") == "2"


async def test_a_folder_of_migrations_that_was_renamed_loses_no_table(
    engine: Engine, agency: Agency, first: dict[str, str]
) -> None:
    renamed = {path.replace("migrations/", "db/"): text for path, text in USERS.items()}
    files = {**dict.fromkeys(USERS), **renamed, "deploy/app.conf": "2"}
    second = {"backend": agency.services["backend"].commit({**files})}
    first = {"backend": first["backend"]}
    await engine.run(agency.stack("acme", first))

    with pytest.raises(StepFailed) as failed:
        await engine.run(agency.stack("acme", second))

    assert isinstance(failed.value.cause, Refused)
    assert "There is no folder of migrations " in failed.value.reason
    assert failed.value.rolled_back
    assert agency.tables("acme") == ["users"]
    assert agency.conf("acme", "backend") == "first of acme: Hello acme"
