"""A tenant's stack, with real repositories, databases and processes."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from pydantic import ValidationError

from bot.engine.engine import Engine
from resources.example import MyStack, stacks
from resources.fleet import Desired
from tests.resources.agency import Agency, unchanged


async def test_a_stack_is_brought_to_its_revisions(
    engine: Engine, agency: Agency, first: dict[str, str]
) -> None:
    assert await engine.run(agency.stack("acme", first)) == first

    for service in first:
        assert agency.conf("acme", service) == "first of acme: Hello acme"
    assert agency.tables("acme") == ["users"]
    assert sorted(os.listdir(agency.home / "repositories")) == [  # noqa: PTH208
        "auth.git",
        "backend.git",
        "frontend.git",
    ]


async def test_a_stack_moves_to_new_revisions(
    engine: Engine, agency: Agency, first: dict[str, str], second: dict[str, str]
) -> None:
    await engine.run(agency.stack("acme", first))
    with unchanged(agency.environment("acme", "auth")):
        assert await engine.run(agency.stack("acme", second)) == second

    assert agency.conf("acme", "backend") == "second of acme"
    assert agency.tables("acme") == ["orders", "users"]


async def test_what_is_up_to_date_is_left_alone(
    engine: Engine, agency: Agency, first: dict[str, str]
) -> None:
    await engine.run(agency.stack("acme", first))

    with unchanged(agency.home):
        assert await engine.run(agency.stack("acme", first)) == first


async def test_a_service_without_a_revision_is_left_out(
    engine: Engine, agency: Agency, first: dict[str, str]
) -> None:
    revisions = {"auth": first["auth"]}

    assert await engine.run(agency.stack("acme", revisions)) == revisions

    assert not agency.environment("acme", "backend").exists()


async def test_each_deployment_of_the_frontend_clears_its_cache(
    engine: Engine, agency: Agency, first: dict[str, str], second: dict[str, str]
) -> None:
    await engine.run(agency.stack("acme", {"frontend": first["frontend"]}))

    for revisions in (second, first, second):
        agency.cdn("acme").put("/index.html", b"old")
        await engine.run(agency.stack("acme", {"frontend": revisions["frontend"]}))
        assert agency.cdn("acme").objects() == []


async def test_a_plan_says_what_a_deployment_would_change(
    engine: Engine, agency: Agency, first: dict[str, str], second: dict[str, str]
) -> None:
    await engine.run(agency.stack("acme", first))

    with unchanged(agency.home / "accounts"):
        plan = await engine.run(agency.stack("acme", second), "plan")

    assert [change.path for change in plan.changes] == [
        "backend/files/app.conf",
        "backend/migrations/0002_orders.sql",
        "frontend/files/app.conf",
    ]
    assert not plan.destructive


async def test_a_tenant_that_does_not_exist_yet_is_planned_in_full(
    engine: Engine, agency: Agency, first: dict[str, str]
) -> None:
    plan = await engine.run(agency.stack("acme", first), "plan")

    assert [change.path for change in plan.changes] == [
        "auth/files/app.conf",
        "backend/files/app.conf",
        "backend/migrations/0001_users.sql",
        "frontend/files/app.conf",
    ]
    assert not (agency.home / "accounts").exists()


async def test_what_was_changed_by_hand_is_found(
    engine: Engine, agency: Agency, first: dict[str, str]
) -> None:
    stack = agency.stack("acme", first)
    await engine.run(stack)
    assert await engine.run(stack, "cycle") == []

    backend = agency.environment("acme", "backend")
    (backend / "app.conf").write_text("by hand")
    with closing(sqlite3.connect(backend / "database.sqlite3")) as connection, connection:
        connection.execute("CREATE TABLE byhand (id)")
    repository = agency.home / "repositories" / "frontend.git" / "config"
    repository.write_text(repository.read_text().replace("denyNonFastForwards = true", ""))

    assert {found.path for found in await engine.run(stack, "cycle")} == {
        "backend/files/app.conf",
        "backend/schema/table byhand",
        "frontend/git/receive.denyNonFastForwards",
    }


def test_a_revision_of_an_unknown_service_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="billing is no service of this stack"):
        MyStack(tenant="acme", revisions={"billing": "0" * 40}, home=tmp_path, sources={})


def test_a_revision_without_a_source_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="auth has a revision, and no source"):
        MyStack(tenant="acme", revisions={"auth": "0" * 40}, home=tmp_path, sources={})


def test_the_default_fleet_keeps_everything_in_one_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    agency = stacks()

    assert [(each.name, each.repository) for each in agency.services] == [
        ("auth", "agency/auth"),
        ("backend", "agency/backend"),
        ("frontend", "agency/frontend"),
    ]
    stack = agency.stack(Desired(tenant="acme", revisions={"auth": "0" * 40}))
    assert isinstance(stack, MyStack)
    assert stack.home == tmp_path / "agency"
    assert stack.sources["auth"] == "https://github.com/agency/auth.git"
