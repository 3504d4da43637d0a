"""A repository on GitHub: made or taken over, set, watched, opened to teams and archived."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from bot.engine.engine import Engine
from bot.simulated.github import Repository
from bot.store.database import Database
from resources.errors import StepFailed
from resources.executors import LocalExecutor
from resources.library import (
    GithubRepository,
    Merging,
    Protection,
    Reach,
    RepositoryOnGithub,
)
from resources.model.resource import Difference, Plan, Severity
from resources.model.workflow import Workflow
from tests.resources.on_github import OnGitHub, on_github
from tests.resources.test_library_examples import Words, example_of

NAME = "agency/site"


class Tenant(Workflow):
    """One of many whose stack needs the same repository."""

    name: str

    async def define(self) -> RepositoryOnGithub:
        return await self.do("git-install", site(description="of all"))


def site(**changed: Any) -> GithubRepository:
    words: dict[str, Any] = {"owner": "agency", "name": "site", "description": "The site"}
    return GithubRepository(**words | changed)


@pytest.fixture
async def github(tmp_path: Path) -> AsyncIterator[OnGitHub]:
    async with on_github(tmp_path) as github:
        github.agency.teams |= {"developers": set(), "ops": set()}
        yield github


@pytest.fixture
async def engine(database: Database, github: OnGitHub, tmp_path: Path) -> AsyncIterator[Engine]:
    async with github.engine(database, Words(tmp_path, LocalExecutor())) as engine:
        yield engine


def made(github: OnGitHub) -> Repository:
    return github.agency.repositories["site"]


async def reason(engine: Engine, repository: GithubRepository, command: str = "update") -> str:
    with pytest.raises(StepFailed) as failed:
        await engine.run(repository, command, force=True)
    return failed.value.reason


async def test_it_is_made_empty_and_set(engine: Engine, github: OnGitHub) -> None:
    wanted = site(merging=Merging(merge_commit=False, delete_branches=True))

    told = await engine.run(wanted)

    assert told == RepositoryOnGithub(
        name=NAME,
        address="http://github.test/agency/site.git",
        page="http://github.test/agency/site",
        default_branch="main",
        app=Reach(sees=True),
    )
    settings = made(github).settings
    assert (made(github).private, settings.description) == (True, "The site")
    assert (settings.allow_merge_commit, settings.delete_branch_on_merge) == (False, True)
    assert await engine.run(wanted, "cycle") == []
    assert await engine.run(wanted, "plan") == Plan()


async def test_fifty_tenants_at_once_make_one(engine: Engine, github: OnGitHub) -> None:
    told = await asyncio.gather(
        *(engine.run(Tenant(name=f"tenant-{number}")) for number in range(50))
    )

    assert len({each.address for each in told}) == 1
    assert github.asked("POST", "/orgs/agency/repos") == 1


async def test_the_example_is_as_it_says(engine: Engine, github: OnGitHub) -> None:
    template = await github.agency.create_repository("site-template", {"a": "a", "b/c": "c"})
    template.settings.is_template = True

    await engine.run(example_of(GithubRepository))

    acme = github.agency.repositories["acme-site"]
    assert await acme.git.blob("main", "b/c") == b"c"
    assert acme.team_roles == {"developers": "write"}
    [ruleset] = acme.settings.rulesets.values()
    kinds = [rule["type"] for rule in ruleset["rules"]]
    assert kinds == ["deletion", "non_fast_forward", "pull_request", "required_status_checks"]


async def test_one_that_is_there_is_taken_over(engine: Engine, github: OnGitHub) -> None:
    there = await github.agency.create_repository("site", {"a": "a"}, private=False)

    assert await engine.run(site(), "plan") == Plan(
        changes=(
            Difference(
                path="github/description",
                desired="The site",
                observed="",
                severity=Severity.NOTICE,
            ),
            Difference(
                path="github/visibility",
                desired="private",
                observed="public",
                severity=Severity.CRITICAL,
            ),
        )
    )
    await engine.run(site())

    assert (there.private, github.asked("POST", "/repos")) == (True, 0)
    assert await there.git.blob("main", "a") == b"a"


async def test_one_whose_answer_was_lost_is_not_made_twice(
    engine: Engine, github: OnGitHub
) -> None:
    github.simulator.outages.lose_answer("POST", "/orgs/agency/repos$")

    await engine.run(site())

    assert github.asked("POST", "/orgs/agency/repos") == 1
    assert made(github).settings.description == "The site"


async def test_what_was_begun_is_gone_on_with(engine: Engine, github: OnGitHub) -> None:
    github.simulator.outages.lose_answer("POST", "/rulesets$")
    wanted = site(protection=Protection(), teams={"ops": "read"})
    assert "answered 502" in await reason(engine, wanted)
    assert made(github).team_roles == {}

    await engine.run(wanted)

    assert github.asked("POST", "/orgs/agency/repos") == github.asked("POST", "/rulesets") == 1
    assert made(github).team_roles == {"ops": "read"}


async def test_a_name_that_the_app_does_not_see_is_told(engine: Engine, github: OnGitHub) -> None:
    await github.agency.create_repository("site", {"a": "a"})
    github.app.installations[0].selected = set()

    assert await reason(engine, site()) == (
        "agency/site was not made: a repository of that name is there already, and the App is not "
        "installed on it. Add it to the App's installation, or choose another name, and retry. "
        "Nothing was changed."
    )


async def test_without_the_permission_it_is_named(engine: Engine, github: OnGitHub) -> None:
    github.app.permissions["administration"] = "read"

    assert await reason(engine, site()) == (
        "agency/site was not made: the App lacks the permission `Administration: write`. Grant it "
        "in the App's settings, accept it for the organisation's installation, and retry."
    )
    assert github.agency.repositories == {}


async def test_without_write_to_the_contents_nobody_knows_how_it_merges(
    engine: Engine, github: OnGitHub
) -> None:
    await github.agency.create_repository("site", {"a": "a"})
    github.app.permissions["contents"] = "read"

    assert await reason(engine, site()) == (
        "GitHub does not tell how agency/site merges: the App lacks the permission `Contents: "
        "write`. Grant it in the App's settings, accept it for the organisation's installation, "
        "and retry. Nothing was changed."
    )


async def test_where_the_app_is_not_installed_it_says_so(engine: Engine) -> None:
    assert await reason(engine, site(owner="elsewhere")) == (
        "elsewhere/site was not made: the App is not installed on the organisation elsewhere, or "
        "elsewhere is a person. Install it there, and retry. Nothing was changed."
    )


async def test_a_template_that_is_none_is_named(engine: Engine, github: OnGitHub) -> None:
    await github.agency.create_repository("plain")

    assert await reason(engine, site(template="agency/plain")) == (
        "agency/site was not made: agency/plain is not to be seen, or is no template. Look at its "
        "name, make it a template in its settings, install the App on it, and retry. Nothing was "
        "changed."
    )


async def test_an_unknown_team_stops_all_of_it(engine: Engine, github: OnGitHub) -> None:
    assert await reason(engine, site(teams={"ops": "admin", "nobody": "read"})) == (
        "agency/site cannot be opened to nobody: agency has no such team, or the App may not see "
        "it, for which it needs the organisation's permission `Members: read`. Correct the slug, "
        "or grant that, and retry. Nothing was changed."
    )
    assert github.agency.repositories == {}


async def test_uninstalled_it_is_archived_and_comes_back(engine: Engine, github: OnGitHub) -> None:
    await engine.run(site())

    await engine.run(site(), "uninstall")
    await engine.run(site(), "uninstall")

    assert made(github).settings.archived
    assert github.asked("DELETE", NAME) == 0
    await engine.run(site())
    assert not made(github).settings.archived


@pytest.mark.parametrize(
    "wrong",
    [
        {"owner": "../x"},
        {"name": ".."},
        {"name": "-x"},
        {"name": "a/b"},
        {"template": "one"},
        {"template": "a/../b"},
        {"teams": {"Ops": "read"}},
        {"teams": {"ops": "owner"}},
        {"description": "two\nlines"},
        {"default_branch": "-x"},
        {"merging": {"squash": False, "rebase": False, "merge_commit": False}},
        {"protection": {"approvals": 11}},
    ],
)
def test_what_github_would_not_take_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        site(**wrong)
