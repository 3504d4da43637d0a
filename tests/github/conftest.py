"""An App installed at an agency of the simulated GitHub, and the door through which it asks."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from bot.github.auth import AppKey
from bot.github.door import GitHub
from bot.github.wire import Patience
from bot.simulated.github import App, Organization, Repository, SimulatedGitHub, User


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

    def asked(self, method: str, path: str) -> int:
        """How often a request whose path ends so was answered."""
        return sum(
            seen.method == method and seen.path.endswith(path) for seen in self.simulator.requests
        )

    def transport(self) -> httpx.AsyncBaseTransport:
        """A way to the simulated GitHub."""
        return httpx.ASGITransport(self.simulator.asgi)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def agency(tmp_path: Path, clock: Clock) -> AsyncIterator[Agency]:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    simulator = SimulatedGitHub(tmp_path, clock=clock)
    organization = simulator.organization("agency")
    repository = await organization.create_repository("backend", {"src/app.py": "1\n"})
    maya = simulator.user("maya")
    repository.allow(maya, "write")
    app = simulator.register_app(
        "orbits",
        permissions={
            "checks": "write",
            "contents": "read",
            "issues": "write",
            "pull_requests": "write",
        },
    )
    app.install_on(organization)
    async with GitHub(
        f"{simulator.address}/api/v3",
        AppKey(str(app.id), app.private_key),
        clock=clock,
        transport=httpx.ASGITransport(simulator.asgi),
        patience=Patience(sleep=sleep),
    ) as door:
        yield Agency(simulator, organization, repository, app, maya, clock, slept, door)
