"""What an App asks about itself: where it is installed, and what became of its deliveries."""

from collections.abc import AsyncIterator
from datetime import datetime

from bot.github.delivery import DeliveryAttempt, DeliveryRecord
from bot.github.rest.paging import pages
from bot.github.shapes import Installation, Narrow, Repository
from bot.github.wire import Wire

_DELIVERIES = "/app/hook/deliveries"


class _Repositories(Narrow):
    repositories: tuple[Repository, ...]


class AppItself:
    """The App that the bot is; a personal token is refused with `AppNeeded`."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def installations(self) -> tuple[Installation, ...]:
        """Answer where the App is installed, suspended installations among them."""
        path = "/app/installations"
        self._wire.demand_app("GET", path, "list its installations")
        found: list[Installation] = []
        async for page in pages(self._wire, tuple[Installation, ...], path):
            found += page
        return tuple(found)

    async def repositories(self, installation_id: int) -> tuple[Repository, ...]:
        """Answer the repositories that an installation reaches.

        https://docs.github.com/en/rest/apps/installations#list-repositories-accessible-to-the-app-installation
        """
        path = "/installation/repositories"
        self._wire.demand_app("GET", path, "list the repositories of its installations")
        found: list[Repository] = []
        async for page in pages(self._wire, _Repositories, path, installation=installation_id):
            found += page.repositories
        return tuple(found)

    async def deliveries(self, since: datetime) -> AsyncIterator[DeliveryAttempt]:
        """Yield GitHub's attempts to deliver since a moment, the newest first.

        https://docs.github.com/en/rest/apps/webhooks#list-deliveries-for-an-app-webhook
        """
        self._wire.demand_app("GET", _DELIVERIES, "read the log of its deliveries")
        async for page in pages(self._wire, tuple[DeliveryAttempt, ...], _DELIVERIES):
            for attempt in page:
                if attempt.delivered_at >= since:
                    yield attempt
            if any(attempt.delivered_at < since for attempt in page):
                return

    async def delivery(self, delivery_id: int) -> DeliveryRecord:
        """Answer an attempt with what was sent; `NotFound` after three days."""
        path = f"{_DELIVERIES}/{delivery_id}"
        self._wire.demand_app("GET", path, "read the log of its deliveries")
        return await self._wire.ask(DeliveryRecord, "GET", path)

    async def redeliver(self, delivery_id: int) -> None:
        """Let GitHub deliver once more what it tried to; `NotFound` after three days."""
        path = f"{_DELIVERIES}/{delivery_id}/attempts"
        self._wire.demand_app("POST", path, "have deliveries sent again")
        await self._wire.tell("POST", path)
