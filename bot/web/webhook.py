"""Where GitHub delivers what happened: checked, taken in, and only then acknowledged."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from bot.github.delivery import ReceivedDelivery, repository_name
from bot.github.events import handles
from bot.github.signature import signs

LARGEST_PAYLOAD = 25 * 1024 * 1024
"""GitHub sends nothing larger."""

READ_WITHIN = timedelta(seconds=30)
"""So long a body may take to arrive; GitHub itself gives up earlier."""

_EVENT = re.compile(r"[a-z_]{1,60}")
_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_SIGNATURE = re.compile(r"sha256=[0-9a-f]{64}")
_WRONG_SIGNATURE = (
    "The signature does not match. Set the same webhook secret in the App and in "
    "ORBITS_GITHUB_WEBHOOK_SECRET."
)
_TOO_LARGE = "The payload is larger than 25 MB, which GitHub never sends."
_LOG = structlog.get_logger(__name__)


TakeIn = Callable[[ReceivedDelivery], Awaitable[bool]]
"""Stores a delivery durably; answers whether it is new."""


class _Refused(Exception):
    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence


class _RepositoryNamed(BaseModel):
    full_name: str | None = None


class _Envelope(BaseModel):
    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    action: str | None = None
    repository: _RepositoryNamed | None = None

    @property
    def repository_name(self) -> str | None:
        return repository_name(self.repository.full_name) if self.repository else None


@dataclass(frozen=True)
class _Headers:
    event: str
    guid: str
    signature: str


def webhook_route(
    secrets: tuple[str, ...], take_in: TakeIn, clock: Callable[[], datetime]
) -> Route:
    """Answer the route `POST /webhooks/github`.

    Any of the secrets may have signed a delivery, so that a secret can be replaced without
    losing one. What the bot does not act on is acknowledged and forgotten. The 202 means that
    `take_in` returned; where it raised, GitHub sees a failed delivery that can be sent again.
    """
    if not secrets or not all(secrets):
        raise ValueError("a webhook needs a secret")
    receiver = _Receiver(secrets, take_in, clock)
    return Route("/webhooks/github", receiver.receive, methods=["POST"])


@dataclass(frozen=True)
class _Receiver:
    secrets: tuple[str, ...]
    take_in: TakeIn
    clock: Callable[[], datetime]

    async def receive(self, request: Request) -> JSONResponse:
        try:
            headers = _headers_of(request)
            payload = await _signed_body_of(request, headers.signature, self.secrets)
            envelope = _envelope_of(payload)
        except _Refused as refused:
            return _answer(refused.status, refused.sentence)
        if headers.event == "ping":
            return _answer(200, "Pong: the address and the secret are right.")
        if not handles(headers.event, envelope.action):
            return _answer(202, "Ignored: the bot does not act on this event.")
        return await self._stored(
            ReceivedDelivery(
                guid=headers.guid.lower(),
                event=headers.event,
                action=envelope.action,
                repository=envelope.repository_name,
                payload=payload,
                received_at=self.clock(),
            )
        )

    async def _stored(self, delivery: ReceivedDelivery) -> JSONResponse:
        try:
            new = await self.take_in(delivery)
        except Exception as error:  # noqa: BLE001 - whatever it is, GitHub must hear of it
            # The error's own text may quote the row, and so the payload.
            _LOG.error(
                "delivery not stored",
                delivery=delivery.guid,
                github_event=delivery.event,
                error=type(error).__name__,
            )
            sentence = "Not stored: the database does not answer. Deliver it again in a minute."
            return _answer(503, sentence, {"Retry-After": "60"})
        return _answer(202, "Taken in." if new else "Taken in before; nothing is done twice.")


def _headers_of(request: Request) -> _Headers:
    event = request.headers.get("x-github-event", "")
    guid = request.headers.get("x-github-delivery", "")
    signature = request.headers.get("x-hub-signature-256", "")
    if not _EVENT.fullmatch(event):
        raise _Refused(400, "The header X-GitHub-Event is missing or is not an event's name.")
    if not _GUID.fullmatch(guid):
        raise _Refused(400, "The header X-GitHub-Delivery is missing or is not a GUID.")
    if not _SIGNATURE.fullmatch(signature):
        raise _Refused(
            400,
            "The header X-Hub-Signature-256 is missing or malformed. "
            "Set a webhook secret in the App's settings.",
        )
    kind = request.headers.get("content-type", "").partition(";")[0]
    if kind.strip().lower() != "application/json":
        raise _Refused(
            400,
            "Only JSON is understood. "
            "Set the content type of the App's webhook to application/json.",
        )
    return _Headers(event=event, guid=guid, signature=signature)


async def _body_of(request: Request) -> bytes:
    """Read the body, but never more than is allowed, whatever Content-Length says."""
    length = request.headers.get("content-length", "")
    if length.isdecimal() and (len(length) > 12 or int(length) > LARGEST_PAYLOAD):
        raise _Refused(413, _TOO_LARGE)
    body = bytearray()
    try:
        async with asyncio.timeout(READ_WITHIN.total_seconds()):
            async for chunk in request.stream():
                body += chunk
                if len(body) > LARGEST_PAYLOAD:
                    raise _Refused(413, _TOO_LARGE)
    except TimeoutError:
        raise _Refused(408, "The payload did not arrive in time.") from None
    except ClientDisconnect:
        raise _Refused(400, "The payload did not arrive whole.") from None
    return bytes(body)


async def _signed_body_of(request: Request, signature: str, secrets: tuple[str, ...]) -> bytes:
    body = await _body_of(request)
    if not any(signs(secret, body, signature) for secret in secrets):
        raise _Refused(401, _WRONG_SIGNATURE)
    return body


def _envelope_of(payload: bytes) -> _Envelope:
    try:
        return _Envelope.model_validate_json(payload)
    except ValidationError:
        raise _Refused(400, "The payload is not the JSON object of an event.") from None


def _answer(status: int, sentence: str, headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"message": sentence}, status_code=status, headers=headers)
