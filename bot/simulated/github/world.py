"""The whole world of one simulated GitHub, without its web face: people, organizations, Apps."""

import random
import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

import httpx

from bot.simulated.github.accounts import Account
from bot.simulated.github.acts import Acts
from bot.simulated.github.apps import App, Level, NewKeys, new_key_pair
from bot.simulated.github.deliveries import Delivery, DeliveryQueue
from bot.simulated.github.organizations import Organization
from bot.simulated.github.outages import Outages
from bot.simulated.github.people import User
from bot.simulated.github.platform import Platform
from bot.simulated.github.rate_limits import RateLimits
from bot.simulated.github.refusals import GitHubRefused, not_found
from bot.simulated.github.registrations import Manifest, Registrations
from bot.simulated.github.repositories import Repository
from bot.simulated.github.requests_seen import SeenRequest
from bot.simulated.github.tokens import Tokens
from bot.simulated.github.webhooks import Webhooks


class World:
    """State in memory, git on disk under `directory`, time by `clock` (aware).

    Every URL begins with `address`. `transport` carries the deliveries; without
    it they go over real HTTP. `new_keys` makes the keys of Apps: to be
    replaced where a tenth of a second each is too long.
    """

    def __init__(
        self,
        directory: Path,
        *,
        clock: Callable[[], datetime] | None = None,
        address: str = "http://github.test",
        transport: httpx.AsyncBaseTransport | None = None,
        new_keys: NewKeys = new_key_pair,
    ) -> None:
        self.platform = Platform(directory, clock, address)
        self.organizations: dict[str, Organization] = {}
        self.apps: dict[str, App] = {}
        self.requests: list[SeenRequest] = []
        self.outages = Outages()
        self.rate_limits = RateLimits(self.platform.now)
        self.queue = DeliveryQueue(self.platform, transport)
        self.tokens = Tokens(self.platform, self.apps)
        webhooks = Webhooks(self.platform, self.apps, self.queue)
        self.acts = Acts(
            webhooks.announce,
            self.apps,
            self.platform.new_account("github-merge-queue[bot]", "Bot"),
        )
        self.registrations = Registrations(self.platform, self.apps, webhooks.announce, new_keys)

    @property
    def address(self) -> str:
        """Where browsers find it; the API is at `/api/v3` below."""
        return self.platform.address

    @address.setter
    def address(self, address: str) -> None:
        self.platform.address = address.rstrip("/")

    def user(self, login: str) -> User:
        """Return the person of a login, who begins to exist when first asked for."""
        account = self.platform.account(login)
        if account is None:
            account = User(login, self.platform.next_id(), self.acts, self.tokens)
            self.platform.add_account(account)
        if not isinstance(account, User):
            raise GitHubRefused(f"{login} is no person.")
        return account

    def organization(self, login: str) -> Organization:
        """Return the organization of a login, which begins to exist when first asked for."""
        account = self.platform.account(login)
        if account is None:
            account = Organization(login, self.platform)
            self.platform.add_account(account)
            self.organizations[login.lower()] = account
        if not isinstance(account, Organization):
            raise GitHubRefused(f"{login} is no organization.")
        return account

    @property
    def people(self) -> list[User]:
        """Everybody, in the order in which they came."""
        return [each for each in self.platform.accounts.values() if isinstance(each, User)]

    def repository(self, owner: str, name: str) -> Repository:
        """Return a repository; refused with 404 if there is none."""
        organization = self.organizations.get(owner.lower())
        found = organization.repository(name) if organization else None
        if found is None:
            raise not_found()
        return found

    def register_app(  # noqa: PLR0913 - the fields of GitHub's form
        self,
        slug: str,
        *,
        webhook_url: str | None = None,
        webhook_secret: str | None = None,
        permissions: Mapping[str, Level] | None = None,
        events: Sequence[str] = (),
        owner: Account | None = None,
    ) -> App:
        """Register an App, which is pinged at once; without a secret it gets a random one."""
        secret = secrets.token_hex(20) if webhook_secret is None else webhook_secret
        manifest = Manifest(slug, webhook_url, secret, dict(permissions or {}), tuple(events))
        if owner is None:
            owner = next(iter(self.organizations.values()), None) or self.organization(slug)
        return self.registrations.register(manifest, owner)

    @property
    def deliveries(self) -> list[Delivery]:
        """Every attempt to deliver, oldest first."""
        return self.queue.log

    async def deliveries_settled(self) -> None:
        """Wait until every delivery was attempted once, but not for what a pause holds back."""
        await self.queue.settled()

    def pause_deliveries(self) -> None:
        """Hold deliveries back until they are resumed."""
        self.queue.mischief.paused = True
        self.queue.look_again()

    def resume_deliveries(self) -> None:
        """Send what was held back."""
        self.queue.mischief.paused = False
        self.queue.look_again()

    def lose_next_deliveries(self, count: int = 1) -> None:
        """Let the next deliveries fail as if the App could not be reached."""
        self.queue.mischief.lose = count

    def lose_next_delivery_answers(self, count: int = 1) -> None:
        """Let the next deliveries arrive, but count as timed out."""
        self.queue.mischief.lose_answers = count

    def duplicate_deliveries(self, count: int | None = None) -> None:
        """Send the next deliveries twice, with the same GUID; without a count, all from now on."""
        self.queue.mischief.duplicate = count or 0
        self.queue.mischief.duplicate_all = count is None

    def shuffle_deliveries(self, seed: int | None = 0) -> None:
        """Send what waits in a random order from now on; None ends it."""
        shuffled_by = None if seed is None else random.Random(seed)  # noqa: S311 - repeatable
        self.queue.mischief.shuffled_by = shuffled_by

    async def redeliver(self, guid: str) -> None:
        """Send an event once more, with its old GUID and body."""
        attempts = self.queue.attempts(guid)
        if not attempts:
            raise not_found()
        self.queue.put(attempts[0].parcel, redelivery=True)
