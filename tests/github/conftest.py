"""An App installed at an agency of the simulated GitHub, and the door through which it asks."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from bot.github.answers import CheckRun
from bot.github.auth import AppKey, PersonalToken
from bot.github.delivery import ReceivedDelivery
from bot.github.door import GitHub
from bot.github.events import Event, parse
from bot.github.wire import Patience
from bot.simulated.github import (
    App,
    Organization,
    PullRequest,
    Repository,
    SimulatedGitHub,
    User,
)
from bot.simulated.github.apps import Level, new_key_pair
from bot.web.webhook import webhook_route
from tests.openapi import validate_request

NAME = "agency/backend"
SECRET = "secret"
PERMISSIONS: dict[str, Level] = {
    "checks": "write",
    "contents": "read",
    "deployments": "write",
    "issues": "write",
    "merge_queues": "read",
    "pull_requests": "read",
}
EVENTS = (
    "check_run",
    "check_suite",
    "issue_comment",
    "issues",
    "merge_group",
    "pull_request",
    "push",
)


@dataclass
class Clock:
    """A clock that only a test moves."""

    now: datetime = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, by: timedelta) -> None:
        self.now += by


@dataclass
class Agency:
    """What a test of the door acts on."""

    simulator: SimulatedGitHub
    organization: Organization
    repository: Repository
    app: App
    maya: User
    clock: Clock
    slept: list[float]
    door: GitHub
    taken_in: list[ReceivedDelivery] = field(default_factory=list)

    def asked(self, method: str, path: str) -> int:
        """How often a request whose path ends so was answered."""
        return sum(
            seen.method == method and seen.path.endswith(path) for seen in self.simulator.requests
        )

    def transport(self) -> httpx.AsyncBaseTransport:
        """A way to the simulated GitHub."""
        return httpx.ASGITransport(self.simulator.asgi)

    def door_of(self, person: User) -> GitHub:
        """A door for somebody's personal token."""
        return GitHub(
            f"{self.simulator.address}/api/v3",
            PersonalToken(person.personal_token()),
            clock=self.clock,
            transport=self.transport(),
        )

    async def opened(self, *paths: str) -> PullRequest:
        """A pull request of Maya's that adds these files."""
        changes = {path: f"{path}\n" for path in paths}
        return await self.maya.opens_pull_request(self.repository, "A change", changes)

    def listens(self) -> None:
        """Let the App hear of everything that the bot acts on."""
        self.app.webhook_url, self.app.events = "http://bot.test/webhooks/github", EVENTS

    async def heard(self) -> list[Event]:
        """What the bot makes of the deliveries so far, and forgets."""
        await self.simulator.deliveries_settled()
        events = [parse(delivery.event, delivery.payload) for delivery in self.taken_in]
        self.taken_in.clear()
        return [event for event in events if event is not None]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def keys() -> tuple[str, str]:
    """One pair of keys for the Apps of all tests: a new one takes a tenth of a second."""
    return new_key_pair()


@pytest.fixture
async def agency(tmp_path: Path, clock: Clock, keys: tuple[str, str]) -> AsyncIterator[Agency]:
    slept: list[float] = []
    taken_in: list[ReceivedDelivery] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    async def take_in(delivery: ReceivedDelivery) -> bool:
        taken_in.append(delivery)
        return True

    bot = Starlette(routes=[webhook_route((SECRET,), take_in, clock)])
    simulator = SimulatedGitHub(
        tmp_path, clock=clock, transport=httpx.ASGITransport(bot), new_keys=lambda: keys
    )
    organization = simulator.organization("agency")
    repository = await organization.create_repository("backend", {"src/app.py": "1\n"})
    maya = simulator.user("maya")
    repository.allow(maya, "write")
    app = simulator.register_app("orbits", webhook_secret=SECRET, permissions=PERMISSIONS)
    app.install_on(organization)
    door = GitHub(
        f"{simulator.address}/api/v3",
        AppKey(str(app.id), app.private_key),
        clock=clock,
        transport=httpx.ASGITransport(simulator.asgi),
        patience=Patience(sleep=sleep),
    )
    async with simulator, door:
        yield Agency(simulator, organization, repository, app, maya, clock, slept, door, taken_in)
    for request in simulator.requests:
        if request.status != 401:  # of a caller whom it does not know it reads no body
            validate_request(request.method, request.path, request.query, request.json)


def a_check(**changed: object) -> CheckRun:
    """A check that goes on, with other words where a test wants them."""
    words: dict[str, object] = {
        "name": "orbits/deploy",
        "external_id": "rollout-1",
        "status": "in_progress",
        "conclusion": None,
        "title": "1 of 6 tenants updated",
        "summary": "It goes on.",
        "text": "",
    }
    return CheckRun(**{**words, **changed})  # type: ignore[arg-type]


def answering(body: object, status: int = 200) -> GitHub:
    """A door to a GitHub that knows one answer, such as the simulated one never gives."""
    return answering_by(lambda _: httpx.Response(status, json=body))


def answering_by(answer: Callable[[httpx.Request], httpx.Response]) -> GitHub:
    """A door to a GitHub that answers as a test says."""
    transport = httpx.MockTransport(answer)
    clock, credentials = Clock(), PersonalToken("secret")
    return GitHub("https://api.github.test", credentials, clock=clock, transport=transport)
