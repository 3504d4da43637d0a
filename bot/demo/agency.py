"""The agency of the demo: three services on a simulated GitHub, and six clients."""

import asyncio
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from bot.handlers.registry import Bot
from bot.rollouts.tenants import Tenants
from bot.settings import Settings
from bot.simulated.github import App, Repository, SimulatedGitHub, User
from bot.simulated.github.apps import Level
from bot.simulated.slack import SimulatedSlack
from bot.store.tables import Tenant
from resources.example import MyStack, fleet
from resources.example import Tenants as EveryTenant
from resources.fleet import Desired, Fleet

SERVICE_FILES = Path(__file__).parent / "services"
SERVICES = ("auth", "backend", "frontend")
REGIONS = {
    "acme": "eu-west-1",
    "globex": "eu-central-1",
    "hooli": "us-west-2",
    "initech": "us-east-1",
    "umbrella": "eu-north-1",
    "wayne": "us-east-1",
}
ODD_ONE = "initech"
"""The client whose data will not fit the second change."""

PERMISSIONS: dict[str, Level] = {
    "checks": "write",
    "contents": "read",
    "deployments": "write",
    "issues": "write",
    "members": "read",
    "merge_queues": "read",
    "metadata": "read",
    "pull_requests": "read",
}
EVENTS = (
    *("pull_request", "push", "issue_comment", "issues"),
    *("check_run", "check_suite", "merge_group"),
)


@dataclass(frozen=True)
class Agency:
    """What the story is told about."""

    github: SimulatedGitHub
    home: Path
    app: App
    maya: User
    repositories: dict[str, Repository]
    regions: Mapping[str, str]
    """The clients, and where each of them is."""

    @property
    def backend(self) -> Repository:
        """The repository that the story's changes are proposed to."""
        return self.repositories["backend"]

    @property
    def fleet(self) -> Fleet:
        """The agency's services and stacks, with git on this machine as their source."""
        sources = {name: str(repository.git.directory) for name, repository in self._named()}
        return fleet(self.home, sources)

    def settings(self, slack: SimulatedSlack | None = None) -> Settings:
        """The bot's settings, as an operator would set them; with a Slack, for its channel."""
        channel = _channel_of(slack) if slack else {}
        return Settings(
            database_url=f"sqlite:///{self.home / 'orbits.db'}",
            github_api_url=self.github.platform.api,
            github_app_id=self.app.id,
            github_private_key=SecretStr(self.app.private_key),
            github_webhook_secret=SecretStr(self.app.webhook_secret),
            stacks="resources.example:stacks",
            grace_seconds=1,
            **channel,
        )

    def file_of(self, tenant: str) -> Path:
        """Answer where a file of a client's backend lies."""
        return self.home / "accounts" / tenant / "backend" / "service.conf"

    async def take_clients_on(self, bot: Bot, tenants: Tenants) -> None:
        """Install every client's stack at the revisions that the services are at now."""
        heads = {name: await repository.head("main") for name, repository in self._named()}
        stacks = []
        for name, region in self.regions.items():
            await tenants.add(Tenant(name=name, variables={"region": region}))
            desired = Desired(tenant=name, revisions=heads, variables={"region": region})
            stacks.append(MyStack.model_validate(self.fleet.stack(desired).model_dump()))
        notifications = self.home / "notifications.jsonl"
        await bot.engine.run(
            EveryTenant(rollout="first", stacks=tuple(stacks), notifications=notifications)
        )
        for name in self.regions:
            await tenants.has(name, heads)

    async def import_customers_twice(self) -> None:
        """Let somebody at the odd client load the same customers once more, by hand."""
        database = self.home / "accounts" / ODD_ONE / "backend" / "database.sqlite3"
        await asyncio.to_thread(_repeat_customers, database)

    async def mend_customers(self) -> None:
        """Let somebody at the odd client remove what was loaded twice, by hand."""
        database = self.home / "accounts" / ODD_ONE / "backend" / "database.sqlite3"
        await asyncio.to_thread(_forget_repeated_customers, database)

    def columns(self, tenant: str) -> list[str]:
        """Answer the columns of a client's customers, read from its database."""
        database = self.home / "accounts" / tenant / "backend" / "database.sqlite3"
        with closing(sqlite3.connect(database)) as connection:
            return [str(row[1]) for row in connection.execute("PRAGMA table_info(customers)")]

    def _named(self) -> list[tuple[str, Repository]]:
        return list(self.repositories.items())


async def found_agency(
    github: SimulatedGitHub, home: Path, regions: Mapping[str, str] = REGIONS
) -> Agency:
    """Create the organisation, its repositories, its people and its App."""
    organization = github.organization("agency")
    maya = github.user("maya")
    repositories = {}
    for name in SERVICES:
        repository = await organization.create_repository(name, SERVICE_FILES / name)
        repository.allow(maya, "write")
        repositories[name] = repository
    app = github.register_app("orbits", permissions=PERMISSIONS, events=EVENTS, owner=organization)
    app.install_on(organization)
    return Agency(github, home, app, maya, repositories, regions)


def _channel_of(slack: SimulatedSlack) -> dict[str, Any]:
    """Let the bot into a channel, and answer the settings with which it alerts there."""
    app, deploys = slack.app("Orbits"), slack.channel("deploys")
    app.join(deploys)
    return {
        "slack_bot_token": SecretStr(app.token),
        "slack_channel": deploys.name,
        "slack_api_url": slack.api_url,
    }


def _forget_repeated_customers(database: Path) -> None:
    with closing(sqlite3.connect(database)) as connection, connection:
        first = "SELECT min(id) FROM customers GROUP BY email"
        connection.execute(f"DELETE FROM customers WHERE id NOT IN ({first})")  # noqa: S608 (ours)


def _repeat_customers(database: Path) -> None:
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("INSERT INTO customers (name, email) SELECT name, email FROM customers")
