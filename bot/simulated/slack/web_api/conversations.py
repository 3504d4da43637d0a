"""What was written is read again, page by page; channels are listed and entered."""

import base64
import binascii
from collections.abc import Callable

from bot.simulated.slack.channels import Channel
from bot.simulated.slack.messages import Json, Message
from bot.simulated.slack.refusals import SlackRefused
from bot.simulated.slack.web_api.methods import Call, Family
from bot.simulated.slack.web_api.shapes import channel_json, message_json
from bot.simulated.slack.workspace import micros_of

family = Family()
MOST_ON_A_PAGE = 999
MOST_IN_A_LIST = 1000


@family.on("conversations.history", tier=3)
def read_history(call: Call) -> Json:
    """List the messages of a channel, newest first (api.slack.com/methods/conversations.history).

    Replies are not among them, but those that were broadcast.
    """
    channel = _readable_channel(call)
    found = [each for each in reversed(channel.messages) if _in_range(call, each)]
    answer = _page(call, found, 100, lambda each, mark: micros_of(each.ts) <= mark)
    return {**answer, "pin_count": 0}


@family.on("conversations.replies", tier=3)
def read_replies(call: Call) -> Json:
    """List a thread, its first message first (api.slack.com/methods/conversations.replies)."""
    channel = _readable_channel(call)
    wanted = call.needed("ts")
    for message in channel.everything:
        if not message.is_reply and wanted in (each.ts for each in (message, *message.replies)):
            thread = [message, *(each for each in message.replies if _in_range(call, each))]
            return _page(call, thread, 1000, lambda each, mark: micros_of(each.ts) >= mark)
    raise SlackRefused("thread_not_found")


@family.on("conversations.list", tier=2)
def list_channels(call: Call) -> Json:
    """List channels; private ones for members alone (api.slack.com/methods/conversations.list).

    Those that are archived are among them. A cursor says how many came before.
    """
    kinds = (call.text("types") or "public_channel").split(",")
    for kind, scope in (("public_channel", "channels:read"), ("private_channel", "groups:read")):
        if kind in kinds:
            call.app.check(scope)
    found = [
        each
        for each in call.world.channels
        if ("private_channel" if each.private else "public_channel") in kinds
        and (not each.private or call.app.member in each.members)
    ]
    limit, start = call.text("limit") or "100", call.text("cursor") or "0"
    if not limit.isdecimal() or not 1 <= int(limit) <= MOST_IN_A_LIST:
        raise SlackRefused("invalid_limit")
    if not start.isdecimal():
        raise SlackRefused("invalid_cursor")
    end = int(start) + int(limit)
    following = str(end) if end < len(found) else ""
    return {
        "channels": [channel_json(each) for each in found[int(start) : end]],
        "response_metadata": {"next_cursor": following},
    }


@family.on("conversations.join", scope="channels:join", tier=3, json=True)
def join_channel(call: Call) -> Json:
    """Enter a public channel (api.slack.com/methods/conversations.join)."""
    channel, member = call.channel(), call.app.member
    if channel.archived:
        raise SlackRefused("is_archived")
    if member not in channel.members:
        channel.invite(member)
        return {"channel": channel_json(channel)}
    warned = {"warning": "already_in_channel"}
    metadata = {"response_metadata": {"warnings": ["already_in_channel"]}}
    return {"channel": channel_json(channel), **warned, **metadata}


def _readable_channel(call: Call) -> Channel:
    channel = call.channel()
    call.app.check("groups:history" if channel.private else "channels:history")
    if call.app.member not in channel.members:
        raise SlackRefused("not_in_channel")
    return channel


def _in_range(call: Call, message: Message) -> bool:
    """Say whether a message was written between `oldest` and `latest`, both themselves not."""
    at, inclusive = micros_of(message.ts), call.flag("inclusive")
    oldest, latest = _bound(call, "oldest"), _bound(call, "latest")
    if oldest is not None and (at < oldest or (at == oldest and not inclusive)):
        return False
    return latest is None or at < latest or (at == latest and inclusive)


def _bound(call: Call, name: str) -> int | None:
    value = call.text(name)
    try:
        return micros_of(value) if value else None
    except ValueError as error:
        raise SlackRefused(f"invalid_ts_{name}") from error


def _page(
    call: Call, found: list[Message], usual: int, comes: Callable[[Message, int], bool]
) -> Json:
    """Return one page, and the cursor of the next one."""
    limit = call.text("limit") or str(usual)
    if not limit.isdecimal() or not 1 <= int(limit) <= max(MOST_ON_A_PAGE, usual):
        raise SlackRefused("invalid_limit")
    if cursor := call.text("cursor"):
        mark = _mark(cursor)
        found = [each for each in found if comes(each, mark)]
    page, rest = found[: int(limit)], found[int(limit) :]
    whole = call.flag("include_all_metadata")
    messages = [message_json(call.world.workspace, each, whole_metadata=whole) for each in page]
    answer: Json = {"messages": messages, "has_more": bool(rest)}
    if rest:
        answer["response_metadata"] = {"next_cursor": _cursor(rest[0])}
    return answer


def _cursor(message: Message) -> str:
    return base64.b64encode(f"next_ts:{micros_of(message.ts)}".encode()).decode()


def _mark(cursor: str) -> int:
    try:
        return int(base64.b64decode(cursor, validate=True).decode().removeprefix("next_ts:"))
    except (binascii.Error, ValueError) as error:
        raise SlackRefused("invalid_cursor") from error
