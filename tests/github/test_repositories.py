"""GitHub as the host of repositories, for an App and for a person."""

import pytest

from bot.github.failures import GitHubFailed
from bot.github.protection import protection_of, ruleset_of
from bot.github.repositories import GithubRepositories
from bot.github.rest.rulesets import Ruleset
from resources.errors import OrbitsError
from resources.library.github.host import NewRepository, Protection, Reach
from tests.github.conftest import NAME, Agency, answering


@pytest.fixture
def host(agency: Agency) -> GithubRepositories:
    """The host, asked by an App that administers."""
    agency.app.permissions |= {"administration": "write", "contents": "write", "members": "read"}
    return GithubRepositories(agency.door)


@pytest.mark.parametrize(
    "protection",
    [
        Protection(),
        Protection(approvals=None),
        Protection(approvals=0, checks=("b", "a"), up_to_date=True, binds_admins=False),
    ],
)
async def test_protection_is_read_back_as_it_was_made(
    host: GithubRepositories, protection: Protection
) -> None:
    await host.protect(NAME, protection)

    found = await host.find(NAME)

    assert found is not None
    assert (found.protection, found.tampered) == (protection, False)


def test_a_ruleset_of_other_branches_is_not_ours_any_more() -> None:
    made = ruleset_of(Protection()) | {"id": 7}
    elsewhere = {"ref_name": {"include": ["refs/heads/old"], "exclude": []}}
    someone = [{"actor_id": 3, "actor_type": "Team", "bypass_mode": "always"}]

    assert protection_of(Ruleset.model_validate(made)) == Protection()
    for changed in (
        {"conditions": elsewhere},
        {"bypass_actors": someone},
        {"rules": [{"type": "deletion"}]},
        {"rules": [{"type": "pull_request", "parameters": {}}]},
    ):
        assert protection_of(Ruleset.model_validate(made | changed)) == "tampered"


async def test_a_repository_is_made_once(host: GithubRepositories, agency: Agency) -> None:
    new = NewRepository(name="agency/site", visibility="public", description="The site")
    await host.create(new)

    with pytest.raises(OrbitsError, match="a repository of that name is there already"):
        await host.create(new)
    found = await host.find("agency/site")
    assert found is not None
    assert (found.settings["visibility"], found.settings["description"]) == ("public", "The site")
    assert not await host.has_branch("agency/site", "main")
    assert agency.organization.repositories["site"].private is False


async def test_one_that_was_renamed_is_not_taken_for_itself() -> None:
    renamed = {
        "full_name": "agency/core",
        "html_url": "https://github.test/agency/core",
        "clone_url": "https://github.test/agency/core.git",
        "private": True,
        "archived": False,
        "default_branch": "main",
    }

    with pytest.raises(OrbitsError) as refused:
        await GithubRepositories(answering(renamed)).find(NAME)

    assert str(refused.value) == (
        "agency/backend was renamed or moved: it is agency/core now. Name it so here, or rename "
        "it back, and retry. Nothing was changed."
    )


async def test_a_trouble_of_github_is_passed_on(host: GithubRepositories, agency: Agency) -> None:
    agency.simulator.outages.fail("PATCH", f"{NAME}$", status=502)

    with pytest.raises(GitHubFailed, match="GitHub has a problem of its own"):
        await host.change(NAME, {"description": "x"})


async def test_rules_that_may_not_be_made_name_permission_and_plan(
    host: GithubRepositories, agency: Agency
) -> None:
    agency.app.permissions["administration"] = "read"

    with pytest.raises(OrbitsError) as refused:
        await host.protect(NAME, Protection())

    assert str(refused.value) == (
        "The default branch of agency/backend was not protected: the App lacks the permission "
        "`Administration: write`; of a private repository, GitHub's free plan protects no branch "
        "either. Grant it in the App's settings, accept it for the organisation's installation, "
        "and retry."
    )


async def test_whether_the_app_sees_a_repository_is_told(
    host: GithubRepositories, agency: Agency
) -> None:
    assert await host.reach(NAME) == Reach(sees=True)

    agency.app.installations[0].selected = set()

    assert await host.reach(NAME) == Reach(
        sees=False,
        note="The App is not installed on agency/backend: merges and comments there do not reach "
        "the bot. Add the repository to the App's installation.",
    )


async def test_a_team_is_not_there_for_who_may_not_see_it(
    host: GithubRepositories, agency: Agency
) -> None:
    agency.organization.teams["ops"] = {"maya"}
    members = agency.app.permissions.pop("members")
    assert not await host.has_team("agency", "ops")

    # What is granted later holds at once: the token without it is not used again.
    agency.app.permissions["members"] = members

    assert await host.has_team("agency", "ops")
    assert not await host.has_team("agency", "nobody")


async def test_a_person_administers_as_well(agency: Agency) -> None:
    async with agency.door_of(agency.maya) as door:
        host = GithubRepositories(door)
        await host.create(NewRepository(name="agency/site", visibility="private"))
        found = await host.find("agency/site")
        with pytest.raises(OrbitsError) as refused:
            await host.change(NAME, {"description": "x"})
        reach = await host.reach("agency/site")

    assert found is not None
    assert not reach.sees
    assert reach.note.startswith("The bot acts with a person's token: no App hears")
    assert str(refused.value) == (
        "agency/backend was not set (description): the token lacks the permission "
        "`Administration: write`. Give the token that right, and retry."
    )
