"""Messages and channels as the Web API shows them (api.slack.com/events/message)."""

from bot.simulated.slack.channels import Channel
from bot.simulated.slack.messages import Json, Message
from bot.simulated.slack.workspace import Workspace


def message_json(workspace: Workspace, message: Message, *, whole_metadata: bool = False) -> Json:
    """Return a message.

    The payload of metadata is left out unless it is asked for
    (github.com/slackapi/python-slack-sdk/issues/1501).
    """
    author = message.author
    body: Json = {"type": "message", "ts": message.ts, "text": message.text, "team": workspace.id}
    if message.webhook:
        body |= {"subtype": "bot_message", "bot_id": author.bot_id, "username": author.name}
    else:
        body["user"] = author.id
        if author.is_bot:
            body |= {"bot_id": author.bot_id, "app_id": author.app_id}
    if message.blocks:
        body["blocks"] = message.blocks
    if message.metadata is not None:
        whole, kind = message.metadata, message.metadata["event_type"]
        body["metadata"] = whole if whole_metadata else {"event_type": kind}
    if message.edited_at is not None:
        body["edited"] = {"user": author.id, "ts": message.edited_at}
    if message.reactions:
        body["reactions"] = [
            {
                "name": each.name,
                "users": [member.id for member in each.members],
                "count": len(each.members),
            }
            for each in message.reactions
        ]
    return body | _thread_json(message)


def _thread_json(message: Message) -> Json:
    if message.thread_ts is None:
        return {}
    if message.is_reply:
        broadcast = {"subtype": "thread_broadcast"} if message.broadcast else {}
        return {"thread_ts": message.thread_ts, **broadcast}
    users = list(dict.fromkeys(reply.author.id for reply in message.replies))
    body: Json = {"thread_ts": message.thread_ts, "reply_count": len(message.replies)}
    body |= {"reply_users_count": len(users), "reply_users": users, "is_locked": False}
    if message.replies:
        body["latest_reply"] = message.replies[-1].ts
    return body


def channel_json(channel: Channel) -> Json:
    """Return a channel (api.slack.com/types/conversation)."""
    return {
        "id": channel.id,
        "name": channel.name,
        "is_channel": not channel.private,
        "is_group": False,
        "is_private": channel.private,
        "is_archived": channel.archived,
        "topic": {"value": channel.topic, "creator": "", "last_set": 0},
    }
