import httpx
import pytest

from bot.simulated.github import Repository, User

BACKEND = "/repos/agency/backend"


async def test_the_life_of_an_issue(
    bot: httpx.AsyncClient, backend: Repository, maya: User
) -> None:
    asked = {"title": "Drift", "body": "acme drifted", "labels": ["drift"], "assignees": ["maya"]}

    made = await bot.post(f"{BACKEND}/issues", json=asked)
    closed = await bot.patch(
        f"{BACKEND}/issues/1", json={"state": "closed", "state_reason": "not_planned"}
    )
    reopened = await bot.patch(f"{BACKEND}/issues/1", json={"state": "open", "labels": []})

    assert made.status_code == 201
    issue = made.json()
    assert (issue["number"], issue["user"]["login"]) == (1, "orbits[bot]")
    assert [label["name"] for label in issue["labels"]] == ["drift"]
    assert [person["login"] for person in issue["assignees"]] == ["maya"]
    assert (closed.json()["state"], closed.json()["state_reason"]) == ("closed", "not_planned")
    assert (reopened.json()["state_reason"], reopened.json()["labels"]) == ("reopened", [])


async def test_issues_are_listed_and_searched(
    bot: httpx.AsyncClient, backend: Repository, maya: User
) -> None:
    await maya.opens_issue(backend, "One", "<!-- drift:acme/backend -->", labels=("drift",))
    two = await maya.opens_issue(backend, "Two", "<!-- drift:globex/backend -->")
    await maya.closes(two)
    await maya.opens_pull_request(backend, "B", {"b": "b"})

    async def titles(url: str) -> list[str]:
        body = (await bot.get(url)).json()
        items = body["items"] if isinstance(body, dict) else body
        return [issue["title"] for issue in items]

    assert await titles(f"{BACKEND}/issues") == ["B", "One"]
    assert await titles(f"{BACKEND}/issues?state=all&creator=maya") == ["B", "Two", "One"]
    assert await titles(f"{BACKEND}/issues?labels=drift") == ["One"]
    assert await titles(f"{BACKEND}/issues?since=2026-03-02T00:00:00Z") == []
    search = '/search/issues?q=repo:agency/backend is:issue in:body "drift:{}"'
    assert await titles(search.format("acme/backend")) == ["One"]
    assert await titles(search.format("globex/backend") + " state:closed") == ["Two"]
    assert await titles(search.format("globex/backend") + " state:open") == []


async def test_the_life_of_a_comment(
    bot: httpx.AsyncClient, backend: Repository, maya: User
) -> None:
    await maya.opens_pull_request(backend, "B", {"b": "b"})

    made = await bot.post(f"{BACKEND}/issues/1/comments", json={"body": "Hello"})
    comment = f"{BACKEND}/issues/comments/{made.json()['id']}"
    edited = await bot.patch(comment, json={"body": "Goodbye"})
    listed = (await bot.get(f"{BACKEND}/issues/1/comments")).json()

    assert made.status_code == 201
    assert (edited.json()["body"], [each["body"] for each in listed]) == ("Goodbye", ["Goodbye"])
    assert (await bot.delete(comment)).status_code == 204
    for method in ("GET", "PATCH", "DELETE"):
        body = {"body": "x"} if method == "PATCH" else None
        assert (await bot.request(method, comment, json=body)).status_code == 404


async def test_a_comment_has_65536_characters_at_most(
    bot: httpx.AsyncClient, backend: Repository, maya: User
) -> None:
    await maya.opens_issue(backend, "One")
    url = f"{BACKEND}/issues/1/comments"

    assert (await bot.post(url, json={"body": "é" * 65536})).status_code == 201
    longer = await bot.post(url, json={"body": "é" * 65537})

    assert longer.status_code == 422
    assert longer.json() == {
        "message": "Validation Failed",
        "errors": [
            {
                "resource": "IssueComment",
                "field": "body",
                "code": "invalid",
                "message": "body is too long (maximum is 65536 characters)",
            }
        ],
        "documentation_url": "https://docs.github.com/rest",
        "status": "422",
    }
    assert (await bot.post(url, json={"body": " "})).status_code == 422


async def test_a_locked_conversation_takes_no_comments(
    bot: httpx.AsyncClient, backend: Repository, maya: User, rowan: User
) -> None:
    issue = await maya.opens_issue(backend, "One")
    await maya.locks(issue)

    answer = await bot.post(f"{BACKEND}/issues/1/comments", json={"body": "Hello"})

    assert (answer.status_code, answer.json()["message"]) == (
        403,
        "Unable to create comment because issue is locked.",
    )
    await maya.comments(issue, "I may.")
    await maya.unlocks(issue)
    await rowan.comments(issue, "I may too.")


async def test_an_app_edits_its_own_comments_only(
    bot: httpx.AsyncClient, backend: Repository, maya: User
) -> None:
    comment = await maya.comments(await maya.opens_issue(backend, "One"), "Mine")

    answer = await bot.patch(f"{BACKEND}/issues/comments/{comment.id}", json={"body": "Ours"})

    assert answer.status_code == 403
    assert comment.body == "Mine"


async def test_a_reaction_is_there_once(
    bot: httpx.AsyncClient, backend: Repository, maya: User
) -> None:
    comment = await maya.comments(await maya.opens_issue(backend, "One"), "/orbits plan")
    url = f"{BACKEND}/issues/comments/{comment.id}/reactions"

    first = await bot.post(url, json={"content": "eyes"})
    second = await bot.post(url, json={"content": "eyes"})
    odd = await bot.post(url, json={"content": "shrug"})

    assert (first.status_code, second.status_code, odd.status_code) == (201, 200, 422)
    body = (await bot.get(f"{BACKEND}/issues/comments/{comment.id}")).json()
    assert (body["reactions"]["eyes"], body["reactions"]["total_count"]) == (1, 1)
    assert (await bot.delete(f"{url}/{first.json()['id']}")).status_code == 204
    assert (await bot.get(url)).json() == []


async def test_labels_come_and_go(bot: httpx.AsyncClient, backend: Repository, maya: User) -> None:
    await maya.opens_issue(backend, "One", labels=("bug",))
    labels = f"{BACKEND}/issues/1/labels"

    made = await bot.post(f"{BACKEND}/labels", json={"name": "drift", "color": "ff0000"})
    added = (await bot.post(labels, json={"labels": ["drift"]})).json()
    left = (await bot.delete(f"{labels}/bug")).json()

    assert (made.status_code, made.json()["color"]) == (201, "ff0000")
    assert (await bot.post(f"{BACKEND}/labels", json={"name": "Drift"})).status_code == 422
    assert [label["name"] for label in added] == ["bug", "drift"]
    assert [label["name"] for label in left] == ["drift"]
    assert (await bot.delete(f"{labels}/bug")).status_code == 404
    assert "drift" in [label["name"] for label in (await bot.get(f"{BACKEND}/labels")).json()]


@pytest.mark.parametrize(
    "body", [{}, {"title": " "}, {"title": "x" * 257}, {"title": "x", "body": "y" * 65537}]
)
async def test_an_issue_needs_a_title_and_a_body_of_bearable_length(
    bot: httpx.AsyncClient, backend: Repository, body: dict[str, str]
) -> None:
    assert (await bot.post(f"{BACKEND}/issues", json=body)).status_code == 422
    assert backend.issues == {}
