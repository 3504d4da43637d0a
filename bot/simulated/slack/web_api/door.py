"""The one door to the Web API: who calls, whether they may, what is answered, what is noted."""

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import Receive, Scope, Send

from bot.simulated.slack.apps import App
from bot.simulated.slack.hanging_up import hang_up
from bot.simulated.slack.messages import Json
from bot.simulated.slack.outages import Outage
from bot.simulated.slack.refusals import SlackRefused
from bot.simulated.slack.requests_seen import SeenRequest
from bot.simulated.slack.web_api import chat, conversations, identity, reactions
from bot.simulated.slack.web_api.methods import Call, Method
from bot.simulated.slack.world import World

_METHODS: dict[str, Method] = {
    name: method
    for module in (chat, conversations, identity, reactions)
    for name, method in module.family.methods.items()
}
_JSON_STATUSES = (200, 429, 500, 503)


class Door:
    """Answers every call of the Web API, in Slack's shape also where it refuses."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a call, or break its connection."""
        request = Request(scope, receive)
        name = request.url.path.removeprefix("/api/")
        outage = self._world.outages.striking(name)
        seen, answer = await self._answer(request, name, outage)
        self._world.requests.append(seen)
        if seen.answered:
            await answer(scope, receive, send)
        else:
            await hang_up(receive, send)

    async def _answer(
        self, request: Request, name: str, outage: Outage | None
    ) -> tuple[SeenRequest, Response]:
        arguments: Json = {}
        who, lost = "", outage is not None and outage.refusal is None
        try:
            arguments, token = await _arguments(request, _METHODS.get(name))
            if outage and outage.refusal:
                raise outage.refusal
            app = self._world.app_of(token)
            who = app.name
            body = {"ok": True, **self._carried_out(app, name, arguments)}
        except SlackRefused as refusal:
            seen = SeenRequest(name, arguments, refusal.status, refusal.error, who, not lost)
            return seen, _refused(refusal)
        return SeenRequest(name, arguments, 200, "", who, not lost), JSONResponse(body)

    def _carried_out(self, app: App, name: str, arguments: Json) -> Json:
        method = _METHODS.get(name)
        if method is None:
            raise SlackRefused("unknown_method", req_method=name)
        self._world.rate_limits.count_call(app.member.app_id, name, method.tier)
        if method.scope:
            app.check(method.scope)
        return method.handler(Call(self._world, app, arguments))


async def _arguments(request: Request, method: Method | None) -> tuple[Json, str]:
    """Return the arguments of a call and its token.

    The token is in the header, or in the form; of JSON it is no part
    (api.slack.com/changelog/2017-10-keeping-up-with-the-jsons).
    """
    arguments: Json = dict(request.query_params)
    kind = request.headers.get("content-type", "").partition(";")[0].strip()
    if kind == "application/json":
        if method is not None and method.json:
            arguments |= _read_json(await request.body())
        arguments.pop("token", None)
    elif kind in ("application/x-www-form-urlencoded", "multipart/form-data"):
        async with request.form() as form:
            arguments |= {name: value for name, value in form.items() if isinstance(value, str)}
    elif await request.body():
        raise SlackRefused("invalid_post_type" if kind else "missing_post_type")
    token = str(arguments.pop("token", ""))
    scheme, _, word = request.headers.get("authorization", "").partition(" ")
    return arguments, word.strip() if scheme.lower() == "bearer" else token


def _read_json(content: bytes) -> Json:
    if not content:
        return {}
    try:
        body: Any = json.loads(content)
    except ValueError as error:
        raise SlackRefused("invalid_json") from error
    if not isinstance(body, dict):
        raise SlackRefused("json_not_object")
    return body


def _refused(refusal: SlackRefused) -> Response:
    """Answer a refusal; what stands before Slack answers pages, and no JSON."""
    if refusal.status in _JSON_STATUSES:
        return JSONResponse(refusal.answer, refusal.status, refusal.headers)
    page = f"<html><head><title>{refusal.status}</title></head><body>Server Error</body></html>"
    return HTMLResponse(page, refusal.status)
