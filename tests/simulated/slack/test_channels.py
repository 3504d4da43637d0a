"""Channels are listed, for who may see them."""

from bot.simulated.slack import App, Channel, SimulatedSlack
from tests.simulated.slack.conftest import Caller, calling

BOTH = "public_channel,private_channel"


async def test_channels_are_listed_page_by_page(
    bot: Caller, slack: SimulatedSlack, deploys: Channel
) -> None:
    drift = slack.channel("drift")

    first = await bot("conversations_list", limit=1)
    cursor = first["response_metadata"]["next_cursor"]
    second = await bot("conversations_list", limit=1, cursor=cursor)

    assert [each["id"] for each in first["channels"]] == [deploys.id]
    assert [each["id"] for each in second["channels"]] == [drift.id]
    assert second["response_metadata"]["next_cursor"] == ""


async def test_a_private_channel_is_listed_for_its_members(
    bot: Caller, slack: SimulatedSlack, app: App, deploys: Channel
) -> None:
    secret = slack.channel("secret", private=True)
    hidden = await bot("conversations_list", types=BOTH)
    app.join(secret)
    seen = await bot("conversations_list", types=BOTH)

    assert [each["name"] for each in hidden["channels"]] == ["deploys"]
    assert [each["name"] for each in seen["channels"]] == ["deploys", "secret"]


async def test_what_cannot_be_listed_is_refused(bot: Caller, slack: SimulatedSlack) -> None:
    writer = calling(slack, slack.app("Writer", scopes=("chat:write",)).token)

    assert await writer.error("conversations_list") == "missing_scope"
    assert await bot.error("conversations_list", limit=2000) == "invalid_limit"
    assert await bot.error("conversations_list", cursor="x") == "invalid_cursor"
