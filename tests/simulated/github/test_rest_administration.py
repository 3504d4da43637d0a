"""Repositories made, set, ruled and opened to teams, as the API does it."""

from typing import Any

import httpx
import pytest

from bot.simulated.github import App, GitHubRefused, Organization, Repository, SimulatedGitHub, User
from tests.openapi import validate_request
from tests.simulated.github.conftest import Receiver

BACKEND = "/repos/agency/backend"
RULES: dict[str, Any] = {
    "name": "main",
    "target": "branch",
    "enforcement": "active",
    "bypass_actors": [],
    "conditions": {"ref_name": {"include": ["~DEFAULT_BRANCH"], "exclude": []}},
    "rules": [{"type": "deletion"}],
}


@pytest.fixture
def granted(app: App) -> App:
    """The App, which may administer."""
    app.permissions |= {"administration": "write", "members": "read"}
    return app


@pytest.fixture
def root(granted: App, bot: httpx.AsyncClient) -> httpx.AsyncClient:
    """The App's client; what it asks is held against GitHub's own description."""
    del granted

    async def described(request: httpx.Request) -> None:
        await request.aread()
        path = request.url.path.removeprefix("/api/v3")
        body = httpx.Response(200, content=request.content).json() if request.content else None
        validate_request(request.method, path, dict(request.url.params), body)

    bot.event_hooks["request"].append(described)
    return bot


async def test_an_empty_repository_is_made(
    root: httpx.AsyncClient, github: SimulatedGitHub, receiver: Receiver, granted: App
) -> None:
    granted.events = (*granted.events, "repository")
    wanted = {"name": "site", "description": "The site", "visibility": "private"}

    made = await root.post("/orgs/agency/repos", json=wanted)
    again = await root.post("/orgs/agency/repos", json=wanted)

    whole = made.json()
    assert (made.status_code, whole["full_name"], whole["private"]) == (201, "agency/site", True)
    assert (whole["description"], whole["archived"]) == ("The site", False)
    assert again.status_code == 422
    assert again.json()["errors"][0]["message"] == "name already exists on this account"
    head = await root.get("/repos/agency/site/git/ref/heads/main")
    assert (head.status_code, head.json()["message"]) == (409, "Git Repository is empty.")
    await github.deliveries_settled()
    assert receiver.payload("repository.created")["repository"]["name"] == "site"


async def test_a_repository_is_made_from_a_template(
    root: httpx.AsyncClient, backend: Repository, agency: Organization
) -> None:
    wanted = {"owner": "agency", "name": "site", "private": False}
    assert (await root.post(f"{BACKEND}/generate", json=wanted)).status_code == 404
    backend.settings.is_template = True

    made = await root.post(f"{BACKEND}/generate", json=wanted)
    again = await root.post(f"{BACKEND}/generate", json=wanted)

    assert (made.status_code, made.json()["visibility"]) == (201, "public")
    site = agency.repositories["site"]
    assert await site.git.blob("main", "src/app.py") == b"one\ntwo\nthree\n"
    assert await site.git.count("main") == 1
    assert again.status_code == 422
    said = again.json()["errors"][0]["message"]
    assert said == "Could not clone: Name already exists on this account"


async def test_an_app_reaches_what_it_made(
    root: httpx.AsyncClient, app: App, backend: Repository
) -> None:
    app.installations[0].selected = {backend.id}

    await root.post("/orgs/agency/repos", json={"name": "site"})

    assert (await root.get("/repos/agency/site")).status_code == 200


async def test_without_the_permission_nothing_is_made(
    bot: httpx.AsyncClient, backend: Repository
) -> None:
    del backend
    asked = [
        await bot.post("/orgs/agency/repos", json={"name": "site"}),
        await bot.post(f"{BACKEND}/generate", json={"owner": "agency", "name": "site"}),
        await bot.patch(BACKEND, json={"description": "x"}),
        await bot.post(f"{BACKEND}/rulesets", json=RULES),
    ]

    assert [each.status_code for each in asked] == [403] * 4
    assert {each.headers["x-accepted-github-permissions"] for each in asked} == {
        "administration=write"
    }


async def test_how_it_merges_is_told_to_who_may_write(
    root: httpx.AsyncClient, github: SimulatedGitHub, backend: Repository
) -> None:
    reader = github.user("reader")
    backend.allow(reader, "read")

    told = (await root.get(BACKEND)).json()
    root.headers["authorization"] = f"Bearer {reader.personal_token()}"
    untold = (await root.get(BACKEND)).json()

    assert told["allow_squash_merge"] is True
    assert "allow_squash_merge" not in untold


async def test_only_the_ways_to_merge_that_are_allowed_are(
    root: httpx.AsyncClient, backend: Repository, maya: User
) -> None:
    wanted = {"allow_merge_commit": False, "delete_branch_on_merge": True}
    assert (await root.patch(BACKEND, json=wanted)).status_code == 200
    none = {"allow_squash_merge": False, "allow_rebase_merge": False}
    assert (await root.patch(BACKEND, json=none)).status_code == 422
    pull = await maya.opens_pull_request(backend, "One", {"b": "b"}, branch="one")

    with pytest.raises(GitHubRefused, match="Merge commits are not allowed on this repository"):
        await maya.merges(pull)
    await maya.merges(pull, "squash")

    assert await backend.git.branches() == {"main": await backend.head()}


async def test_what_is_archived_stays_as_it_is(
    root: httpx.AsyncClient, backend: Repository, maya: User
) -> None:
    assert (await root.patch(BACKEND, json={"archived": True})).json()["archived"] is True

    refused = await root.patch(BACKEND, json={"description": "x"})
    assert refused.status_code == 403
    assert refused.json()["message"] == "Repository was archived so is read-only."
    assert (await root.post(f"{BACKEND}/rulesets", json=RULES)).status_code == 403
    with pytest.raises(GitHubRefused, match="read-only"):
        await maya.pushes(backend, {"b": "b"})

    await root.patch(BACKEND, json={"archived": False})
    await maya.pushes(backend, {"b": "b"})


async def test_a_branch_that_is_not_there_is_no_default(
    root: httpx.AsyncClient, backend: Repository, maya: User
) -> None:
    refused = await root.patch(BACKEND, json={"default_branch": "trunk"})
    assert refused.status_code == 422
    await maya.creates_branch(backend, "trunk")

    changed = await root.patch(BACKEND, json={"default_branch": "trunk"})

    assert changed.json()["default_branch"] == "trunk"


async def test_a_ruleset_lives(root: httpx.AsyncClient, backend: Repository) -> None:
    path = f"{BACKEND}/rulesets"
    made = await root.post(path, json=RULES)
    again = await root.post(path, json=RULES)
    one = f"{path}/{made.json()['id']}"
    changed = await root.put(one, json={**RULES, "enforcement": "disabled"})

    assert (made.status_code, again.status_code, changed.status_code) == (201, 422, 200)
    assert (await root.get(one)).json()["enforcement"] == "disabled"
    listed = (await root.get(path)).json()
    assert [(each["name"], "rules" in each) for each in listed] == [("main", False)]
    assert (await root.delete(one)).status_code == 204
    assert (await root.get(one)).status_code == 404
    assert backend.settings.rulesets == {}


async def test_a_team_is_let_in_and_taken_out(
    root: httpx.AsyncClient, agency: Organization, backend: Repository, github: SimulatedGitHub
) -> None:
    noor = github.user("noor")
    agency.teams["ops"] = {"noor"}
    path = f"/orgs/agency/teams/ops{BACKEND}"
    assert backend.role_of(noor) is None

    assert (await root.put(path, json={"permission": "maintain"})).status_code == 204

    listed = (await root.get(f"{BACKEND}/teams")).json()
    assert [(each["slug"], each["permission"]) for each in listed] == [("ops", "maintain")]
    assert backend.role_of(noor) == "maintain"
    assert (await root.get("/orgs/agency/teams/ops")).json()["slug"] == "ops"
    assert (await root.get("/orgs/agency/teams/nobody")).status_code == 404
    assert (await root.put(path.replace("ops", "nobody"), json={})).status_code == 404
    assert (await root.delete(path)).status_code == 204
    assert backend.role_of(noor) is None
