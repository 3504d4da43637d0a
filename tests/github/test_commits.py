"""Commits between two others, as GitHub compares them."""

import httpx
import pytest

from bot.simulated.github.pulls import Method
from tests.github.conftest import NAME, Agency, answering_by


async def test_what_a_branch_has_beyond_a_commit_is_listed_the_oldest_first(agency: Agency) -> None:
    before = await agency.repository.head("main")
    first = await agency.maya.pushes(agency.repository, {"a": "1\n"}, message="First\n\nMore.")
    second = await agency.maya.pushes(agency.repository, {"b": "1\n"})

    between = await agency.door.commits_between(NAME, before, second)

    assert between is not None
    assert [each.sha for each in between.commits] == [first, second]
    told = between.commits[0]
    assert (told.parents, told.title, told.author) == ((before,), "First", "maya")
    assert told.committed_at == agency.clock.now
    assert between.complete


async def test_a_long_list_of_commits_is_read_to_its_end(agency: Agency) -> None:
    before = await agency.repository.head("main")
    shas = [
        await agency.maya.pushes(agency.repository, {"a": f"{number}\n"}) for number in range(101)
    ]

    between = await agency.door.commits_between(NAME, before, shas[-1])

    assert between is not None
    assert ([each.sha for each in between.commits], between.complete) == (shas, True)


def sha_of(number: int) -> str:
    """The name of the commit of that number."""
    return f"{number:040x}"


def page_of_many(request: httpx.Request) -> httpx.Response:
    """A page of a comparison that has 1,501 commits."""
    page, size = (int(request.url.params[name]) for name in ("page", "per_page"))
    commits = [
        {
            "sha": sha_of(number),
            "parents": [{"sha": sha_of(number - 1)}],
            "commit": {"message": "More", "committer": {"date": "2026-11-02T09:30:00Z"}},
            "author": {},
        }
        for number in range(1, 1502)[(page - 1) * size : page * size]
    ]
    return httpx.Response(200, json={"total_commits": 1501, "commits": commits})


async def test_of_very_many_commits_the_newest_are_listed() -> None:
    async with answering_by(page_of_many) as door:
        between = await door.commits_between(NAME, sha_of(0), sha_of(1501))

    assert between is not None
    assert not between.complete
    assert [each.sha for each in between.commits] == [sha_of(n) for n in range(701, 1502)]
    assert between.commits[0].author is None


async def test_between_a_commit_and_one_that_is_gone_lies_nothing(agency: Agency) -> None:
    head = await agency.repository.head("main")

    assert await agency.door.commits_between(NAME, "0" * 39 + "1", head) is None


@pytest.mark.parametrize(("method", "landed"), [("merge", 1), ("squash", 1), ("rebase", 2)])
async def test_every_commit_that_a_merge_put_on_its_branch_names_the_pull_request(
    agency: Agency, method: Method, landed: int
) -> None:
    before = await agency.repository.head("main")
    pull = await agency.opened("src/first.py")
    await agency.maya.adds_to(pull, {"src/second.py": "2\n"})
    sha = await agency.maya.merges(pull, method)

    listed = await agency.repository.git.text("rev-list", "--first-parent", f"{before}..{sha}")
    found = [await agency.door.pull_requests_of(NAME, step) for step in listed.split()]
    assert [[each.number for each in pulls] for pulls in found] == [[pull.number]] * landed
