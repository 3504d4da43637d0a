import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.simulated.serving import serving
from bot.simulated.slack import App, Channel, Member, SimulatedSlack


@dataclass
class Clock:
    now: datetime = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, time: timedelta) -> None:
        self.now += time


@dataclass
class Caller:
    """Slack's own client, which blocks, in threads."""

    client: WebClient

    async def __call__(self, method: str, **arguments: Any) -> dict[str, Any]:
        """Call a method and return what it answers."""
        answer = await asyncio.to_thread(getattr(self.client, method), **arguments)
        assert isinstance(answer.data, dict)
        return answer.data

    async def refused(self, method: str, **arguments: Any) -> Any:
        """Call a method that Slack refuses and return the answer."""
        with pytest.raises(SlackApiError) as failed:
            await self(method, **arguments)
        return failed.value.response

    async def error(self, method: str, **arguments: Any) -> str:
        """Call a method that Slack refuses and return the name of the error."""
        return str((await self.refused(method, **arguments))["error"])


def calling(slack: SimulatedSlack, token: str | None) -> Caller:
    return Caller(WebClient(token, base_url=slack.api_url, retry_handlers=[], timeout=10))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def slack(clock: Clock) -> AsyncIterator[SimulatedSlack]:
    slack = SimulatedSlack(clock=clock)
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
def maya(slack: SimulatedSlack) -> Member:
    return slack.person("maya")


@pytest.fixture
def bot(slack: SimulatedSlack, app: App, deploys: Channel) -> Caller:
    return calling(slack, app.token)


@pytest.fixture
async def browser(slack: SimulatedSlack) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=slack.address) as client:
        yield client
