import functools
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.simulated.github import App, Installation, Organization, Repository, SimulatedGitHub, User
from bot.simulated.github.apps import new_key_pair


@dataclass
class Clock:
    now: datetime = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, time: timedelta) -> None:
        self.now += time


@dataclass
class Receiver:
    """An App's side: takes deliveries in, and answers as it is told to."""

    status: int = 200
    events: list[tuple[str, Any]] = field(default_factory=list)
    requests: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    async def take(self, request: Request) -> Response:
        self.requests.append((dict(request.headers), await request.body()))
        self.events.append((request.headers["x-github-event"], await request.json()))
        return Response("taken", self.status)

    @property
    def asgi(self) -> Starlette:
        return Starlette(routes=[Route("/hook", self.take, methods=["POST"])])

    @property
    def names(self) -> list[str]:
        return [
            f"{event}.{payload['action']}" if "action" in payload else event
            for event, payload in self.events
        ]

    def payload(self, name: str) -> Any:
        return dict(zip(self.names, (payload for _, payload in self.events), strict=True))[name]

    def forget(self) -> None:
        self.events.clear()
        self.requests.clear()


PERMISSIONS: Any = {
    "checks": "write",
    "contents": "write",
    "deployments": "write",
    "issues": "write",
    "merge_queues": "read",
    "pull_requests": "write",
    "statuses": "write",
}
EVENTS = (
    "check_run",
    "check_suite",
    "deployment",
    "deployment_status",
    "issue_comment",
    "issues",
    "merge_group",
    "pull_request",
    "push",
    "status",
)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture(scope="session")
def keys() -> tuple[str, str]:
    return new_key_pair()


@pytest.fixture
async def github(
    tmp_path: Path, clock: Clock, receiver: Receiver, keys: tuple[str, str]
) -> AsyncIterator[SimulatedGitHub]:
    async with SimulatedGitHub(
        tmp_path,
        clock=clock,
        transport=httpx.ASGITransport(receiver.asgi),
        new_keys=lambda: keys,
    ) as github:
        yield github


@pytest.fixture
def agency(github: SimulatedGitHub) -> Organization:
    return github.organization("agency")


@pytest.fixture
async def backend(agency: Organization) -> Repository:
    files = {"src/app.py": "one\ntwo\nthree\n", "old.txt": "old\n"}
    return await agency.create_repository("backend", files)


@pytest.fixture
def maya(github: SimulatedGitHub, backend: Repository) -> User:
    maya = github.user("maya")
    backend.allow(maya, "write")
    return maya


@pytest.fixture
def rowan(github: SimulatedGitHub, backend: Repository) -> User:
    rowan = github.user("rowan")
    backend.allow(rowan, "read")
    return rowan


@pytest.fixture
async def app(github: SimulatedGitHub, agency: Organization, receiver: Receiver) -> App:
    app = github.register_app(
        "orbits",
        webhook_url="http://bot.test/hook",
        webhook_secret="It's a Secret to Everybody",
        permissions=PERMISSIONS,
        events=EVENTS,
    )
    app.install_on(agency)
    await github.deliveries_settled()
    receiver.forget()
    return app


@pytest.fixture
def installation(app: App) -> Installation:
    return app.installations[0]


@pytest.fixture
async def api(github: SimulatedGitHub) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(github.asgi)
    base = "http://github.test/api/v3"
    async with httpx.AsyncClient(transport=transport, base_url=base) as client:
        yield client


@pytest.fixture
async def browser(github: SimulatedGitHub) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(github.asgi)
    async with httpx.AsyncClient(transport=transport, base_url="http://github.test") as client:
        yield client


def json_web_token(app: App, now: datetime, **claims: Any) -> str:
    stamp = int(now.timestamp())
    content = {"iss": str(app.id), "iat": stamp - 60, "exp": stamp + 540, **claims}
    return jwt.encode(content, _parsed(app.private_key), algorithm="RS256")


@functools.cache
def _parsed(pem: str) -> RSAPrivateKey:
    key = load_pem_private_key(pem.encode(), None)
    assert isinstance(key, RSAPrivateKey)
    return key


@pytest.fixture
async def bot(
    api: httpx.AsyncClient, app: App, installation: Installation, clock: Clock
) -> httpx.AsyncClient:
    """A client that carries an installation token of the App."""
    api.headers["authorization"] = f"Bearer {json_web_token(app, clock())}"
    answer = await api.post(f"/app/installations/{installation.id}/access_tokens")
    assert answer.status_code == 201, answer.text
    api.headers["authorization"] = f"Bearer {answer.json()['token']}"
    return api
