"""Pull requests are read one by one, all open ones, and by a commit that they brought."""

import httpx
import pytest

from bot.github.failures import GitHubFailed
from bot.simulated.github.shapes.pulls import pull_json
from tests.github.conftest import NAME, Agency, answering_by


async def test_the_open_pull_requests_are_listed_the_oldest_first(agency: Agency) -> None:
    first = await agency.opened("a.py")
    merged = await agency.opened("b.py")
    second = await agency.maya.opens_pull_request(
        agency.repository, "Not yet", {"c.py": "1\n"}, draft=True
    )
    await agency.maya.merges(merged)

    found = await agency.door.open_pull_requests(NAME)

    assert [(pull.number, pull.draft) for pull in found] == [
        (first.number, False),
        (second.number, True),
    ]
    assert found[0].head.sha == first.head_sha


async def test_a_list_goes_on_where_github_says_but_a_token_goes_nowhere_else(
    agency: Agency,
) -> None:
    """GitHub's links name a repository by its number; we go on with what we asked for."""
    pull = pull_json(await agency.opened("a.py"))
    link = '<https://elsewhere.test/repositories/7/pulls?page=2&state=open>; rel="next"'
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        found = [{**pull, "number": len(asked)}]
        return httpx.Response(200, json=found, headers={"link": link} if len(asked) == 1 else {})

    async with answering_by(answer) as door:
        found = await door.open_pull_requests(NAME)

    assert [each.number for each in found] == [1, 2]
    path = "https://api.github.test/repos/agency/backend/pulls"
    assert asked == [
        f"{path}?state=open&sort=created&direction=asc&per_page=100",
        f"{path}?page=2&state=open",
    ]


async def test_a_list_without_end_is_not_believed() -> None:
    headers = {"link": '<https://api.github.test/x?page=2>; rel="next"'}
    endless = httpx.Response(200, content=b"[]", headers=headers)
    async with answering_by(lambda _: endless) as door:
        with pytest.raises(GitHubFailed, match="The list has more than 1000 pages"):
            await door.open_pull_requests(NAME)


@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
async def test_a_commit_tells_the_pull_request_that_brought_it(agency: Agency, method: str) -> None:
    pull = await agency.opened("src/new.py")
    sha = await agency.maya.merges(pull, method)  # type: ignore[arg-type]

    [found] = await agency.door.pull_requests_of(NAME, sha)

    assert (found.number, found.merged, found.merge_commit_sha) == (pull.number, True, sha)


async def test_a_direct_push_and_an_open_pull_request_brought_nothing(agency: Agency) -> None:
    pushed = await agency.maya.pushes(agency.repository, {"a.py": "1\n"})
    pull = await agency.opened("src/new.py")

    assert await agency.door.pull_requests_of(NAME, pushed) == ()
    assert await agency.door.pull_requests_of(NAME, pull.head_sha) == ()


async def test_a_pull_request_from_a_fork_is_told_from_our_own(agency: Agency) -> None:
    rowan = agency.simulator.user("rowan")
    agency.repository.allow(rowan, "read")
    theirs = await rowan.opens_pull_request(agency.repository, "A change", {"a.py": "1\n"})
    ours = await agency.opened("b.py")

    assert (await agency.door.pull_request(NAME, theirs.number)).from_fork
    assert not (await agency.door.pull_request(NAME, ours.number)).from_fork


async def test_a_pull_request_is_read_as_it_is_now(agency: Agency) -> None:
    pull = await agency.opened("src/new.py")
    before = await agency.door.pull_request(NAME, pull.number)
    sha = await agency.maya.merges(pull)
    after = await agency.door.pull_request(NAME, pull.number)

    assert (before.merged, before.title, before.base.ref) == (False, "A change", "main")
    assert (after.merged, after.merge_commit_sha, after.commits) == (True, sha, 1)
