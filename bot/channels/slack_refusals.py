"""What Slack's refusals mean, and what somebody can do about them.

https://docs.slack.dev/reference/methods/chat.postMessage#errors
https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks#handling_errors
"""

from bot.channels.failures import BROKEN, REFUSED, ChannelFailed

_UNKNOWN = "Slack does not take the bot's token. Set ORBITS_SLACK_BOT_TOKEN anew."
_INVITE = "The bot is not in it. Type `/invite` with the app's name there."
_MISNAMED = "There is no such channel, or the bot may not see it. Invite it there, or name another."
_CLOSED = "It is archived. Name another channel, or open it again."
_RESTRICTED = "Apps may not write there. Allow it, or name another channel."
_HOOK = "Slack knows no such incoming webhook. Set ORBITS_SLACK_WEBHOOK_URL to one that there is."

_HINTS = {
    **dict.fromkeys(
        ("invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive"),
        _UNKNOWN,
    ),
    "not_in_channel": _INVITE,
    "channel_not_found": _MISNAMED,
    **dict.fromkeys(("is_archived", "is_inactive", "channel_is_archived"), _CLOSED),
    **dict.fromkeys(("restricted_action", "action_prohibited"), _RESTRICTED),
    **dict.fromkeys(("no_service", "no_team", "invalid_token", "no_active_hooks"), _HOOK),
}
_BROKEN = {"fatal_error", "internal_error", "service_unavailable", "request_timeout"}
_FUTILE = {
    *("msg_too_long", "msg_blocks_too_long", "invalid_blocks", "invalid_blocks_format", "no_text"),
    *("invalid_arguments", "invalid_payload", "metadata_too_large", "invalid_metadata_schema"),
    *("cant_update_message", "edit_window_closed", "thread_not_found", "cannot_reply_to_message"),
}
_KNOWN = "abcdefghijklmnopqrstuvwxyz_"


def refused(channel: str, error: str, status: int, needed: str = "") -> ChannelFailed:
    """Turn an error of Slack, by its name, into one that says what to do."""
    if status >= 500 or error in _BROKEN:
        status = status if status >= 500 else BROKEN
        return ChannelFailed(channel, f"Slack has a problem of its own ({status}).", status)
    name = error if error and set(error) <= set(_KNOWN) else f"status {status}"
    hint = _HINTS.get(name, "")
    if name == "missing_scope":
        scope = needed if needed and set(needed) <= set(f"{_KNOWN}:,.") else "another scope"
        hint = f"Give the app {scope} on its page, and install it again."
    why = " ".join(filter(None, [f"`{name}`.", hint]))
    is_gone = name == "message_not_found"
    return ChannelFailed(channel, why, REFUSED, futile=name in _FUTILE, gone=is_gone)
