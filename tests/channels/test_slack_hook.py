"""The door to Slack by an incoming webhook."""

from datetime import timedelta

import pytest

from bot.channels.failures import ChannelFailed, ChannelLimited
from bot.channels.slack_hook import SlackHook
from bot.simulated.slack import App, Channel, SimulatedSlack, Webhook
from tests.channels.conftest import FAILED, now


@pytest.fixture
def webhook(app: App, deploys: Channel) -> Webhook:
    return app.webhook(deploys)


@pytest.fixture
def hook(webhook: Webhook) -> SlackHook:
    return SlackHook(webhook.url, now=now)


async def test_a_message_is_posted(hook: SlackHook, deploys: Channel) -> None:
    await hook.post("main", FAILED, key="7")

    (message,) = deploys.messages
    assert (message.text, message.webhook, len(message.blocks)) == ("1 failed", True, 1)


async def test_an_address_that_slack_does_not_know_is_told_and_not_shown(
    hook: SlackHook, webhook: Webhook
) -> None:
    webhook.active = False

    with pytest.raises(ChannelFailed) as failed:
        await hook.post("main", FAILED, key="7")

    assert str(failed.value) == (
        "The alert could not be sent to Slack's incoming webhook: `no_service`. Slack knows no "
        "such incoming webhook. Set ORBITS_SLACK_WEBHOOK_URL to one that there is."
    )
    assert (failed.value.status, failed.value.futile) == (403, False)


async def test_bad_days_of_slack(hook: SlackHook, slack: SimulatedSlack) -> None:
    slack.outages.fail("incoming-webhook")
    with pytest.raises(ChannelFailed) as broken:
        await hook.post("main", FAILED, key="7")
    slack.outages.lose_answer("incoming-webhook")
    with pytest.raises(ChannelFailed) as lost:
        await hook.post("main", FAILED, key="7")
    slack.outages.slow_down("incoming-webhook", retry_after=7)
    with pytest.raises(ChannelLimited) as limited:
        await hook.post("main", FAILED, key="7")

    assert (broken.value.status, lost.value.status) == (500, None)
    assert limited.value.after == timedelta(seconds=7)
