"""The one door: what holds for everything that is asked through it."""

from datetime import timedelta

import pytest

from bot.github.answers import DeploymentRequest, DeploymentStatus, Me
from bot.github.auth import AppKey
from bot.github.door import GitHub
from bot.github.failures import AppNeeded, NotFound
from tests.github.conftest import NAME, Agency

MARKER = "<!-- orbits -->"


async def test_a_persons_token_serves_for_reading(agency: Agency) -> None:
    pull = await agency.opened("src/new.py")
    sha = await agency.maya.merges(pull)
    async with agency.door_of(agency.maya) as door:
        assert await door.me() == Me(login="maya", app_id=None)
        assert await door.role_of(NAME, "maya") == "write"
        assert await door.head_of(NAME, "main") == sha
        assert await door.file_at(NAME, "src/new.py", sha) == "src/new.py\n"
        assert (await door.changed_paths(NAME, sha)).paths == ("src/new.py",)
        assert (await door.proposed_paths(NAME, pull.number)).paths == ("src/new.py",)
        assert (await door.changed_between(NAME, sha, sha)).paths == ()
        assert [each.number for each in await door.pull_requests_of(NAME, sha)] == [pull.number]
        assert await door.open_pull_requests(NAME) == ()
        assert await door.find_check(NAME, sha, "orbits/deploy", "rollout-1") is None


async def test_a_persons_token_serves_for_comments_and_deployments(agency: Agency) -> None:
    pull = await agency.opened("src/new.py")
    asked = DeploymentRequest(pull.head_sha, "acme", "rollout-1/acme")
    status = DeploymentStatus("success")
    async with agency.door_of(agency.maya) as door:
        made = await door.create_comment(NAME, pull.number, MARKER)
        await door.edit_comment(NAME, made, f"{MARKER}\nsecond")
        assert await door.find_comment(NAME, pull.number, MARKER) == made
        await door.react(NAME, made, "eyes")
        deployment = await door.create_deployment(NAME, asked)
        assert await door.find_deployment(NAME, asked.sha, "acme", asked.key) == deployment
        said = await door.set_deployment_status(NAME, deployment, status)
        assert await door.find_deployment_status(NAME, deployment, status) == said
    assert [comment.author.login for comment in pull.comments] == ["maya"]


async def test_a_person_is_told_what_only_an_app_may_ask(agency: Agency) -> None:
    since = agency.clock.now - timedelta(days=1)
    async with agency.door_of(agency.maya) as door:
        with pytest.raises(AppNeeded, match="Only an App may list its installations"):
            await door.installations()
        with pytest.raises(AppNeeded, match="Only an App may list the repositories"):
            await door.repositories(1)
        with pytest.raises(AppNeeded, match="Only an App may read the log of its deliveries"):
            [attempt async for attempt in door.deliveries(since)]
        with pytest.raises(AppNeeded):
            await door.delivery(1)
        with pytest.raises(AppNeeded):
            await door.redeliver(1)
    assert agency.simulator.requests == []


@pytest.mark.parametrize("end", ["", "/"])
async def test_a_github_whose_api_has_a_path_is_asked_there(agency: Agency, end: str) -> None:
    """As on GitHub Enterprise Server, where the address of the API ends with `/api/v3`."""
    async with GitHub(
        f"{agency.simulator.address}/api/v3{end}",
        AppKey(str(agency.app.id), agency.app.private_key),
        clock=agency.clock,
        transport=agency.transport(),
    ) as door:
        pull = await agency.opened(*(f"{number}.py" for number in range(101)))
        assert (await door.me()).login == "orbits[bot]"
        assert len((await door.proposed_paths(NAME, pull.number)).paths) == 101
        assert {seen.status for seen in agency.simulator.requests} == {200, 201}


async def test_what_is_not_there_says_so(agency: Agency) -> None:
    with pytest.raises(NotFound) as missing:
        await agency.door.pull_request(NAME, 99)
    assert str(missing.value) == (
        "GitHub answered 404 to GET /api/v3/repos/agency/backend/pulls/99. "
        "It does not exist, or the App is not installed there or may not read it."
    )


async def test_a_repository_that_is_no_name_is_refused_before_anything_is_sent(
    agency: Agency,
) -> None:
    with pytest.raises(ValueError, match="owner/name"):
        await agency.door.pull_request("agency/backend/../../user", 1)
    assert agency.simulator.requests == []
