"""A newsroom whose outbox leads to a simulated Slack, by a clock that leaps."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.channels.addresses import Addresses
from bot.simulated.serving import serving
from bot.simulated.slack import SimulatedSlack
from bot.store.database import Database
from tests.alerts.newsroom import Newsroom
from tests.channels.mail_server import MailHost
from tests.channels.receiver import Receiver
from tests.outbox.office import LeapingClock


@pytest.fixture
def clock() -> LeapingClock:
    return LeapingClock()


@pytest.fixture
async def slack(clock: LeapingClock) -> AsyncIterator[SimulatedSlack]:
    slack = SimulatedSlack(clock=clock.now)
    slack.rate_limits.enabled = True
    async with serving(slack.asgi) as address:
        slack.address = address
        yield slack


@pytest.fixture
async def room(
    database: Database, clock: LeapingClock, slack: SimulatedSlack, logged: list[Any]
) -> Newsroom:
    """One whose bot is in #deploys, and tells it everything."""
    del logged
    app = slack.app("Orbits")
    deploys = slack.channel("deploys")
    app.join(deploys)
    addresses = Addresses(
        slack_api_url=slack.api_url, slack_token=app.token, slack_channel="deploys"
    )
    return Newsroom(database, clock, slack, app, deploys, addresses)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    async with serving(receiver) as address:
        receiver.address = address
        yield receiver


@pytest.fixture
async def mail_host() -> AsyncIterator[MailHost]:
    async with MailHost() as host:
        yield host
