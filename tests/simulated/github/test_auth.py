from datetime import timedelta
from typing import Any

import httpx
import jwt
import pytest

from bot.simulated.github import App, Installation, Organization, Repository, SimulatedGitHub, User
from bot.simulated.github.apps import new_key_pair
from bot.simulated.github.registrations import Manifest
from tests.simulated.github.conftest import Clock, json_web_token

INTEGRATION = "Resource not accessible by integration"


async def whoami(api: httpx.AsyncClient, token: str) -> tuple[int, str]:
    answer = await api.get("/app", headers={"authorization": f"Bearer {token}"})
    body = answer.json()
    return answer.status_code, body.get("slug") or body["message"]


async def test_an_app_shows_who_it_is(api: httpx.AsyncClient, app: App, clock: Clock) -> None:
    assert await whoami(api, json_web_token(app, clock())) == (200, "orbits")
    assert await whoami(api, json_web_token(app, clock(), iss=app.client_id)) == (200, "orbits")


@pytest.mark.parametrize(
    ("claims", "message"),
    [
        ({"iss": "7"}, "'Issuer' claim ('iss') must be an Integer or the client ID of an App"),
        ({"exp": -1}, "'Expiration time' claim ('exp') must be a numeric value in the future"),
        ({"exp": 601}, "'Expiration time' claim ('exp') is too far in the future"),
        ({"exp": None}, "'Expiration time' claim ('exp') must be a numeric value in the future"),
        ({"iat": 5}, "'Issued at' claim ('iat') must be an Integer in the past"),
        ({"iat": None}, "'Issued at' claim ('iat') must be an Integer in the past"),
    ],
)
async def test_a_json_web_token_is_read_strictly(
    api: httpx.AsyncClient, app: App, clock: Clock, claims: dict[str, Any], message: str
) -> None:
    now = int(clock().timestamp())
    moved = {
        name: value + now if isinstance(value, int) else value for name, value in claims.items()
    }

    assert await whoami(api, json_web_token(app, clock(), **moved)) == (401, message)


async def test_a_foreign_key_signs_nothing(api: httpx.AsyncClient, app: App, clock: Clock) -> None:
    now = int(clock().timestamp())
    claims = {"iss": str(app.id), "iat": now, "exp": now + 60}
    forged = jwt.encode(claims, new_key_pair()[0], algorithm="RS256")
    unsigned = jwt.encode({"iss": str(app.id)}, "x" * 32, algorithm="HS256")

    undecodable = (401, "A JSON web token could not be decoded")
    assert await whoami(api, forged) == undecodable
    assert await whoami(api, unsigned) == undecodable
    assert await whoami(api, "a.b.c") == undecodable
    assert await whoami(api, "unknown") == (401, "Bad credentials")


async def test_a_token_lasts_an_hour(
    bot: httpx.AsyncClient, backend: Repository, clock: Clock
) -> None:
    assert (await bot.get("/repos/agency/backend")).status_code == 200
    assert len(bot.headers["authorization"]) > 500

    clock.pass_by(timedelta(hours=1))

    answer = await bot.get("/repos/agency/backend")
    assert (answer.status_code, answer.json()["message"]) == (401, "Bad credentials")


async def test_a_token_may_be_narrower_than_the_app(
    api: httpx.AsyncClient, app: App, agency: Organization, backend: Repository, clock: Clock
) -> None:
    await agency.create_repository("site")
    api.headers["authorization"] = f"Bearer {json_web_token(app, clock())}"
    asked = {"repositories": ["site"], "permissions": {"issues": "read"}}

    url = f"/app/installations/{app.installations[0].id}/access_tokens"
    token = (await api.post(url, json=asked)).json()

    assert token["permissions"] == {"metadata": "read", "issues": "read"}
    assert [each["name"] for each in token["repositories"]] == ["site"]
    assert token["expires_at"] == "2026-03-01T10:00:00Z"
    api.headers["authorization"] = f"token {token['token']}"
    assert (await api.get("/repos/agency/site/issues")).status_code == 200
    refused = await api.post("/repos/agency/site/issues", json={"title": "x"})
    assert (refused.status_code, refused.json()["message"]) == (403, INTEGRATION)
    assert refused.headers["x-accepted-github-permissions"] == "issues=write"
    assert (await api.get("/repos/agency/backend")).status_code == 404
    listed = (await api.get("/installation/repositories")).json()
    assert [each["name"] for each in listed["repositories"]] == ["site"]


async def test_a_token_is_never_wider_than_the_app(
    api: httpx.AsyncClient, app: App, backend: Repository, clock: Clock
) -> None:
    api.headers["authorization"] = f"Bearer {json_web_token(app, clock())}"
    url = f"/app/installations/{app.installations[0].id}/access_tokens"

    wider = await api.post(url, json={"permissions": {"administration": "write"}})
    elsewhere = await api.post(url, json={"repositories": ["nowhere"]})

    assert (wider.status_code, elsewhere.status_code) == (422, 422)


async def test_an_app_finds_its_installations(
    api: httpx.AsyncClient, app: App, installation: Installation, backend: Repository, clock: Clock
) -> None:
    api.headers["authorization"] = f"Bearer {json_web_token(app, clock())}"

    listed = (await api.get("/app/installations")).json()
    assert [each["id"] for each in listed] == [installation.id]
    for path in ("/orgs/agency/installation", "/repos/agency/backend/installation"):
        assert (await api.get(path)).json()["id"] == installation.id
    assert (await api.get("/orgs/elsewhere/installation")).status_code == 404


async def test_a_token_ends_with_the_installation(
    bot: httpx.AsyncClient, app: App, agency: Organization
) -> None:
    app.uninstall_from(agency)

    assert (await bot.get("/installation/repositories")).status_code == 401


async def test_a_person_may_what_their_role_allows(
    api: httpx.AsyncClient, backend: Repository, maya: User, rowan: User
) -> None:
    pull = await maya.opens_pull_request(backend, "B", {"b": "b"})
    merge = f"/repos/agency/backend/pulls/{pull.number}/merge"

    for person, expected in ((rowan, 403), (maya, 200)):
        token = {"authorization": f"Bearer {person.personal_token()}"}
        assert (await api.get("/user", headers=token)).json()["login"] == person.login
        assert (await api.put(merge, headers=token)).status_code == expected


async def test_nobody_and_strangers_see_nothing_private(
    api: httpx.AsyncClient, github: SimulatedGitHub, backend: Repository
) -> None:
    token = {"authorization": f"Bearer {github.user('stranger').personal_token()}"}

    for headers in ({}, token):
        answer = await api.get("/repos/agency/backend", headers=headers)
        assert answer.status_code == 404
        assert answer.json() == {
            "message": "Not Found",
            "documentation_url": "https://docs.github.com/rest",
            "status": "404",
        }


async def test_the_permission_folds_five_roles_into_words(
    bot: httpx.AsyncClient, github: SimulatedGitHub, backend: Repository
) -> None:
    found = {}
    for role in ("read", "triage", "write", "maintain", "admin", None):
        person = github.user(role or "stranger")
        backend.allow(person, role)
        url = f"/repos/agency/backend/collaborators/{person.login}/permission"
        body = (await bot.get(url)).json()
        found[body["role_name"]] = body["permission"]

    assert found == {
        "read": "read",
        "triage": "read",
        "write": "write",
        "maintain": "write",
        "admin": "admin",
        "none": "none",
    }
    unknown = await bot.get("/repos/agency/backend/collaborators/nobody/permission")
    assert unknown.status_code == 404


async def test_a_manifest_becomes_an_app_once(
    api: httpx.AsyncClient, github: SimulatedGitHub, agency: Organization, clock: Clock
) -> None:
    code = github.registrations.propose(Manifest("My Bot", None, "hush"), agency)

    born = await api.post(f"/app-manifests/{code}/conversions")

    assert born.status_code == 201
    body = born.json()
    assert (body["slug"], body["webhook_secret"]) == ("my-bot", "hush")
    assert body["pem"].startswith("-----BEGIN RSA PRIVATE KEY-----")
    assert (await api.post(f"/app-manifests/{code}/conversions")).status_code == 404
    late = github.registrations.propose(Manifest("Late", None, ""), agency)
    clock.pass_by(timedelta(hours=1, seconds=1))
    assert (await api.post(f"/app-manifests/{late}/conversions")).status_code == 404
