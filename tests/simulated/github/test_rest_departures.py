"""Issues that are deleted, transferred, or switched off altogether, as the API tells of them."""

import httpx
import pytest

from bot.simulated.github import (
    GitHubRefused,
    Organization,
    Repository,
    SimulatedGitHub,
    User,
)
from tests.simulated.github.conftest import Receiver

BACKEND = "/repos/agency/backend"


@pytest.fixture
def nora(backend: Repository, maya: User) -> User:
    """Maya, who administers the repository."""
    backend.allow(maya, "admin")
    return maya


@pytest.fixture
async def frontend(agency: Organization, maya: User) -> Repository:
    repository = await agency.create_repository("frontend", {"index.html": "hello\n"})
    repository.allow(maya, "write")
    return repository


async def test_a_deleted_issue_is_gone_and_its_number_stays_taken(
    github: SimulatedGitHub,
    bot: httpx.AsyncClient,
    backend: Repository,
    nora: User,
    receiver: Receiver,
) -> None:
    issue = await nora.opens_issue(backend, "One")
    await nora.deletes_issue(issue)
    await nora.opens_issue(backend, "Two")

    answer = await bot.get(f"{BACKEND}/issues/1")
    changed = await bot.patch(f"{BACKEND}/issues/1", json={"title": "Uno"})
    commented = await bot.post(f"{BACKEND}/issues/1/comments", json={"body": "Hello"})
    listed = (await bot.get(f"{BACKEND}/issues?state=all")).json()

    assert [answer.status_code, changed.status_code, commented.status_code] == [410] * 3
    assert answer.json()["message"] == "This issue was deleted"
    assert [(each["number"], each["title"]) for each in listed] == [(2, "Two")]
    await github.deliveries_settled()
    assert receiver.payload("issues.deleted")["issue"]["number"] == 1


async def test_a_transferred_issue_leads_to_where_it_is(
    github: SimulatedGitHub,
    bot: httpx.AsyncClient,
    backend: Repository,
    frontend: Repository,
    maya: User,
    receiver: Receiver,
) -> None:
    await maya.opens_issue(frontend, "Another one")
    issue = await maya.opens_issue(backend, "One", "its body", labels=("bug", "of the backend"))
    await maya.comments(issue, "a remark")

    moved = await maya.transfers(issue, frontend)

    answer = await bot.get(f"{BACKEND}/issues/1")
    followed = await bot.get(f"{BACKEND}/issues/1", follow_redirects=True)
    assert answer.status_code == 301
    assert answer.headers["location"] == followed.json()["url"] == moved.url
    assert (followed.json()["number"], followed.json()["body"]) == (2, "its body")
    assert [label["name"] for label in followed.json()["labels"]] == ["bug"]
    assert [each.body for each in moved.comments] == ["a remark"]
    assert (await bot.get(f"{BACKEND}/issues?state=all")).json() == []
    await github.deliveries_settled()
    changes = receiver.payload("issues.transferred")["changes"]
    assert changes["new_repository"]["full_name"] == "agency/frontend"
    assert changes["new_issue"]["number"] == 2


async def test_without_issues_there_are_none(
    bot: httpx.AsyncClient, backend: Repository, maya: User
) -> None:
    await maya.opens_issue(backend, "One")
    await maya.opens_pull_request(backend, "Two", {"b": "b"})
    backend.has_issues = False

    made = await bot.post(f"{BACKEND}/issues", json={"title": "Three"})
    read = await bot.get(f"{BACKEND}/issues/1")
    listed = (await bot.get(f"{BACKEND}/issues")).json()

    assert (made.status_code, made.json()["message"]) == (410, "Issues are disabled for this repo")
    assert read.status_code == 410
    assert [each["title"] for each in listed] == ["Two"]
    assert (await bot.get(f"{BACKEND}/issues/2")).status_code == 200
    assert (await bot.get(BACKEND)).json()["has_issues"] is False


async def test_only_who_administers_deletes_and_pull_requests_stay(
    backend: Repository, frontend: Repository, maya: User, rowan: User
) -> None:
    issue = await maya.opens_issue(backend, "One")
    pull = await maya.opens_pull_request(backend, "Two", {"b": "b"})

    with pytest.raises(GitHubRefused, match="may not delete an issue"):
        await maya.deletes_issue(issue)
    with pytest.raises(GitHubRefused, match="may not transfer an issue"):
        await rowan.transfers(issue, frontend)
    with pytest.raises(GitHubRefused, match="stays where it is"):
        await maya.transfers(pull, frontend)
    with pytest.raises(GitHubRefused, match="another repository"):
        await maya.transfers(issue, backend)
    moved = await maya.transfers(issue, frontend)
    with pytest.raises(GitHubRefused, match="gone already"):
        await maya.transfers(issue, frontend)
    assert frontend.issues == {1: moved}
