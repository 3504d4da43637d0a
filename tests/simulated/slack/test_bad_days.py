import asyncio
from datetime import timedelta
from http.client import RemoteDisconnected

import httpx
import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry import (
    ConnectionErrorRetryHandler,
    FixedValueRetryIntervalCalculator,
    RetryHandler,
)

from bot.simulated.slack import App, Channel, SimulatedSlack
from tests.simulated.slack.conftest import Caller, Clock


async def post(bot: Caller, channel: Channel, text: str = "x") -> int:
    """Post a message and return the status of the answer."""
    try:
        await bot("chat_postMessage", channel=channel.id, text=text)
    except SlackApiError as refused:
        return int(refused.response.status_code)
    return 200


async def test_the_next_calls_fail(bot: Caller, slack: SimulatedSlack, deploys: Channel) -> None:
    slack.outages.fail("chat.*", times=2)

    found = [await post(bot, deploys) for _ in range(3)]

    assert found == [500, 500, 200]
    assert len(deploys.messages) == 1
    assert [(each.status, each.error) for each in slack.calls("chat.postMessage")] == [
        (500, "internal_error"),
        (500, "internal_error"),
        (200, ""),
    ]


async def test_a_proxy_answers_with_a_page(
    bot: Caller, slack: SimulatedSlack, deploys: Channel
) -> None:
    slack.outages.fail("chat.postMessage", status=502)

    refused = await bot.refused("chat_postMessage", channel=deploys.id, text="x")

    assert refused.status_code == 502
    assert refused["error"] == (
        "Received a response in a non-JSON format: "
        "<html><head><title>502</title></head><body>Server Error</body></html>"
    )


async def test_slack_may_refuse_without_a_reason(
    bot: Caller, slack: SimulatedSlack, deploys: Channel
) -> None:
    slack.outages.refuse("fatal_error", "chat.postMessage", times=None)
    assert await bot.error("chat_postMessage", channel=deploys.id, text="x") == "fatal_error"

    slack.outages.end()

    assert await post(bot, deploys) == 200


async def test_an_answer_is_lost_after_the_deed(
    bot: Caller, slack: SimulatedSlack, deploys: Channel
) -> None:
    slack.outages.lose_answer("chat.postMessage")

    with pytest.raises(RemoteDisconnected):
        await bot("chat_postMessage", channel=deploys.id, text="1 failed")

    assert [each.text for each in deploys.messages] == ["1 failed"]
    assert [each.answered for each in slack.calls("chat.postMessage")] == [False]


async def test_the_client_left_to_itself_posts_twice(
    slack: SimulatedSlack, app: App, deploys: Channel
) -> None:
    slack.outages.lose_answer("chat.postMessage")
    at_once = FixedValueRetryIntervalCalculator(0)
    like_the_default: list[RetryHandler] = [
        ConnectionErrorRetryHandler(interval_calculator=at_once)
    ]
    client = WebClient(app.token, base_url=slack.api_url, retry_handlers=like_the_default)

    await asyncio.to_thread(client.chat_postMessage, channel=deploys.id, text="1 failed")

    assert [each.text for each in deploys.messages] == ["1 failed", "1 failed"]


async def test_nobody_serves_and_the_answer_is_lost_all_the_same(
    slack: SimulatedSlack, app: App, deploys: Channel
) -> None:
    slack.outages.lose_answer()
    transport = httpx.ASGITransport(slack.asgi)
    headers = {"authorization": f"Bearer {app.token}"}

    async with httpx.AsyncClient(transport=transport, base_url="http://slack.test") as client:
        with pytest.raises(ConnectionResetError):
            await client.post(
                "/api/chat.postMessage",
                json={"channel": deploys.id, "text": "1 failed"},
                headers=headers,
            )

    assert [each.text for each in deploys.messages] == ["1 failed"]


async def test_slack_asks_for_patience(
    bot: Caller, slack: SimulatedSlack, deploys: Channel
) -> None:
    slack.outages.slow_down("chat.postMessage", retry_after=42)

    refused = await bot.refused("chat_postMessage", channel=deploys.id, text="x")

    assert refused.status_code == 429
    assert refused.data == {"ok": False, "error": "ratelimited"}
    assert refused.headers["Retry-After"] == "42"
    assert await post(bot, deploys) == 200


async def test_one_message_a_second_and_channel_after_a_short_burst(
    bot: Caller, slack: SimulatedSlack, app: App, deploys: Channel, clock: Clock
) -> None:
    slack.rate_limits.enabled = True
    drift = slack.channel("drift")
    app.join(drift)

    assert [await post(bot, deploys) for _ in range(6)] == [200] * 5 + [429]
    refused = await bot.refused("chat_postMessage", channel=deploys.id, text="x")
    assert refused.headers["Retry-After"] == "1"
    assert await post(bot, drift) == 200

    for _ in range(3):
        clock.pass_by(timedelta(seconds=1))
        assert [await post(bot, deploys) for _ in range(2)] == [200, 429]
    clock.pass_by(timedelta(seconds=5))
    assert [await post(bot, deploys) for _ in range(6)] == [200] * 5 + [429]


async def test_fifty_changes_a_minute(
    bot: Caller, slack: SimulatedSlack, deploys: Channel, clock: Clock
) -> None:
    posted = await bot("chat_postMessage", channel=deploys.id, text="x")
    slack.rate_limits.enabled = True
    wanted = {"channel": deploys.id, "ts": posted["ts"], "text": "y"}
    await bot("chat_update", **wanted)
    clock.pass_by(timedelta(seconds=20))
    for _ in range(49):
        await bot("chat_update", **wanted)

    refused = await bot.refused("chat_update", **wanted)

    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "40")
    clock.pass_by(timedelta(seconds=40))
    await bot("chat_update", **wanted)
    assert deploys.messages[0].edits == 51


async def test_every_call_is_noted(bot: Caller, slack: SimulatedSlack, deploys: Channel) -> None:
    await bot("chat_postMessage", channel=deploys.id, text="x")
    await bot.error("chat_postMessage", channel="C0", text="y")

    assert [(each.who, each.arguments, each.error) for each in slack.requests] == [
        ("Orbits", {"channel": deploys.id, "text": "x"}, ""),
        ("Orbits", {"channel": "C0", "text": "y"}, "channel_not_found"),
    ]
