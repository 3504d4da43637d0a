"""A receiver of the operator's own: JSON by HTTP, signed, so that it knows who sent it, and when.

The signature is made as GitHub's webhooks make theirs, over the body as it is. The body holds the
time of the header `X-Orbits-Timestamp` as `sent_at`, so that the signature holds for it too: an old
request that somebody sends again is known by it.
"""

import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256

import httpx

from bot.channels.failures import ChannelFailed, ChannelLimited, lost, waiting_time
from bot.channels.message import Message

_NAME = "the webhook"
_WITHIN = httpx.Timeout(10, connect=5)
_HINTS = {
    401: "It does not take the signature: ORBITS_WEBHOOK_SECRET is the same on both sides.",
    403: "It does not take the signature: ORBITS_WEBHOOK_SECRET is the same on both sides.",
    404: "Nobody listens at ORBITS_WEBHOOK_URL.",
    410: "Nobody listens at ORBITS_WEBHOOK_URL.",
}
_REDIRECTED = "It sends us elsewhere, and that is not followed: set ORBITS_WEBHOOK_URL to the end."


class Webhook:
    """A receiver at an address; `X-Orbits-Delivery` is the same when one comes again.

    Of its answer the status is looked at and nothing else; it leads nowhere else.
    """

    def __init__(
        self,
        url: str,
        secret: str,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._url = url
        self._secret = secret.encode()
        self._now = now

    async def post(self, to: str, message: Message, *, key: str) -> int:
        """Send a message."""
        del to
        now = self._now()
        stamp = str(int(now.timestamp()))
        body = json.dumps({**message.data, "sent_at": int(stamp)}, separators=(",", ":")).encode()
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "orbits-bot",
            "X-Orbits-Delivery": sha256(key.encode()).hexdigest()[:32],
            "X-Orbits-Timestamp": stamp,
            "X-Orbits-Signature-256": f"sha256={self._signature(body)}",
        }
        try:
            async with (
                httpx.AsyncClient(timeout=_WITHIN, follow_redirects=False) as client,
                client.stream("POST", self._url, content=body, headers=headers) as answer,
            ):
                status, retry_after = answer.status_code, answer.headers.get("retry-after")
        except httpx.HTTPError as error:
            raise lost(_NAME, error) from None
        _judge(status, retry_after, now)
        return 0

    def _signature(self, body: bytes) -> str:
        return hmac.new(self._secret, body, sha256).hexdigest()


def _judge(status: int, retry_after: str | None, now: datetime) -> None:
    if 200 <= status < 300:
        return
    if status == 429:
        raise ChannelLimited(_NAME, waiting_time(retry_after, now))
    hint = _REDIRECTED if 300 <= status < 400 else _HINTS.get(status, "Its log may tell more.")
    # A redirect counts as refused: asked again at once it would be the same.
    raise ChannelFailed(_NAME, f"it answered {status}. {hint}", status if status >= 400 else 403)
