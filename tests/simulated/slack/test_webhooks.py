import asyncio
from http.client import RemoteDisconnected
from typing import Any

import httpx
import pytest
from slack_sdk.webhook import WebhookClient

from bot.simulated.slack import App, Channel, Member, SimulatedSlack, Webhook


@pytest.fixture
def webhook(app: App, deploys: Channel) -> Webhook:
    return app.webhook(deploys)


async def send(url: str, **body: Any) -> tuple[int, str]:
    client = WebhookClient(url, retry_handlers=[], timeout=10)
    answer = await asyncio.to_thread(client.send, **body)
    return answer.status_code, answer.body


async def test_a_webhook_posts_to_its_channel(webhook: Webhook, deploys: Channel) -> None:
    blocks = [{"type": "header", "text": {"type": "plain_text", "text": "One tenant failed"}}]

    assert await send(webhook.url, text="1 failed", blocks=blocks) == (200, "ok")

    [message] = deploys.messages
    assert (message.author.name, message.text, message.webhook) == ("Orbits", "1 failed", True)
    assert [each["type"] for each in message.blocks] == ["header"]


async def test_a_webhook_replies_in_a_thread(
    webhook: Webhook, deploys: Channel, maya: Member, browser: httpx.AsyncClient
) -> None:
    root = deploys.says(maya, "What failed?")

    answer = await browser.post(webhook.path, json={"text": "acme", "thread_ts": root.ts})

    assert answer.text == "ok"
    assert [each.text for each in root.replies] == ["acme"]


async def test_an_older_caller_sends_a_form(
    webhook: Webhook, deploys: Channel, browser: httpx.AsyncClient
) -> None:
    answer = await browser.post(webhook.path, data={"payload": '{"text": "1 failed"}'})

    assert (answer.status_code, answer.text) == (200, "ok")
    assert [each.text for each in deploys.messages] == ["1 failed"]


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        (b"{", "invalid_payload"),
        (b"[]", "invalid_payload"),
        (b'{"text": 7}', "invalid_payload"),
        (b"{}", "no_text"),
        (b'{"text": "x", "blocks": [{"type": "marquee"}]}', "invalid_blocks"),
    ],
)
async def test_a_webhook_reads_its_body(
    webhook: Webhook, deploys: Channel, browser: httpx.AsyncClient, body: bytes, answer: str
) -> None:
    headers = {"content-type": "application/json"}

    refused = await browser.post(webhook.path, content=body, headers=headers)

    assert (refused.status_code, refused.text) == (400, answer)
    assert deploys.messages == []


async def test_the_address_is_the_secret(
    webhook: Webhook, slack: SimulatedSlack, app: App, browser: httpx.AsyncClient
) -> None:
    team, service, _ = webhook.path.removeprefix("/services/").split("/")
    found = {}
    for path in (f"{team}/{service}/guess", f"{team}/B0/guess", f"T0/{service}/guess"):
        answer = await browser.post(f"/services/{path}", json={"text": "x"})
        found[answer.text] = answer.status_code
    assert found == {"invalid_token": 403, "no_service": 404, "no_team": 404}

    webhook.active = False
    assert await send(webhook.url, text="x") == (404, "no_service")
    webhook.active = True
    app.uninstall()
    assert await send(webhook.url, text="x") == (404, "no_service")


async def test_an_address_that_is_none(browser: httpx.AsyncClient) -> None:
    answer = await browser.post("/services/T0", json={"text": "x"})

    assert (answer.status_code, answer.text) == (404, "no_team")


async def test_the_channel_may_be_closed(
    webhook: Webhook, slack: SimulatedSlack, deploys: Channel
) -> None:
    deploys.restricted = True
    assert await send(webhook.url, text="x") == (403, "action_prohibited")
    deploys.archive()
    assert await send(webhook.url, text="x") == (410, "channel_is_archived")
    slack.remove_channel(deploys)
    assert await send(webhook.url, text="x") == (404, "channel_not_found")


async def test_a_webhook_has_bad_days(
    webhook: Webhook, slack: SimulatedSlack, deploys: Channel
) -> None:
    slack.outages.fail("incoming-webhook")
    assert await send(webhook.url, text="x") == (500, "rollup_error")
    slack.outages.slow_down("incoming-webhook")
    assert await send(webhook.url, text="x") == (429, "rate_limited")
    slack.outages.lose_answer("incoming-webhook")
    with pytest.raises(RemoteDisconnected):
        await send(webhook.url, text="x")

    assert [each.text for each in deploys.messages] == ["x"]
    assert [(each.status, each.answered) for each in slack.requests] == [
        (500, True),
        (429, True),
        (200, False),
    ]


async def test_a_webhook_posts_once_a_second(webhook: Webhook, slack: SimulatedSlack) -> None:
    slack.rate_limits.enabled = True

    found = [(await send(webhook.url, text="x"))[0] for _ in range(6)]

    assert found == [200] * 5 + [429]
