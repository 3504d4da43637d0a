"""A repository on GitHub after it was made: changed by hand or by its stack, and put back."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.engine.engine import Engine
from bot.store.database import Database
from resources.library import Protection
from resources.model.resource import Difference, Severity
from tests.resources.on_github import OnGitHub, on_github
from tests.resources.test_github_repository import NAME, made, reason, site


@pytest.fixture
async def github(tmp_path: Path) -> AsyncIterator[OnGitHub]:
    async with on_github(tmp_path) as github:
        github.agency.teams |= {"developers": set(), "ops": set()}
        yield github


@pytest.fixture
async def engine(database: Database, github: OnGitHub) -> AsyncIterator[Engine]:
    async with github.engine(database) as engine:
        yield engine


async def test_what_changed_by_hand_is_found_and_mended(engine: Engine, github: OnGitHub) -> None:
    wanted = site(teams={"developers": "write"}, protection=Protection(checks=("test", "lint")))
    await engine.run(wanted)
    repository = made(github)
    repository.private = False
    repository.settings.archived = True
    repository.team_roles["developers"] = "admin"
    repository.team_roles["ops"] = "read"
    next(iter(repository.settings.rulesets.values()))["enforcement"] = "disabled"

    found = await engine.run(wanted, "cycle")

    assert [(each.path, each.desired, each.observed) for each in found] == [
        ("github/archived", False, True),
        ("github/visibility", "private", "public"),
        (
            "github/protection",
            "1 approvals; checks: lint, test; admins bound",
            "changed by hand",
        ),
        ("github/teams/developers", "write", "admin"),
    ]
    assert {each.severity for each in found} == {Severity.CRITICAL}
    await engine.run(wanted, force=True)
    assert await engine.run(wanted, "cycle") == []
    assert repository.team_roles == {"developers": "write", "ops": "read"}


@pytest.mark.parametrize(
    ("rule", "parameter", "value"),
    [
        ("pull_request", "required_approving_review_count", 0),
        ("pull_request", "require_code_owner_review", True),
        ("required_status_checks", "strict_required_status_checks_policy", True),
        ("required_status_checks", "required_status_checks", []),
    ],
)
async def test_a_rule_that_was_changed_is_found(
    engine: Engine, github: OnGitHub, rule: str, parameter: str, value: object
) -> None:
    wanted = site(protection=Protection(checks=("test",)))
    await engine.run(wanted)
    [ruleset] = made(github).settings.rulesets.values()
    parameters = next(each["parameters"] for each in ruleset["rules"] if each["type"] == rule)
    parameters[parameter] = value

    assert [each.path for each in await engine.run(wanted, "cycle")] == ["github/protection"]


async def test_protection_changes_and_goes(engine: Engine, github: OnGitHub) -> None:
    await engine.run(site(protection=Protection()))
    theirs = {"id": 1, "name": "theirs", "enforcement": "active", "source_type": "Repository"}
    made(github).settings.rulesets[1] = theirs
    softer = Protection(approvals=None, binds_admins=False, checks=("test",), up_to_date=True)

    await engine.run(site(protection=softer))
    assert await engine.run(site(protection=softer), "cycle") == []
    rulesets = list(made(github).settings.rulesets.values())
    [admins] = rulesets[0]["bypass_actors"]
    assert (admins["actor_type"], admins["actor_id"]) == ("RepositoryRole", 5)

    await engine.run(site())
    assert list(made(github).settings.rulesets.values()) == [theirs]


async def test_a_rollback_takes_a_new_team_out_again(engine: Engine, github: OnGitHub) -> None:
    first = site(teams={"ops": "read"})
    await engine.run(first)
    await engine.run(site(teams={"ops": "admin", "developers": "write"}, description="New"))

    await engine.run(first, "rollback")

    assert made(github).team_roles == {"ops": "read"}
    assert made(github).settings.description == "The site"


async def test_another_default_branch_must_be_there(engine: Engine, github: OnGitHub) -> None:
    repository = await github.agency.create_repository("site", {"a": "a"})

    assert await reason(engine, site(default_branch="trunk")) == (
        "agency/site has no branch `trunk`, which is to be its default one; that is `main`. Push "
        'the branch, or say `default_branch="main"`, and retry.'
    )
    await repository.git.point("refs/heads/trunk", await repository.head())
    told = await engine.run(site(default_branch="trunk"))
    assert told.default_branch == "trunk"


async def test_the_first_push_decides_where_nothing_was_pushed(engine: Engine) -> None:
    wanted = site(default_branch="trunk")

    assert (await engine.run(wanted)).default_branch == "main"
    assert await engine.run(wanted, "cycle") == []


async def test_one_that_is_gone_is_critical(engine: Engine, github: OnGitHub) -> None:
    await engine.run(site())
    github.agency.repositories.clear()

    [gone] = await engine.run(site(), "cycle")

    assert (gone.path, gone.desired, gone.observed) == ("github", NAME, None)
    assert gone.severity is Severity.CRITICAL
    planned = await engine.run(site(template="agency/template"), "plan")
    assert planned.changes == (
        Difference(path="github", desired="made from agency/template", observed=None),
    )
