"""A script names the line that failed: the checks on the merge say so beside that line."""

import sqlite3
from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest

from bot.demo.changes import ONE_ACCOUNT_PER_EMAIL, REMEMBER_PHONE, ProposedChange
from bot.simulated.github import CheckRun
from tests.stories.conftest import NewWorld
from tests.stories.world import OF_TENANT, Merge, World

BAD = ProposedChange(
    "Count orders", {"migrations/0002_orders.sql": "\nALTER TABLE nowhere ADD COLUMN x;\n"}
)
HARMLESS = {"src/app.py": "VERSION = 2\n"}
A_LITTLE_LATER = timedelta(seconds=31)


def said(title: str, **changed: Any) -> dict[str, Any]:
    """What GitHub has been told of the line of `BAD` that fails everywhere."""
    return {
        "path": "migrations/0002_orders.sql",
        "start_line": 2,
        "end_line": 2,
        "annotation_level": "failure",
        "message": "no such table: nowhere",
        "title": title,
        **changed,
    }


def tenant_check(world: World, merge: Merge, tenant: str) -> CheckRun:
    runs = [run for suite in world.backend.suites_of(merge.sha) for run in suite.runs]
    (check,) = [run for run in runs if run.name == f"{OF_TENANT}{tenant}"]
    return check


def says(world: World, merge: Merge, title: str) -> bool:
    """Answer whether the check of a merge has this title, if there is one by now."""
    checks = [check for check in world.checks(merge.sha) if check.name == "orbits/deploy"]
    return [check.title for check in checks] == [title]


def makes_by_hand(world: World, statement: str) -> None:
    """Let somebody change acme's database."""
    with closing(sqlite3.connect(world._database_of("acme"))) as connection, connection:
        connection.execute(statement)


async def test_a_migration_that_fails_is_marked_on_its_line(new_world: NewWorld) -> None:
    world = await new_world(("acme", "initech"))
    await world.merges(REMEMBER_PHONE)
    await world.settles()
    await world.agency.import_customers_twice()

    merge = await world.merges(ONE_ACCOUNT_PER_EMAIL)
    await world.settles()

    on_the_line = said(
        "initech",
        path="migrations/0003_unique_email.sql",
        message="UNIQUE constraint failed: customers.email",
    )
    assert world.check(merge.sha).annotations == [on_the_line]
    assert tenant_check(world, merge, "initech").annotations == [on_the_line]
    assert tenant_check(world, merge, "acme").annotations == []


async def test_a_line_that_failed_for_all_is_marked_once_for_all(world: World) -> None:
    merge = await world.merges(BAD)
    await world.settles()

    assert world.check(merge.sha).annotations == [said("acme, globex")]
    for tenant in ("acme", "globex"):
        assert tenant_check(world, merge, tenant).annotations == [said(tenant)]


@pytest.mark.thorough
async def test_no_line_is_marked_before_the_check_is_complete(world: World) -> None:
    await world.merges(HARMLESS)
    await world.settles()
    with world.busy("acme"):
        merge = await world.merges(BAD)
        await world.until(
            lambda _: says(world, merge, "0 of 2 tenants updated, 1 failed, 1 running")
        )
        await world.until(lambda _: world.tenant_checks(merge.sha).get("globex") == "failure")
        assert tenant_check(world, merge, "globex").annotations == [said("globex")]
        assert world.check(merge.sha).annotations == []
    await world.settles()

    assert world.check(merge.sha).annotations == [said("acme, globex")]


@pytest.mark.thorough
async def test_what_fails_again_is_not_marked_again(world: World) -> None:
    merge = await world.merges(BAD)
    await world.settles()

    await world.types(merge.pull, "/orbits retry acme")

    assert world.times_done("sql-migrate", of="backend-acme") == 2
    assert world.check(merge.sha).annotations == [said("acme, globex")]
    assert tenant_check(world, merge, "acme").annotations == [said("acme")]


@pytest.mark.thorough
async def test_what_fails_in_another_way_is_marked_as_well(new_world: NewWorld) -> None:
    world = await new_world(("acme",))
    merge = await world.merges(BAD)
    await world.settles()
    makes_by_hand(world, "CREATE TABLE nowhere (x)")

    await world.types(merge.pull, "/orbits retry acme")

    again = said("acme", message="duplicate column name: x")
    assert world.check(merge.sha).annotations == [said("acme"), again]


@pytest.mark.thorough
async def test_a_mark_stays_where_the_next_try_works_as_github_takes_none_away(
    new_world: NewWorld,
) -> None:
    world = await new_world(("acme",))
    merge = await world.merges(BAD)
    await world.settles()
    makes_by_hand(world, "CREATE TABLE nowhere (id)")

    await world.types(merge.pull, "/orbits retry acme")

    check = world.check(merge.sha)
    assert (check.conclusion, check.annotations) == ("success", [said("acme")])


@pytest.mark.thorough
async def test_a_mark_whose_answer_was_lost_is_not_made_twice(new_world: NewWorld) -> None:
    world = await new_world(("acme",))
    await world.merges(HARMLESS)
    await world.settles()
    with world.busy("acme"):
        merge = await world.merges(BAD)
        await world.until(lambda _: says(world, merge, "0 of 1 tenant updated, 1 running"))
        world.github.outages.lose_answer("PATCH", "/check-runs", times=2)
    await world.settles()

    await world.passes(A_LITTLE_LATER)

    assert world.check(merge.sha).conclusion == "failure"
    assert world.check(merge.sha).annotations == [said("acme")]
    assert tenant_check(world, merge, "acme").annotations == [said("acme")]


@pytest.mark.thorough
async def test_where_the_commit_cannot_be_asked_the_path_stays_as_it_was_printed(
    new_world: NewWorld,
) -> None:
    world = await new_world(("acme",))
    await world.merges(HARMLESS)
    await world.settles()
    with world.busy("acme"):
        merge = await world.merges(BAD)
        await world.until(lambda _: says(world, merge, "0 of 1 tenant updated, 1 running"))
        world.github.outages.fail("GET", f"/commits/{merge.sha}$", status=404, times=None)
    await world.settles()

    assert world.check(merge.sha).conclusion == "failure"
    assert world.check(merge.sha).annotations == [said("acme", path="0002_orders.sql")]
