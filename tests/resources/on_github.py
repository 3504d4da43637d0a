"""An agency on a simulated GitHub with the bot's App on it, and an engine that is given both."""

import functools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from bot.engine.engine import Engine
from bot.github.auth import AppKey
from bot.github.door import GitHub
from bot.github.fetching import GithubLogins
from bot.github.repositories import GithubRepositories
from bot.simulated.github import App, Organization, SimulatedGitHub
from bot.simulated.github.apps import Level, new_key_pair
from bot.store.database import Database
from resources.masking import Masks
from tests.openapi import validate_request

ADMINISTERS: dict[str, Level] = {
    "administration": "write",
    "contents": "write",
    "members": "read",
}


@dataclass
class OnGitHub:
    """What a test of repositories on GitHub acts on."""

    simulator: SimulatedGitHub
    agency: Organization
    app: App
    door: GitHub
    masks: Masks = field(default_factory=Masks)

    def engine(self, database: Database, *others: object) -> Engine:
        """Answer an engine whose runs reach GitHub, and have what else they need."""
        repositories = GithubRepositories(self.door)
        given = (repositories, self.logins(), self.masks, *others)
        return Engine(database, given=given, masks=self.masks)

    def logins(self) -> GithubLogins:
        """Answer the logins for what is on this GitHub."""
        return GithubLogins(self.door, self.simulator.platform.api, self.masks.add)

    def asked(self, method: str, ending: str) -> int:
        """Answer how often such a request was answered."""
        requests = self.simulator.requests
        return sum(each.method == method and each.path.endswith(ending) for each in requests)


@asynccontextmanager
async def on_github(folder: Path, address: str = "http://github.test") -> AsyncIterator[OnGitHub]:
    """Have the agency, whose App may administer; what was asked of GitHub is held against its
    own description in the end.
    """
    simulator = SimulatedGitHub(folder / "github", address=address, new_keys=_keys)
    agency = simulator.organization("agency")
    app = simulator.register_app("orbits", permissions=ADMINISTERS)
    app.install_on(agency)
    key = AppKey(str(app.id), app.private_key)
    transport = httpx.ASGITransport(simulator.asgi)
    api = f"{address}/api/v3"
    async with (
        simulator,
        GitHub(api, key, clock=simulator.platform.now, transport=transport) as door,
    ):
        yield OnGitHub(simulator, agency, app, door)
    for seen in simulator.requests:
        validate_request(seen.method, seen.path, seen.query, seen.json)


@functools.cache
def _keys() -> tuple[str, str]:
    return new_key_pair()
