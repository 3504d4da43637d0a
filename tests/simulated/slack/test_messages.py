from datetime import timedelta

import pytest

from bot.simulated.slack import App, Channel, Member, SimulatedSlack
from tests.simulated.slack.conftest import Caller, Clock, calling

HEADER = {"type": "header", "text": {"type": "plain_text", "text": "One tenant failed"}}
DIVIDER = {"type": "divider"}


async def test_an_app_posts_a_message(
    bot: Caller, slack: SimulatedSlack, app: App, deploys: Channel
) -> None:
    answer = await bot("chat_postMessage", channel="#deploys", text="One *failed*", blocks=[HEADER])

    [message] = deploys.messages
    assert (message.author, message.text) == (app.member, "One *failed*")
    assert message.blocks == [{"block_id": "b1", **HEADER}]
    assert answer == {
        "ok": True,
        "channel": deploys.id,
        "ts": "1772355600.000000",
        "message": {
            "type": "message",
            "ts": "1772355600.000000",
            "text": "One *failed*",
            "team": slack.workspace.id,
            "user": app.member.id,
            "bot_id": app.member.bot_id,
            "app_id": app.member.app_id,
            "blocks": message.blocks,
        },
    }


async def test_no_two_messages_have_one_stamp(bot: Caller, deploys: Channel) -> None:
    stamps = [(await bot("chat_postMessage", channel=deploys.id, text="x"))["ts"] for _ in "ab"]

    assert stamps == ["1772355600.000000", "1772355600.000001"]


async def test_a_message_is_changed_in_place(
    bot: Caller, deploys: Channel, app: App, clock: Clock
) -> None:
    posted = await bot("chat_postMessage", channel=deploys.id, text="1 failed", blocks=[HEADER])
    clock.pass_by(timedelta(minutes=1))

    answer = await bot("chat_update", channel=deploys.id, ts=posted["ts"], text="recovered")

    [message] = deploys.messages
    assert (message.text, message.edits) == ("recovered", 1)
    assert [each.text for each in message.earlier] == ["1 failed"]
    assert answer["text"] == "recovered"
    assert answer["message"]["edited"] == {"user": app.member.id, "ts": "1772355660.000000"}


async def test_what_a_change_does_not_name_stays(bot: Caller, deploys: Channel) -> None:
    metadata = {"event_type": "alert", "event_payload": {"key": "7f3c"}}
    posted = await bot(
        "chat_postMessage", channel=deploys.id, text="x", blocks=[HEADER], metadata=metadata
    )
    [message] = deploys.messages

    await bot("chat_update", channel=deploys.id, ts=posted["ts"], text="y")
    assert ([each["type"] for each in message.blocks], message.metadata) == (["header"], metadata)

    await bot("chat_update", channel=deploys.id, ts=posted["ts"], text="y", blocks=[], metadata={})
    assert (message.blocks, message.metadata) == ([], None)


async def test_replies_stand_below_their_message(
    bot: Caller, deploys: Channel, maya: Member
) -> None:
    first = await bot("chat_postMessage", channel=deploys.id, text="1 failed")
    [root] = deploys.messages

    await bot("chat_postMessage", channel=deploys.id, text="acme", thread_ts=first["ts"])
    deploys.says(maya, "On it", thread=root)
    await bot(
        "chat_postMessage",
        channel=deploys.id,
        text="recovered",
        thread_ts=first["ts"],
        reply_broadcast=True,
    )

    assert [each.text for each in root.replies] == ["acme", "On it", "recovered"]
    assert [each.text for each in deploys.messages] == ["1 failed", "recovered"]


async def test_a_reply_to_nothing_is_taken_and_never_seen(bot: Caller, deploys: Channel) -> None:
    answer = await bot(
        "chat_postMessage", channel=deploys.id, text="Hello?", thread_ts="1700000000.000100"
    )

    assert answer["ok"]
    assert deploys.messages == []
    assert [each.text for each in deploys.lost_replies] == ["Hello?"]


async def test_a_thread_has_a_stamp(bot: Caller, deploys: Channel) -> None:
    refused = await bot.refused("chat_postMessage", channel=deploys.id, text="x", thread_ts="0")

    assert refused["error"] == "invalid_thread_ts"
    assert refused["response_metadata"]["messages"] == ["[ERROR] 0 is not a valid thread_ts"]


async def test_a_message_has_an_address(
    bot: Caller, slack: SimulatedSlack, deploys: Channel, maya: Member
) -> None:
    root = deploys.says(maya, "Hello")
    reply = deploys.says(maya, "Anybody?", thread=root)

    links = [
        (await bot("chat_getPermalink", channel=deploys.id, message_ts=each.ts))["permalink"]
        for each in (root, reply)
    ]

    path = f"{slack.address}/archives/{deploys.id}"
    assert links == [
        f"{path}/p1772355600000000",
        f"{path}/p1772355600000001?thread_ts=1772355600.000000&cid={deploys.id}",
    ]


async def test_a_message_gets_an_emoji_once(
    bot: Caller, deploys: Channel, maya: Member, app: App
) -> None:
    message = deploys.says(maya, "Hello")
    wanted = {"channel": deploys.id, "timestamp": message.ts}

    await bot("reactions_add", name="eyes", **wanted)

    assert [(each.name, each.members) for each in message.reactions] == [("eyes", [app.member])]
    assert await bot.error("reactions_add", name="eyes", **wanted) == "already_reacted"
    assert await bot.error("reactions_add", name="No Name", **wanted) == "invalid_name"


async def test_only_its_author_changes_a_message(
    bot: Caller, slack: SimulatedSlack, deploys: Channel, maya: Member
) -> None:
    message = deploys.says(maya, "Hello")
    wanted = {"channel": deploys.id, "text": "Bye"}

    assert await bot.error("chat_update", ts=message.ts, **wanted) == "cant_update_message"
    assert await bot.error("chat_update", ts="1.000000", **wanted) == "message_not_found"
    other = calling(slack, slack.app("Other").token)
    assert await other.error("chat_update", ts=message.ts, **wanted) == "cant_update_message"
    assert message.edits == 0


async def test_a_deleted_message_is_changed_no_more(bot: Caller, deploys: Channel) -> None:
    posted = await bot("chat_postMessage", channel=deploys.id, text="x")
    deploys.delete(deploys.messages[0])

    error = await bot.error("chat_update", channel=deploys.id, ts=posted["ts"], text="y")

    assert error == "message_not_found"


async def test_a_workspace_may_end_editing(bot: Caller, deploys: Channel, clock: Clock) -> None:
    posted = await bot("chat_postMessage", channel=deploys.id, text="x")
    deploys.edit_window = timedelta(minutes=5)
    wanted = {"channel": deploys.id, "ts": posted["ts"], "text": "y"}

    await bot("chat_update", **wanted)
    clock.pass_by(timedelta(minutes=6))

    assert await bot.error("chat_update", **wanted) == "edit_window_closed"


async def test_a_long_text_is_cut_with_a_warning(bot: Caller, deploys: Channel) -> None:
    answer = await bot("chat_postMessage", channel=deploys.id, text="x" * 40_001)

    assert len(deploys.messages[0].text) == 40_000
    assert answer["response_metadata"]["warnings"] == ["message_truncated"]


async def test_a_change_has_less_room(bot: Caller, deploys: Channel) -> None:
    posted = await bot("chat_postMessage", channel=deploys.id, text="x")
    wanted = {"channel": deploys.id, "ts": posted["ts"]}

    await bot("chat_update", text="x" * 4000, **wanted)

    assert await bot.error("chat_update", text="x" * 4001, **wanted) == "msg_too_long"


@pytest.mark.filterwarnings("ignore:The top-level `text` argument is missing")
async def test_a_message_says_something(bot: Caller, deploys: Channel) -> None:
    posted = await bot("chat_postMessage", channel=deploys.id, blocks=[DIVIDER])

    assert await bot.error("chat_postMessage", channel=deploys.id, text="") == "no_text"
    assert await bot.error("chat_update", channel=deploys.id, ts=posted["ts"]) == "no_text"


@pytest.mark.parametrize(
    ("metadata", "error"),
    [
        ("nonsense", "invalid_metadata_format"),
        ([], "invalid_metadata_format"),
        ({"event_type": "alert"}, "invalid_metadata_schema"),
        ({"event_type": "", "event_payload": {}}, "invalid_metadata_schema"),
        ({"event_type": "alert", "event_payload": "x"}, "invalid_metadata_schema"),
    ],
)
async def test_metadata_has_a_type_and_a_payload(
    bot: Caller, deploys: Channel, metadata: object, error: str
) -> None:
    wanted = {"channel": deploys.id, "text": "x", "metadata": metadata}

    assert await bot.error("chat_postMessage", **wanted) == error
    assert deploys.messages == []


async def test_only_marks_that_are_shown_call_people(
    bot: Caller, deploys: Channel, maya: Member
) -> None:
    shown = f"<!here> <@{maya.id}|maya> `<!channel>` &lt;!channel&gt; ```<!everyone>```"
    plain = {"type": "header", "text": {"type": "plain_text", "text": "<!channel>"}}
    marked = {"type": "context", "elements": [{"type": "mrkdwn", "text": shown}]}

    await bot("chat_postMessage", channel=deploys.id, text=f"{shown} <https://x.test|!here>")
    await bot("chat_postMessage", channel=deploys.id, text="<!channel>", blocks=[plain, marked])

    assert [each.mentions for each in deploys.messages] == [["<!here>", f"<@{maya.id}>"]] * 2


async def test_forms_are_read_as_json_is(bot: Caller, deploys: Channel) -> None:
    form = {"channel": deploys.id, "text": "x", "blocks": '[{"type": "divider"}]'}

    await bot("api_call", api_method="chat.postMessage", params={**form, "unfurl_links": False})
    await bot("api_call", api_method="chat.postMessage", data=form)
    await bot("api_call", api_method="chat.postMessage", params=form, files={"file": b"ignored"})

    assert [each.unfurl_links for each in deploys.messages] == [False, None, None]
    assert [[block["type"] for block in each.blocks] for each in deploys.messages] == [
        ["divider"]
    ] * 3
