"""GitHub Apps: their keys, what they may do, and where they are installed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from bot.simulated.github.accounts import Account
from bot.simulated.github.codebase import Codebase
from bot.simulated.github.platform import Platform
from bot.simulated.github.refusals import GitHubRefused

Level = Literal["read", "write", "admin"]
LEVELS: tuple[Level, ...] = ("read", "write", "admin")

EVENT_PERMISSIONS = {
    "check_run": "checks",
    "check_suite": "checks",
    "deployment": "deployments",
    "deployment_status": "deployments",
    "issue_comment": "issues",
    "issues": "issues",
    "label": "issues",
    "merge_group": "merge_queues",
    "pull_request": "pull_requests",
    "push": "contents",
    "repository": "metadata",
    "status": "statuses",
}
"""Which permission an App needs before it may hear of an event."""

UNASKED_EVENTS = ("installation", "installation_repositories", "ping")
"""What every App hears."""


@dataclass(eq=False, repr=False)
class Installation:
    """An App's presence with one account, on all of its repositories or on some."""

    id: int
    app: "App"
    account: Account
    created_at: datetime
    selected: set[int] | None = None

    def __repr__(self) -> str:
        return f"<Installation {self.id} of {self.app.slug} on {self.account.login}>"

    def covers(self, repository: Codebase) -> bool:
        """Say whether the App may see a repository through this installation."""
        mine = repository.owner is self.account
        return mine and (self.selected is None or repository.id in self.selected)


@dataclass(eq=False, repr=False)
class App:
    """A registered GitHub App."""

    platform: Platform
    id: int
    slug: str
    name: str
    owner: Account
    bot: Account
    created_at: datetime
    permissions: dict[str, Level]
    events: tuple[str, ...]
    webhook_url: str | None
    webhook_secret: str
    client_id: str
    client_secret: str
    private_key: str
    public_key: str
    hook_id: int
    tell_installed: Callable[["Installation", str], None]
    external_url: str = ""
    installations: list[Installation] = field(default_factory=list)

    def __repr__(self) -> str:
        return f"<App {self.slug}>"

    @property
    def html_url(self) -> str:
        """The App's page."""
        return f"{self.platform.address}/apps/{self.slug}"

    @property
    def bot_login(self) -> str:
        """The login under which the App acts."""
        return self.bot.login

    def install_on(
        self, account: Account, repositories: Sequence[Codebase] | None = None
    ) -> Installation:
        """Install the App on all repositories of an account, present and to come, or on some."""
        if any(each.account is account for each in self.installations):
            raise GitHubRefused(f"{self.slug} is installed on {account.login} already.")
        for repository in repositories or ():
            if repository.owner is not account:
                raise GitHubRefused(f"{repository.full_name} does not belong to {account.login}.")
        chosen = None if repositories is None else {each.id for each in repositories}
        platform = self.platform
        installation = Installation(platform.next_id(), self, account, platform.now(), chosen)
        self.installations.append(installation)
        self.tell_installed(installation, "created")
        return installation

    def uninstall_from(self, account: Account) -> None:
        """Take the App away from an account; its tokens hold no longer."""
        found = [each for each in self.installations if each.account is account]
        if not found:
            raise GitHubRefused(f"{self.slug} is not installed on {account.login}.")
        self.tell_installed(found[0], "deleted")
        self.installations.remove(found[0])

    def may(self, permission: str, level: Level) -> bool:
        """Say whether the App was granted at least a level of a permission."""
        return grants(self.permissions, permission, level)

    def hears(self, event: str) -> bool:
        """Say whether the App is told of an event."""
        return event in UNASKED_EVENTS or event in self.events

    def installation_on(self, repository: Codebase) -> Installation | None:
        """Return the installation that covers a repository."""
        return next((each for each in self.installations if each.covers(repository)), None)


def grants(permissions: dict[str, Level], permission: str, level: Level) -> bool:
    """Say whether permissions hold at least a level of one; `metadata` is always readable."""
    held: Level | None = permissions.get(permission)
    if held is None:
        return permission == "metadata" and level == "read"
    return LEVELS.index(held) >= LEVELS.index(level)


def check_subscriptions(permissions: dict[str, Level], events: tuple[str, ...]) -> None:
    """Refuse events that GitHub does not know, or that the permissions do not reach."""
    for event in events:
        if event not in EVENT_PERMISSIONS:
            raise GitHubRefused(f"Default events unsupported: {event}")
        if not grants(permissions, EVENT_PERMISSIONS[event], "read"):
            raise GitHubRefused(
                f"Default events are not supported by permissions: {event} "
                f"needs {EVENT_PERMISSIONS[event]}"
            )
    for permission, level in permissions.items():
        if level not in LEVELS:
            raise GitHubRefused(f"{level!r} is no level of the permission {permission}.")


NewKeys = Callable[[], tuple[str, str]]
"""Makes a private key as PEM, and its public half."""


def new_key_pair() -> tuple[str, str]:
    """Return a private key as PEM (PKCS#1, as GitHub's are) and its public half."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return private.decode(), public.decode()
