"""The door to Slack, with the token of an app."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from bot.channels.failures import ChannelFailed, ChannelLimited
from bot.channels.message import SlackWords
from bot.channels.slack import SlackBot
from bot.simulated.slack import App, Channel, SimulatedSlack
from tests.channels.conftest import FAILED, now

ONE, TWO = SlackWords("1 failed"), SlackWords("2 failed", ({"type": "divider"},))


async def failure(asked: Awaitable[object]) -> ChannelFailed:
    with pytest.raises(ChannelFailed) as failed:
        await asked
    return failed.value


@pytest.mark.parametrize("named", ["name", "id"])
async def test_a_message_is_posted_and_changed(
    bot: SlackBot, deploys: Channel, slack: SimulatedSlack, app: App, named: str
) -> None:
    channel = str(getattr(deploys, named))
    number = await bot.say(channel, ONE, key="7")
    await bot.change(channel, number, TWO)
    # After a restart nobody knows which channel has that name.
    await SlackBot(app.token, slack.api_url).change(channel, number, ONE)

    (message,) = deploys.messages
    assert (message.text, message.edits) == ("1 failed", 2)
    assert message.ts.replace(".", "") == str(number)
    assert (message.unfurl_links, message.unfurl_media) == (False, False)


async def test_any_message_can_be_posted(bot: SlackBot, deploys: Channel) -> None:
    await bot.post("deploys", FAILED, key="7")

    assert [each.text for each in deploys.messages] == ["1 failed"]


async def test_a_reply_stands_in_the_thread(bot: SlackBot, deploys: Channel) -> None:
    number = await bot.say("deploys", ONE, key="7")
    await bot.say("deploys", TWO, key="7//acme", thread=number)
    await bot.say("deploys", ONE, key="7//call", thread=number, broadcast=True)

    root, shown = deploys.messages
    assert [each.text for each in root.replies] == ["2 failed", "1 failed"]
    assert shown is root.replies[1]


async def test_what_was_posted_though_its_answer_was_lost_is_found(
    bot: SlackBot, deploys: Channel, slack: SimulatedSlack
) -> None:
    root = await bot.say("deploys", ONE, key="6")
    for thread in (None, root):
        slack.outages.lose_answer("chat.postMessage")
        failed = await failure(bot.say("deploys", TWO, key="7", thread=thread))
        assert (failed.status, failed.passing) == (None, True)

    found = [await bot.find("deploys", "7"), await bot.find("deploys", "7", root)]
    posted = [deploys.messages[1], deploys.messages[0].replies[0]]
    assert found == [int(each.ts.replace(".", "")) for each in posted]
    assert await bot.find("deploys", "8") is None


async def test_it_is_found_on_a_later_page(
    bot: SlackBot, deploys: Channel, slack: SimulatedSlack
) -> None:
    number = await bot.say("deploys", ONE, key="7")
    maya = slack.person("maya")
    for _ in range(450):
        deploys.says(maya, "hm")

    assert await bot.find("deploys", "7") == number


async def test_who_may_not_read_finds_nothing(slack: SimulatedSlack, deploys: Channel) -> None:
    writer = slack.app("Writer", scopes=("chat:write",))
    writer.join(deploys)
    door = SlackBot(writer.token, slack.api_url, now=now)
    await door.say(deploys.id, ONE, key="7")

    assert await door.find(deploys.id, "7") is None


REFUSALS: list[tuple[str, Callable[[App, Channel], object], str]] = [
    (
        "token",
        lambda app, channel: app.revoke_token(),
        "`token_revoked`. Slack does not take the bot's token. Set ORBITS_SLACK_BOT_TOKEN anew.",
    ),
    (
        "outside",
        lambda app, channel: channel.remove(app.member),
        "`not_in_channel`. The bot is not in it. Type `/invite` with the app's name there.",
    ),
    (
        "archived",
        lambda app, channel: channel.archive(),
        "`is_archived`. It is archived. Name another channel, or open it again.",
    ),
    (
        "restricted",
        lambda app, channel: setattr(channel, "restricted", True),
        "`restricted_action`. Apps may not write there. Allow it, or name another channel.",
    ),
]


@pytest.mark.parametrize(("name", "spoil", "why"), REFUSALS, ids=[each[0] for each in REFUSALS])
async def test_a_refusal_says_what_to_do(
    bot: SlackBot,
    app: App,
    deploys: Channel,
    name: str,
    spoil: Callable[[App, Channel], object],
    why: str,
) -> None:
    spoil(app, deploys)

    failed = await failure(bot.say("deploys", ONE, key="7"))

    assert str(failed) == f"The alert could not be sent to Slack's #deploys: {why}"
    assert (failed.status, failed.passing, failed.futile) == (403, False, False)
    assert app.token not in repr(failed)


async def test_a_channel_that_nobody_knows(bot: SlackBot, slack: SimulatedSlack) -> None:
    words = (
        "The alert could not be sent to Slack's #nowhere: `channel_not_found`. There is no such "
        "channel, or the bot may not see it. Invite it there, or name another."
    )
    assert str(await failure(bot.say("nowhere", ONE, key="7"))) == words
    assert str(await failure(bot.change("nowhere", 1, ONE))) == words


async def test_a_scope_that_is_missing_is_named(slack: SimulatedSlack, deploys: Channel) -> None:
    reader = slack.app("Reader", scopes=("channels:history",))
    failed = await failure(SlackBot(reader.token, slack.api_url).say("deploys", ONE, key="7"))

    assert str(failed) == (
        "The alert could not be sent to Slack's #deploys: `missing_scope`. Give the app chat:write "
        "on its page, and install it again."
    )


async def test_a_message_that_somebody_deleted_is_gone(bot: SlackBot, deploys: Channel) -> None:
    number = await bot.say("deploys", ONE, key="7")
    deploys.delete(deploys.messages[0])

    assert (await failure(bot.change("deploys", number, TWO))).gone


async def test_what_slack_can_never_take_is_futile(bot: SlackBot, deploys: Channel) -> None:
    wrong = SlackWords("x", ({"type": "marquee"},))

    assert (await failure(bot.say("deploys", wrong, key="7"))).futile


@pytest.mark.parametrize("status", [500, 502, 503])
async def test_a_problem_of_slacks_own_passes(
    bot: SlackBot, slack: SimulatedSlack, status: int
) -> None:
    slack.outages.fail("chat.postMessage", status=status)

    failed = await failure(bot.say("deploys", ONE, key="7"))

    assert failed.passing
    assert str(failed).startswith("The alert could not be sent to Slack's #deploys: Slack has a pr")


async def test_a_fatal_error_is_a_problem_of_slacks_own(
    bot: SlackBot, slack: SimulatedSlack
) -> None:
    slack.outages.refuse("fatal_error")

    assert (await failure(bot.say("deploys", ONE, key="7"))).status == 503


async def test_slack_asks_for_patience(bot: SlackBot, slack: SimulatedSlack) -> None:
    slack.outages.slow_down(retry_after=42)

    with pytest.raises(ChannelLimited) as limited:
        await bot.say("deploys", ONE, key="7")

    assert limited.value.after == timedelta(seconds=42)


async def test_nobody_answers(app: App) -> None:
    failed = await failure(
        SlackBot(app.token, "http://127.0.0.1:9/api/").say("deploys", ONE, key="7")
    )

    assert str(failed) == (
        "The alert could not be sent to Slack's #deploys: the connection failed (URLError), so "
        "that it may have arrived."
    )
