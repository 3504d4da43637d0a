"""Issues are opened, changed, looked at, and found again among others."""

import httpx
import pytest

from bot.github.failures import IssuesDisabled, NotFound
from bot.github.issue import IssueRequest
from tests.github.conftest import NAME, Agency, answering_by

LABEL = "orbits: drift"
KEY = "<!-- orbits: drift acme -->"


def an_issue(title: str = "acme", body: str = KEY) -> IssueRequest:
    return IssueRequest(title, body, (LABEL,))


async def test_an_issue_is_opened_changed_and_closed(agency: Agency) -> None:
    number = await agency.door.create_issue(NAME, an_issue())

    await agency.door.edit_issue(
        NAME,
        number,
        {"body": "changed", "labels": [], "state": "closed", "state_reason": "completed"},
    )

    seen = await agency.door.issue(NAME, number)
    assert (seen.title, seen.body, seen.state, seen.labels) == ("acme", "changed", "closed", ())
    assert seen.closed_by is not None
    assert (seen.closed_by.login, seen.closed_at) == ("orbits[bot]", agency.clock())


async def test_our_own_issues_with_a_label_are_found_newest_first(agency: Agency) -> None:
    first = await agency.door.create_issue(NAME, an_issue())
    second = await agency.door.create_issue(NAME, an_issue())
    await agency.door.create_issue(NAME, IssueRequest("acme", KEY))
    await agency.maya.opens_issue(agency.repository, "acme", KEY, labels=(LABEL,))
    await agency.maya.closes(agency.repository.issues[first])

    every = await agency.door.our_issues(NAME, LABEL)
    open_ones = await agency.door.our_issues(NAME, LABEL, "open")

    assert [each.number for each in every] == [second, first]
    assert [each.number for each in open_ones] == [second]


async def test_an_issue_is_found_behind_a_hundred_others(agency: Agency) -> None:
    first = await agency.door.create_issue(NAME, an_issue())
    for number in range(120):
        await agency.maya.opens_issue(agency.repository, f"{number}", labels=(LABEL,))

    assert [each.number for each in await agency.door.our_issues(NAME, LABEL)] == [first]


async def test_what_was_deleted_or_transferred_is_not_found(agency: Agency) -> None:
    elsewhere = await agency.organization.create_repository("frontend", {"a": "a\n"})
    elsewhere.allow(agency.maya, "write")
    agency.repository.allow(agency.maya, "admin")
    deleted, moved = [await agency.door.create_issue(NAME, an_issue()) for _ in range(2)]
    await agency.maya.deletes_issue(agency.repository.issues[deleted])
    await agency.maya.transfers(agency.repository.issues[moved], elsewhere)

    with pytest.raises(NotFound, match="answered 410"):
        await agency.door.issue(NAME, deleted)
    with pytest.raises(NotFound, match="was transferred to another repository"):
        await agency.door.issue(NAME, moved)


async def test_an_issue_of_a_renamed_repository_is_the_same_issue() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        issue = {"number": 7, "title": "acme", "state": "open"}
        api = "https://api.github.test/repos"
        if request.url.path == "/repos/agency/backend":
            return httpx.Response(200, json={"full_name": "agency/core"})
        return httpx.Response(200, json={**issue, "repository_url": f"{api}/agency/core"})

    seen = await answering_by(answer).issue(NAME, 7)

    assert seen.number == 7


async def test_a_repository_without_issues_says_what_to_do(agency: Agency) -> None:
    agency.repository.has_issues = False

    with pytest.raises(IssuesDisabled) as refused:
        await agency.door.create_issue(NAME, an_issue())

    assert refused.value.futile
    assert str(refused.value) == (
        "GitHub answered 410 to POST /repos/agency/backend/issues. Issues are switched off in "
        "agency/backend. Switch them on in its settings, or name another repository in its "
        "`orbits.toml`, under `[drift]`."
    )


@pytest.mark.parametrize(("title", "body"), [("", "x"), ("x" * 257, "x"), ("x", "y" * 65_537)])
def test_an_issue_has_bounds(title: str, body: str) -> None:
    with pytest.raises(ValueError, match="of an issue has"):
        IssueRequest(title, body)
