"""Emoji below messages: reactions.add."""

import re

from bot.simulated.slack.messages import Json
from bot.simulated.slack.refusals import SlackRefused
from bot.simulated.slack.web_api.methods import Call, Family

family = Family()
_NAME = re.compile(r"[a-z0-9_+'-]+(::skin-tone-[2-6])?")


@family.on("reactions.add", scope="reactions:write", tier=3, json=True)
def add_reaction(call: Call) -> Json:
    """Put an emoji below a message (api.slack.com/methods/reactions.add)."""
    channel, name = call.channel(), call.needed("name")
    message = channel.message(call.needed("timestamp"))
    if not _NAME.fullmatch(name):
        raise SlackRefused("invalid_name")
    if channel.archived:
        raise SlackRefused("is_archived")
    if not message.react(call.app.member, name):
        raise SlackRefused("already_reacted")
    return {}
