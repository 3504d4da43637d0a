"""The one door to the REST API: who calls, whether they may, what is answered, what is noted."""

import hashlib
import itertools
import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.simulated.github.outages import Outage
from bot.simulated.github.refusals import GitHubRefused, not_found
from bot.simulated.github.requests_seen import SeenRequest
from bot.simulated.github.rest.endpoints import DOCUMENTATION, Answer, Call, Endpoint, Json
from bot.simulated.github.rest.versions import check_version
from bot.simulated.github.tokens import Caller
from bot.simulated.github.world import World

_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


class Door:
    """Answers every request to the API, in GitHub's shape also where it refuses."""

    def __init__(self, world: World, endpoints: Sequence[Endpoint]) -> None:
        self._world = world
        self._ids = itertools.count(1)
        routes = [
            Route(each.path, self._leading_to(each), methods=[each.method]) for each in endpoints
        ]
        nowhere = Route("/{path:path}", self._leading_to(None), methods=_METHODS)
        self.asgi = Starlette(routes=[*routes, nowhere])

    def _leading_to(self, endpoint: Endpoint | None) -> Callable[[Request], Awaitable[Response]]:
        async def enter(request: Request) -> Response:
            return await self._enter(endpoint, request)

        return enter

    async def _enter(self, endpoint: Endpoint | None, request: Request) -> Response:
        path = request.url.path.removeprefix(request.scope.get("root_path", ""))
        outage = self._world.outages.striking(request.method, path)
        caller, body = Caller(), None
        try:
            caller = self._world.tokens.caller(request.headers.get("authorization", ""))
            body = await _body(request)
            if outage and not outage.answer_lost:
                answer = _struck(outage)
            else:
                answer = await self._answer(endpoint, request, (caller, path, body))
        except GitHubRefused as refusal:
            answer = _refusal(refusal)
        if outage and outage.answer_lost:
            answer = _struck(outage)
        query = dict(request.query_params)
        seen = SeenRequest(request.method, path, query, body, answer.status, caller.name)
        self._world.requests.append(seen)
        return self._response(request, answer, caller)

    async def _answer(
        self, endpoint: Endpoint | None, request: Request, who: tuple[Caller, str, Any]
    ) -> Answer:
        caller, path, body = who
        self._world.rate_limits.count(caller.budget, request.method, path)
        if endpoint is None:
            raise not_found()
        if body is not None and not isinstance(body, dict):
            raise GitHubRefused("Body should be a JSON object", status=400)
        call = Call(
            world=self._world,
            caller=caller,
            url=f"{self._world.platform.api}{path}",
            path=request.path_params,
            query=dict(request.query_params),
            headers=request.headers,
            body=body or {},
        )
        check_version(call)
        return await endpoint.answer(call)

    def _response(self, request: Request, answer: Answer, caller: Caller) -> Response:
        content, kind = _content(answer.body)
        headers = {**answer.headers, "x-github-request-id": f"{next(self._ids):04X}:SIMULATED"}
        status = answer.status
        if request.method == "GET" and status == 200:
            etag = f'W/"{hashlib.sha256(content).hexdigest()}"'
            headers["etag"] = etag
            if request.headers.get("if-none-match") in (etag, etag.removeprefix("W/")):
                status, content = 304, b""
                self._world.rate_limits.refund(caller.budget)
        headers |= self._world.rate_limits.headers(caller.budget)
        return Response(content, status, headers, kind)


def _content(body: Any) -> tuple[bytes, str | None]:
    if body is None:
        return b"", None
    if isinstance(body, bytes):
        return body, "application/vnd.github.raw; charset=utf-8"
    return json.dumps(body).encode(), "application/json; charset=utf-8"


async def _body(request: Request) -> Any:
    content = await request.body()
    if not content:
        return None
    try:
        return json.loads(content)
    except ValueError as error:
        raise GitHubRefused("Problems parsing JSON", status=400) from error


def _refusal(refusal: GitHubRefused) -> Answer:
    body: Json = {"message": refusal.message}
    if refusal.errors:
        body["errors"] = refusal.errors
    body |= {"documentation_url": DOCUMENTATION, "status": str(refusal.status)}
    return Answer(body, refusal.status, refusal.headers)


def _struck(outage: Outage) -> Answer:
    body = {"message": outage.message, "documentation_url": DOCUMENTATION}
    return Answer(body, outage.status, outage.headers)
