"""Worlds to tell stories about; at the end of each, no request and no log may show a fault."""

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from bot.demo.agency import found_agency
from bot.simulated.github import SimulatedGitHub
from bot.simulated.github.apps import new_key_pair
from tests.openapi import validate_request
from tests.stories.clock import StoryClock
from tests.stories.process import Doorstep
from tests.stories.world import World, running

NewWorld = Callable[..., Awaitable[World]]

TENANTS = ("acme", "globex")


@pytest.fixture(scope="session")
def keys() -> tuple[str, str]:
    """The key pair of the App; one is enough for all stories."""
    return new_key_pair()


@pytest.fixture
async def new_world(
    tmp_path: Path, migrated_file: Path, keys: tuple[str, str], logged: list[Any]
) -> AsyncIterator[NewWorld]:
    """Makes the test's world, of other tenants or with paths that services are deployed from."""
    del logged
    github: list[SimulatedGitHub] = []
    async with AsyncExitStack() as open_until_the_end:

        async def new(
            tenants: tuple[str, ...] = TENANTS, paths: Mapping[str, tuple[str, ...]] | None = None
        ) -> World:
            shutil.copy(migrated_file, tmp_path / "orbits.db")
            clock, doorstep = StoryClock(), Doorstep()
            site = SimulatedGitHub(
                tmp_path / "github", clock=clock.now, transport=doorstep, new_keys=lambda: keys
            )
            github.append(await open_until_the_end.enter_async_context(site))
            agency = await found_agency(site, tmp_path)
            agency.app.webhook_url = "http://orbits.test/webhooks/github"
            world = World(agency, clock, doorstep, paths or {})
            for tenant in tenants:
                await world.takes_on(tenant)
            await open_until_the_end.enter_async_context(running(world))
            return world

        yield new
    for request in (each for site in github for each in site.requests):
        validate_request(request.method, request.path, request.query, request.json)


@pytest.fixture
async def world(new_world: NewWorld) -> World:
    """Two tenants who have nothing yet, and use everything."""
    return await new_world()
