"""Deployments are told of, found again after a lost answer, and brought on."""

import pytest

from bot.github.answers import DeploymentRequest, DeploymentStatus
from bot.github.failures import GitHubFailed
from tests.github.conftest import NAME, Agency

LOG = "https://orbits.test/rollouts/7"


async def requested(agency: Agency, **changed: str) -> DeploymentRequest:
    sha = await agency.repository.commit_named("main")
    facts = {"environment": "acme", "key": "rollout-1/acme", "description": "Wave 1 of 3"}
    return DeploymentRequest(sha=sha, **{**facts, **changed})


async def test_a_deployment_is_of_a_commit_to_an_environment(agency: Agency) -> None:
    asked = await requested(agency)

    made = await agency.door.create_deployment(NAME, asked)

    [deployment] = agency.repository.deployments
    assert deployment.id == made
    assert (deployment.sha, deployment.ref, deployment.environment, deployment.description) == (
        asked.sha,
        asked.sha,
        "acme",
        "Wave 1 of 3",
    )


async def test_a_deployment_asks_for_no_merge_and_no_green_status(agency: Agency) -> None:
    asked = await requested(agency)
    status = {"state": "failure", "context": "lint"}
    agency.simulator.acts.reports.set_status(agency.repository, agency.maya, asked.sha, status)

    await agency.door.create_deployment(NAME, asked)

    assert agency.simulator.requests[-1].json["auto_merge"] is False
    assert agency.simulator.requests[-1].json["required_contexts"] == []


async def test_a_deployment_is_found_after_its_answer_was_lost(agency: Agency) -> None:
    asked = await requested(agency)
    agency.simulator.outages.lose_answer("POST", "/deployments$")
    with pytest.raises(GitHubFailed):
        await agency.door.create_deployment(NAME, asked)

    found = await agency.door.find_deployment(NAME, asked.sha, "acme", asked.key)

    assert [deployment.id for deployment in agency.repository.deployments] == [found]


async def test_another_deployment_is_not_taken_for_ours(agency: Agency) -> None:
    asked = await requested(agency)
    await agency.door.create_deployment(NAME, await requested(agency, key="rollout-2/acme"))
    await agency.door.create_deployment(NAME, await requested(agency, environment="globex"))
    async with agency.door_of(agency.maya) as door:
        await door.create_deployment(NAME, asked)

    assert await agency.door.find_deployment(NAME, asked.sha, "acme", asked.key) is None


@pytest.mark.parametrize(
    ("payload", "found"), [('{"orbits": "rollout-1/acme"}', True), ("rollout-1/acme", False)]
)
async def test_a_payload_that_comes_as_text_is_read(
    agency: Agency, payload: str, found: bool
) -> None:
    asked = await requested(agency)
    made = await agency.door.create_deployment(NAME, asked)
    agency.repository.deployments[0].payload = payload

    deployment = await agency.door.find_deployment(NAME, asked.sha, "acme", asked.key)

    assert deployment == (made if found else None)


@pytest.mark.parametrize("sha", ["main", "a" * 39, "A" * 40])
def test_a_deployment_of_anything_but_a_full_sha_cannot_be_made(sha: str) -> None:
    with pytest.raises(ValueError, match="by its full name"):
        DeploymentRequest(sha=sha, environment="acme", key="rollout-1/acme")


async def test_a_deployment_says_how_far_it_has_come(agency: Agency) -> None:
    made = await agency.door.create_deployment(NAME, await requested(agency))
    running = DeploymentStatus("in_progress", "step `sql-migrate`", LOG)
    done = DeploymentStatus("success", "Took 7m10", LOG, "https://acme.test")

    for status in (running, done):
        await agency.door.set_deployment_status(NAME, made, status)

    [deployment] = agency.repository.deployments
    newest = deployment.statuses[-1]
    assert (deployment.state, newest.description, newest.target_url, newest.environment_url) == (
        "success",
        "Took 7m10",
        LOG,
        "https://acme.test",
    )


async def test_only_the_newest_status_counts_as_said(agency: Agency) -> None:
    door = agency.door
    made = await door.create_deployment(NAME, await requested(agency))
    running = DeploymentStatus("in_progress", log_url=LOG)
    done = DeploymentStatus("success", "x" * 200, LOG)

    before = await door.find_deployment_status(NAME, made, running)
    said = await door.set_deployment_status(NAME, made, running)
    found = await door.find_deployment_status(NAME, made, running)
    other = await door.find_deployment_status(NAME, made, DeploymentStatus("in_progress"))
    last = await door.set_deployment_status(NAME, made, done)

    assert (before, found, other) == (None, said, None)
    assert await door.find_deployment_status(NAME, made, running) is None
    assert await door.find_deployment_status(NAME, made, done) == last


async def test_a_description_is_cut_to_what_github_takes(agency: Agency) -> None:
    made = await agency.door.create_deployment(NAME, await requested(agency, description="x" * 200))
    await agency.door.set_deployment_status(NAME, made, DeploymentStatus("failure", "y" * 140))

    [deployment] = agency.repository.deployments
    assert deployment.description == "x" * 139 + "…"
    assert deployment.statuses[-1].description == "y" * 140
