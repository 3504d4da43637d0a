"""One webhook request: as it arrives, and as GitHub's own log remembers it."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from pydantic import AwareDatetime, JsonValue

from bot.github.shapes import Narrow

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}/[A-Za-z0-9_.-]{1,100}")


@dataclass(frozen=True)
class ReceivedDelivery:
    """A webhook request, signed by GitHub. A redelivery carries the same `guid`."""

    guid: str
    event: str
    action: str | None
    repository: str | None
    payload: bytes
    received_at: datetime


class DeliveryAttempt(Narrow):
    """One attempt of GitHub's to deliver; all attempts at one event carry one `guid`.

    GitHub remembers attempts for three days and makes no second one by itself.
    """

    id: int
    guid: str
    event: str
    action: str | None = None
    delivered_at: AwareDatetime
    redelivery: bool = False
    status_code: int
    installation_id: int | None = None
    throttled_at: AwareDatetime | None = None

    @property
    def succeeded(self) -> bool:
        """Whether it was answered 2xx in time."""
        return 200 <= self.status_code < 300


class SentRequest(Narrow):
    """What GitHub sent; the headers hold the signature of bytes that the log has not kept."""

    headers: Mapping[str, str] | None = None
    payload: JsonValue = None


class DeliveryRecord(DeliveryAttempt):
    """An attempt with what was sent."""

    request: SentRequest

    def received(self, at: datetime) -> ReceivedDelivery:
        """Answer the delivery as if it arrived now; GitHub's own log stands for its signature."""
        payload = self.request.payload
        return ReceivedDelivery(
            guid=self.guid.lower(),
            event=self.event,
            action=self.action,
            repository=_repository_of(payload),
            payload=json.dumps(payload).encode(),
            received_at=at,
        )


def _repository_of(payload: JsonValue) -> str | None:
    repository = payload.get("repository") if isinstance(payload, dict) else None
    name = repository.get("full_name") if isinstance(repository, dict) else None
    return repository_name(name) if isinstance(name, str) else None


def repository_name(text: str | None) -> str | None:
    """Answer `owner/name`; `None` for what is no name of a repository, and may not be stored."""
    return text if text and _NAME.fullmatch(text) else None
