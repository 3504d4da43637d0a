"""Channels that behave, each over the real thing: Slack, a receiver, and a mail server."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from bot.channels.message import Message, SlackWords
from bot.channels.slack import SlackBot
from bot.simulated.serving import serving
from bot.simulated.slack import App, Channel, SimulatedSlack
from tests.channels.mail_server import MailHost
from tests.channels.receiver import Receiver

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
SECRET = "It's a Secret to Everybody"
FAILED = Message(
    title="❌ backend → a1b2c3d: 1 of 2 tenants updated, 1 failed",
    text="❌ backend → a1b2c3d\n\nFor whom: acme\n",
    slack=SlackWords("1 failed", ({"type": "divider"},)),
    data={"version": 1, "subject": "rollout/7", "tenants": ["acme", "größe"]},
)


def now() -> datetime:
    return NOW


@pytest.fixture
async def slack() -> AsyncIterator[SimulatedSlack]:
    slack = SimulatedSlack(clock=now)
    async with serving(slack.asgi) as address:
        slack.address = address
        yield slack


@pytest.fixture
def app(slack: SimulatedSlack) -> App:
    return slack.app("Orbits")


@pytest.fixture
def deploys(slack: SimulatedSlack, app: App) -> Channel:
    channel = slack.channel("deploys")
    app.join(channel)
    return channel


@pytest.fixture
def bot(slack: SimulatedSlack, app: App, deploys: Channel) -> SlackBot:
    return SlackBot(app.token, slack.api_url, now=now)


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
