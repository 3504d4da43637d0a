"""Many tenants at once: what they share, and how one fails alone."""

import asyncio
import sqlite3
from contextlib import closing

import pytest

from bot.engine.engine import Engine
from bot.engine.happenings import Happening, RunBegan
from bot.store.database import Database
from resources.errors import StepFailed
from resources.example import Tenants, TenantsFailed
from tests.resources.agency import Agency
from tests.resources.scripts import files_in


async def test_six_tenants_are_done_and_one_fails_alone(
    engine: Engine, agency: Agency, first: dict[str, str], second: dict[str, str]
) -> None:
    names = ("acme", "globex", "initech", "umbrella", "hooli", "stark")
    tenants = {name: agency.stack(name, second) for name in names}
    await engine.run(agency.stack("initech", first))
    database = agency.environment("initech", "backend") / "database.sqlite3"
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("CREATE TABLE orders (theirs)")

    with pytest.raises(StepFailed) as failed:
        await engine.run(
            Tenants(
                rollout="7f3c",
                stacks=tuple(tenants.values()),
                notifications=agency.home / "notifications.jsonl",
            )
        )

    others = [name for name in names if name != "initech"]
    assert isinstance(failed.value.cause, TenantsFailed)
    assert failed.value.reason.startswith("1 of 6 tenants failed, the others were updated.\n")
    assert "initech: " in failed.value.reason
    assert "table orders already exists" in failed.value.reason
    assert failed.value.cause.facts["updated"] == others
    assert {agency.conf(name, "backend") for name in others} == {
        f"second of {name}" for name in others
    }
    assert agency.conf("initech", "backend") == "first of initech: Hello initech"
    assert agency.notifications() == [
        {
            "key": "rollout-7f3c",
            "text": "5 of 6 tenants updated, initech failed",
            "updated": others,
            "failed": ["initech"],
        }
    ]


async def test_many_tenants_share_one_repository_and_one_checkout(
    database: Database, agency: Agency, first: dict[str, str]
) -> None:
    heard: list[Happening] = []
    revisions = {"auth": first["auth"]}
    tenants = tuple(agency.stack(name, revisions) for name in ("acme", "globex", "initech"))
    rollout = Tenants(rollout="1", stacks=tenants, notifications=agency.home / "n.jsonl")

    async with Engine(database, listeners=[heard.append]) as engine:
        done = await engine.run(rollout)

    assert done == dict.fromkeys(("acme", "globex", "initech"), revisions)
    begun = [each.identity for each in heard if isinstance(each, RunBegan)]
    assert begun.count("git-auth") == 1
    assert begun.count(f"source-{agency.services['auth'].address}@{first['auth']}") == 1
    assert begun.count("account-globex") == 1


async def test_a_rollout_that_was_cut_off_goes_on_and_is_told_once(
    database: Database, agency: Agency, first: dict[str, str]
) -> None:
    stacks = tuple(agency.stack(name, first) for name in ("acme", "globex", "initech"))
    file = agency.home / "notifications.jsonl"
    migrating = asyncio.Event()

    def listen(happening: Happening) -> None:
        if isinstance(happening, RunBegan) and happening.identity.startswith("migrations-"):
            migrating.set()

    async with Engine(database, listeners=[listen]) as engine:
        run_id = await engine.submit(Tenants(rollout="1", stacks=stacks, notifications=file))
        await migrating.wait()
    assert "notifications.jsonl" not in files_in(agency.home)

    async with Engine(database) as engine:
        outcome = await engine.outcome(run_id)

    assert outcome.failure is None
    assert [told["text"] for told in agency.notifications()] == ["3 of 3 tenants updated"]
    assert agency.tables("globex") == ["users"]
