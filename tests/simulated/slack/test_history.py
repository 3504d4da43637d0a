from datetime import timedelta
from typing import Any

import pytest

from bot.simulated.slack import App, Channel, Member, SimulatedSlack
from tests.simulated.slack.conftest import Caller, Clock

ALERT = {"event_type": "alert", "event_payload": {"key": "7f3c"}}


@pytest.fixture
def talk(deploys: Channel, maya: Member, clock: Clock) -> list[str]:
    """Five messages, a minute between each; returns their stamps."""
    stamps = []
    for text in ("one", "two", "three", "four", "five"):
        stamps.append(deploys.says(maya, text).ts)
        clock.pass_by(timedelta(minutes=1))
    return stamps


def texts(answer: dict[str, Any]) -> list[str]:
    return [message["text"] for message in answer["messages"]]


async def test_a_message_is_found_again_by_its_metadata(bot: Caller, deploys: Channel) -> None:
    posted = await bot("chat_postMessage", channel=deploys.id, text="1 failed", metadata=ALERT)

    history = await bot("conversations_history", channel=deploys.id, include_all_metadata=True)

    [found] = history["messages"]
    assert (found["ts"], found["metadata"]) == (posted["ts"], ALERT)


async def test_the_payload_is_only_for_those_who_ask(bot: Caller, deploys: Channel) -> None:
    posted = await bot("chat_postMessage", channel=deploys.id, text="1 failed", metadata=ALERT)

    history = await bot("conversations_history", channel=deploys.id)

    assert posted["message"]["metadata"] == {"event_type": "alert"}
    assert history["messages"][0]["metadata"] == {"event_type": "alert"}


async def test_history_is_read_from_its_end(
    bot: Caller, deploys: Channel, talk: list[str], maya: Member
) -> None:
    answer = await bot("conversations_history", channel=deploys.id)

    assert texts(answer) == ["five", "four", "three", "two", "one"]
    assert answer["has_more"] is False
    assert answer["messages"][-1] == {
        "type": "message",
        "ts": talk[0],
        "text": "one",
        "team": deploys.workspace.id,
        "user": maya.id,
    }


async def test_history_comes_in_pages(bot: Caller, deploys: Channel, talk: list[str]) -> None:
    found, cursor = [], ""
    while True:
        page = await bot("conversations_history", channel=deploys.id, limit=2, cursor=cursor)
        found.append(texts(page))
        if not page["has_more"]:
            break
        cursor = page["response_metadata"]["next_cursor"]

    assert found == [["five", "four"], ["three", "two"], ["one"]]


async def test_history_has_bounds(bot: Caller, deploys: Channel, talk: list[str]) -> None:
    wanted = {"channel": deploys.id, "oldest": talk[1], "latest": talk[3]}

    assert texts(await bot("conversations_history", **wanted)) == ["three"]
    inclusive = await bot("conversations_history", inclusive=True, **wanted)
    assert texts(inclusive) == ["four", "three", "two"]
    since = await bot("conversations_history", channel=deploys.id, oldest="1772355779.5")
    assert texts(since) == ["five", "four"]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"limit": 1001}, "invalid_limit"),
        ({"limit": "many"}, "invalid_limit"),
        ({"cursor": "!"}, "invalid_cursor"),
        ({"oldest": "yesterday"}, "invalid_ts_oldest"),
        ({"latest": "now"}, "invalid_ts_latest"),
    ],
)
async def test_history_is_asked_for_properly(
    bot: Caller, deploys: Channel, talk: list[str], arguments: dict[str, Any], error: str
) -> None:
    assert await bot.error("conversations_history", channel=deploys.id, **arguments) == error


async def test_a_thread_is_read_from_its_beginning(
    bot: Caller, deploys: Channel, maya: Member, app: App
) -> None:
    root = deploys.says(maya, "1 failed")
    reply = deploys.says(maya, "acme", thread=root)
    await bot(
        "chat_postMessage", channel=deploys.id, text="x", thread_ts=root.ts, reply_broadcast=True
    )

    answer = await bot("conversations_replies", channel=deploys.id, ts=reply.ts)

    assert texts(answer) == ["1 failed", "acme", "x"]
    first, second, third = answer["messages"]
    assert (first["reply_count"], first["reply_users"]) == (2, [maya.id, app.member.id])
    assert first["latest_reply"] == third["ts"]
    assert second["thread_ts"] == third["thread_ts"] == root.ts
    assert third["subtype"] == "thread_broadcast"
    history = await bot("conversations_history", channel=deploys.id)
    assert texts(history) == ["x", "1 failed"]


async def test_there_may_be_no_such_thread(bot: Caller, deploys: Channel) -> None:
    assert await bot.error("conversations_replies", channel=deploys.id, ts="1.0") == (
        "thread_not_found"
    )


async def test_only_members_read(bot: Caller, slack: SimulatedSlack, maya: Member) -> None:
    drift = slack.channel("drift")
    drift.says(maya, "Hello")

    assert await bot.error("conversations_history", channel=drift.id) == "not_in_channel"
    joined = await bot("conversations_join", channel=drift.id)
    again = await bot("conversations_join", channel=drift.id)

    assert (joined["channel"]["name"], again["warning"]) == ("drift", "already_in_channel")
    assert texts(await bot("conversations_history", channel=drift.id)) == ["Hello"]
