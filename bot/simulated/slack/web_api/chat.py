"""Messages are posted, changed, and linked to."""

import re

from bot.simulated.slack.channels import Channel, Posting
from bot.simulated.slack.contents import content_of
from bot.simulated.slack.messages import Json
from bot.simulated.slack.refusals import SlackRefused
from bot.simulated.slack.web_api.methods import Call, Family
from bot.simulated.slack.web_api.shapes import message_json

family = Family()
_STAMP = re.compile(r"\d{4,}(\.\d{1,6})?")
_CUT = (
    "[WARN] Your message was truncated but still posted. "
    "The `text` field accepts up to 40,000 characters."
)
_TRUNCATED = {"messages": [_CUT], "warnings": ["message_truncated"]}


@family.on("chat.postMessage", scope="chat:write", json=True)
def post_message(call: Call) -> Json:
    """Post a message (api.slack.com/methods/chat.postMessage).

    Called twice it posts twice: there is nothing by which Slack would tell the second time.
    """
    channel = call.channel(by_name=True)
    _check_may_write(call, channel)
    content = content_of(
        text=call.text("text"), blocks=call.given("blocks"), metadata=call.given("metadata")
    )
    posting = Posting(
        thread_ts=_thread(call),
        broadcast=call.flag("reply_broadcast"),
        unfurl_links=call.maybe_flag("unfurl_links"),
        unfurl_media=call.maybe_flag("unfurl_media"),
    )
    call.world.rate_limits.count_message(call.app.member.app_id, channel.id)
    message = channel.post(call.app.member, content, posting)
    answer: Json = {
        "channel": channel.id,
        "ts": message.ts,
        "message": message_json(call.world.workspace, message),
    }
    if content.truncated:
        answer["response_metadata"] = _TRUNCATED
    return answer


@family.on("chat.update", scope="chat:write", tier=3, json=True)
def update_message(call: Call) -> Json:
    """Change what a message says (api.slack.com/methods/chat.update).

    Blocks and metadata that are not given stay as they were; empty ones are taken away.
    """
    channel = call.channel()
    message = channel.message(call.needed("ts"))
    blocks, metadata = call.given("blocks"), call.given("metadata")
    if not call.text("text") and blocks is None:
        raise SlackRefused("no_text")
    content = content_of(
        text=call.text("text"),
        blocks=message.blocks if blocks is None else blocks,
        metadata=message.metadata if metadata is None else metadata,
        changed=True,
    )
    channel.edit(message, call.app.member, content)
    return {
        "channel": channel.id,
        "ts": message.ts,
        "text": message.text,
        "message": message_json(call.world.workspace, message),
    }


@family.on("chat.getPermalink")
def get_permalink(call: Call) -> Json:
    """Return the address of a message (api.slack.com/methods/chat.getPermalink)."""
    channel = call.channel()
    message = channel.message(call.needed("message_ts"))
    return {"channel": channel.id, "permalink": channel.permalink(message)}


def _check_may_write(call: Call, channel: Channel) -> None:
    """Refuse an app that is not in the channel, and may not write where it is not."""
    inside = call.app.member in channel.members
    anywhere = "chat:write.public" in call.app.scopes and not channel.private
    if not inside and not anywhere and not channel.archived:
        raise SlackRefused("not_in_channel")


def _thread(call: Call) -> str | None:
    thread_ts = call.text("thread_ts")
    if thread_ts and not _STAMP.fullmatch(thread_ts):
        messages = [f"[ERROR] {thread_ts} is not a valid thread_ts"]
        raise SlackRefused("invalid_thread_ts", response_metadata={"messages": messages})
    return thread_ts or None
