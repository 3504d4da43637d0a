"""Incoming webhooks: a body goes in, and `ok` or the name of an error comes out, as plain text."""

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from bot.simulated.slack.apps import Webhook
from bot.simulated.slack.channels import Posting
from bot.simulated.slack.contents import content_of
from bot.simulated.slack.hanging_up import hang_up
from bot.simulated.slack.messages import Json
from bot.simulated.slack.refusals import SlackRefused
from bot.simulated.slack.requests_seen import SeenRequest
from bot.simulated.slack.world import World

METHOD = "incoming-webhook"
_OTHER_WORDS = {
    "internal_error": ("rollup_error", 500),
    "is_archived": ("channel_is_archived", 410),
    "ratelimited": ("rate_limited", 429),
    "restricted_action": ("action_prohibited", 403),
}


class IncomingWebhooks:
    """Answers `POST /services/...` (api.slack.com/messaging/webhooks#handling_errors).

    No answer says which message was posted, so none can be changed afterwards.
    """

    def __init__(self, world: World) -> None:
        self._world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or break its connection."""
        request = Request(scope, receive)
        outage = self._world.outages.striking(METHOD)
        body: Json = {}
        who, answer, status, headers = "", "ok", 200, {}
        try:
            if outage and outage.refusal:
                raise outage.refusal
            webhook = self._world.webhook(request.url.path)
            who = webhook.app.name
            body = await _body(request)
            self._post(webhook, body)
        except SlackRefused as refusal:
            answer, status = _in_words_of_webhooks(refusal)
            headers = refusal.headers
        lost = outage is not None and outage.refusal is None
        error = "" if answer == "ok" else answer
        self._world.requests.append(SeenRequest(METHOD, body, status, error, who, not lost))
        if lost:
            await hang_up(receive, send)
            return
        await PlainTextResponse(answer, status, headers)(scope, receive, send)

    def _post(self, webhook: Webhook, body: Json) -> None:
        text = body.get("text", "")
        if not isinstance(text, str):
            raise SlackRefused("invalid_payload", status=400)
        content = content_of(text=text, blocks=body.get("blocks"), metadata=body.get("metadata"))
        self._world.rate_limits.count_message(webhook.id, webhook.channel.id)
        thread_ts = body.get("thread_ts")
        posting = Posting(
            thread_ts=str(thread_ts) if thread_ts else None,
            webhook=True,
            unfurl_links=body.get("unfurl_links"),
            unfurl_media=body.get("unfurl_media"),
        )
        webhook.channel.post(webhook.app.member, content, posting)


async def _body(request: Request) -> Json:
    """Read JSON, or a form whose `payload` is JSON, as the older webhooks take it."""
    if request.method != "POST":
        raise SlackRefused("invalid_payload", status=400)
    content: str | bytes = await request.body()
    if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        content = str((await request.form()).get("payload", ""))
    try:
        body: Any = json.loads(content)
    except ValueError as error:
        raise SlackRefused("invalid_payload", status=400) from error
    if not isinstance(body, dict):
        raise SlackRefused("invalid_payload", status=400)
    return body


def _in_words_of_webhooks(refusal: SlackRefused) -> tuple[str, int]:
    known = _OTHER_WORDS.get(refusal.error)
    return known or (refusal.error, 400 if refusal.status == 200 else refusal.status)
