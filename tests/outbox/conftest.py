"""An outbox of an App that is installed twice on the simulated GitHub, by a clock that leaps."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from bot.github.auth import AppKey
from bot.github.door import GitHub
from bot.github.wire import Patience
from bot.simulated.github import SimulatedGitHub
from bot.simulated.github.apps import Level, new_key_pair
from bot.store.database import Database
from tests.openapi import validate_request
from tests.outbox.office import Account, LeapingClock, Office, Road

PERMISSIONS: dict[str, Level] = {
    "checks": "write",
    "contents": "read",
    "deployments": "write",
    "issues": "write",
    "pull_requests": "read",
}


@pytest.fixture(scope="session")
def keys() -> tuple[str, str]:
    """The key pair of the App."""
    return new_key_pair()


@pytest.fixture
def logged() -> Iterator[list[Any]]:
    """What is logged; a test fails where an error is left in it."""
    with structlog.testing.capture_logs() as logged:
        yield logged
    assert [each for each in logged if each["log_level"] == "error"] == []


@pytest.fixture
def clock() -> LeapingClock:
    return LeapingClock()


@pytest.fixture
async def github(
    tmp_path: Path, clock: LeapingClock, keys: tuple[str, str]
) -> AsyncIterator[SimulatedGitHub]:
    """A GitHub that limits; whatever is asked of it must be as GitHub describes it."""
    async with SimulatedGitHub(tmp_path / "github", clock=clock.now, new_keys=lambda: keys) as site:
        site.rate_limits.enabled = True
        yield site
    for request in site.requests:
        validate_request(request.method, request.path, request.query, request.json)


@pytest.fixture
async def office(
    database: Database, github: SimulatedGitHub, clock: LeapingClock, logged: list[Any]
) -> AsyncIterator[Office]:
    """The outbox, and two accounts that it writes to."""
    del logged
    app = github.register_app("orbits", permissions=PERMISSIONS)
    maya = github.user("maya")
    accounts = {}
    for name in ("agency", "studio"):
        organization = github.organization(name)
        repository = await organization.create_repository("backend", {"src/app.py": "1\n"})
        repository.allow(maya, "write")
        app.install_on(organization)
        pull = await maya.opens_pull_request(repository, "Change it", {"src/app.py": "2\n"})
        comment = await maya.comments(pull, "/orbits plan")
        accounts[name] = Account(repository, pull, comment, await repository.head("main"), app.bot)
    road = Road(github.asgi, clock)
    async with GitHub(
        github.platform.api,
        AppKey(str(app.id), app.private_key),
        clock=clock.now,
        transport=road,
        patience=Patience(pauses=(0.0, 0.0, 0.0)),
    ) as door:
        yield Office(database, github, door, clock, road, app, maya, accounts)
