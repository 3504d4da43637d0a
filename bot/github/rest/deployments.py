"""Deployments, as GitHub shows them on commits, pull requests and environments."""

import json

from pydantic import JsonValue

from bot.github.answers import Created, DeploymentRequest, DeploymentStatus
from bot.github.rest.paging import pages
from bot.github.rest.paths import path_of
from bot.github.rest.people import People
from bot.github.shapes import Account, Narrow
from bot.github.wire import Wire


class _Deployment(Narrow):
    id: int
    payload: JsonValue = None
    creator: Account | None = None

    @property
    def key(self) -> JsonValue:
        """Our own name for it; some servers answer the payload as text."""
        payload = self.payload
        if isinstance(payload, str):
            try:
                payload = json.loads(payload)
            except ValueError:
                return None
        return payload.get("orbits") if isinstance(payload, dict) else None


class _Status(Narrow):
    id: int
    state: str
    description: str | None = None
    log_url: str | None = None

    def says(self, wanted: DeploymentStatus) -> bool:
        body = wanted.body()
        return (
            self.state == body["state"]
            and (self.description or "") == body["description"]
            and (self.log_url or "") == body.get("log_url", "")
        )


class Deployments:
    """Deployments of ours, each found again by its key."""

    def __init__(self, wire: Wire, people: People) -> None:
        self._wire = wire
        self._people = people

    async def create(self, repository: str, deployment: DeploymentRequest) -> int:
        """Tell of a deployment and answer its id."""
        path = path_of(repository, "deployments")
        return (await self._wire.ask(Created, "POST", path, body=deployment.body())).id

    async def find(self, repository: str, sha: str, environment: str, key: str) -> int | None:
        """Answer the id of our own deployment of that key."""
        me = await self._people.me()
        path = path_of(repository, "deployments")
        params = {"sha": sha, "environment": environment}
        async for page in pages(self._wire, tuple[_Deployment, ...], path, params):
            for deployment in page:
                ours = deployment.creator is not None and deployment.creator.login == me.login
                if ours and deployment.key == key:
                    return deployment.id
        return None

    async def set_status(
        self, repository: str, deployment_id: int, status: DeploymentStatus
    ) -> int:
        """Say how far a deployment has come, and answer the status's id."""
        path = path_of(repository, "deployments", deployment_id, "statuses")
        return (await self._wire.ask(Created, "POST", path, body=status.body())).id

    async def find_status(
        self, repository: str, deployment_id: int, status: DeploymentStatus
    ) -> int | None:
        """Answer the id of the newest status of a deployment, if it says just this."""
        path = path_of(repository, "deployments", deployment_id, "statuses")
        newest: _Status | None = None
        async for page in pages(self._wire, tuple[_Status, ...], path):
            newest = max(filter(None, (newest, *page)), key=lambda each: each.id, default=None)
        return newest.id if newest is not None and newest.says(status) else None
