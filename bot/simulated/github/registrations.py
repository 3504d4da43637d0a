"""How Apps come to be: registered at once, or proposed as a manifest that a code stands for."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from bot.simulated.github.accounts import Account
from bot.simulated.github.apps import App, Installation, Level, NewKeys, check_subscriptions
from bot.simulated.github.happenings import Announce, Happening
from bot.simulated.github.organizations import Organization
from bot.simulated.github.platform import Platform, stamp
from bot.simulated.github.refusals import GitHubRefused, not_found
from bot.simulated.github.repositories import Repository
from bot.simulated.github.shapes.accounts import installation_json
from bot.simulated.github.shapes.repositories import repository_json

CODE_LIFE = timedelta(hours=1)


@dataclass(frozen=True)
class Manifest:
    """What an App is to be."""

    name: str
    webhook_url: str | None
    webhook_secret: str = field(default_factory=lambda: secrets.token_hex(20))
    permissions: dict[str, Level] = field(default_factory=dict)
    events: tuple[str, ...] = ()
    external_url: str = ""
    setup_url: str = ""


class Registrations:
    """Creates Apps, and pings them."""

    def __init__(
        self, platform: Platform, apps: dict[str, App], announce: Announce, new_keys: NewKeys
    ) -> None:
        self._platform = platform
        self._new_keys = new_keys
        self._apps = apps
        self._announce = announce
        self._proposals: dict[str, tuple[Manifest, Account, datetime]] = {}

    def register(self, manifest: Manifest, owner: Account) -> App:
        """Create an App with keys of its own; refused if its name is taken."""
        slug = "-".join(manifest.name.lower().split())
        if slug in self._apps:
            raise GitHubRefused(f"The App name {manifest.name} is taken.")
        check_subscriptions(manifest.permissions, manifest.events)
        platform, (private_key, public_key) = self._platform, self._new_keys()
        app_id = platform.next_id()
        app = App(
            platform=platform,
            id=app_id,
            slug=slug,
            name=manifest.name,
            owner=owner,
            bot=platform.new_account(f"{slug}[bot]", "Bot"),
            created_at=platform.now(),
            permissions=dict(manifest.permissions),
            events=manifest.events,
            webhook_url=manifest.webhook_url,
            webhook_secret=manifest.webhook_secret,
            client_id=f"Iv23li{app_id:014d}",
            client_secret=secrets.token_hex(20),
            private_key=private_key,
            public_key=public_key,
            hook_id=platform.next_id(),
            tell_installed=self._tell_installed,
            external_url=manifest.external_url,
        )
        self._apps[slug] = app
        self._ping(app)
        return app

    def propose(self, manifest: Manifest, owner: Account) -> str:
        """Keep a manifest that a person agreed to, and return its code: once, for an hour."""
        code = secrets.token_hex(20)
        self._proposals[code] = (manifest, owner, self._platform.now())
        return code

    def convert(self, code: str) -> App:
        """Turn a code into the App that it stands for."""
        manifest, owner, proposed_at = self._proposals.pop(code, (None, None, None))
        if manifest is None or owner is None or proposed_at is None:
            raise not_found()
        if self._platform.now() - proposed_at > CODE_LIFE:
            raise not_found()
        return self.register(manifest, owner)

    def _ping(self, app: App) -> None:
        hook = {
            "type": "App",
            "id": app.hook_id,
            "name": "web",
            "active": True,
            "events": list(app.events),
            "app_id": app.id,
            "config": {"content_type": "json", "insecure_ssl": "0", "url": app.webhook_url},
            "created_at": stamp(app.created_at),
            "updated_at": stamp(app.created_at),
        }
        payload = {"zen": "Keep it logically awesome.", "hook_id": app.hook_id, "hook": hook}
        self._announce(Happening("ping", None, app.owner, app.owner, payload, only_for=app.id))

    def _tell_installed(self, installation: Installation, action: str) -> None:
        payload: dict[str, Any] = {
            "installation": installation_json(installation, self._platform),
            "repositories": [_brief(each) for each in covered_by(installation)],
            "requester": None,
        }
        account, only = installation.account, installation.app.id
        self._announce(Happening("installation", action, account, account, payload, only_for=only))


def covered_by(installation: Installation) -> list[Repository]:
    """Return the repositories that an installation reaches now."""
    account = installation.account
    owned = account.repositories.values() if isinstance(account, Organization) else ()
    return [repository for repository in owned if installation.covers(repository)]


def _brief(repository: Repository) -> dict[str, Any]:
    names = ("id", "node_id", "name", "full_name", "private")
    return {name: value for name, value in repository_json(repository).items() if name in names}
