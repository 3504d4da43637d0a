"""One webhook request, as it arrives."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class ReceivedDelivery:
    """A webhook request, signed by GitHub. A redelivery carries the same `guid`."""

    guid: str
    event: str
    action: str | None
    repository: str | None
    payload: bytes
    received_at: datetime
