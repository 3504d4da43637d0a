"""What Slack says when it will not do as asked, by Slack's own names for it."""

from collections.abc import Sequence
from typing import Any


class SlackRefused(Exception):
    """An act was refused, and the world is as it was before.

    The Web API tells it as `{"ok": false, "error": ...}` with status 200, and 429 where the
    rate limit is why (api.slack.com/web#responses).
    """

    def __init__(
        self,
        error: str,
        *,
        status: int = 200,
        headers: dict[str, str] | None = None,
        **fields: Any,
    ) -> None:
        super().__init__(error)
        self.error = error
        self.status = status
        self.headers = dict(headers or {})
        self.fields = fields

    def __str__(self) -> str:
        return ": ".join([self.error, *self.fields.get("errors", ())])

    @property
    def answer(self) -> dict[str, Any]:
        """What the Web API answers."""
        return {"ok": False, "error": self.error, **self.fields}


def explained(error: str, reasons: Sequence[str]) -> SlackRefused:
    """Return a refusal with its reasons, as Slack explains blocks and arguments."""
    messages = [f"[ERROR] {reason}" for reason in reasons]
    return SlackRefused(error, errors=list(reasons), response_metadata={"messages": messages})


def rate_limited(seconds: int) -> SlackRefused:
    """Return the answer to one request too many (api.slack.com/apis/rate-limits)."""
    return SlackRefused("ratelimited", status=429, headers={"retry-after": str(seconds)})
