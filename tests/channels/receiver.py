"""Somebody's own receiver of webhooks."""

from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send


@dataclass
class Got:
    """A request that came in."""

    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """Answers what it is told to, and keeps what it got."""

    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    got: list[Got] = field(default_factory=list)
    address: str = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        self.got.append(Got(dict(request.headers), await request.body()))
        await Response(self.body, self.status, self.headers)(scope, receive, send)
