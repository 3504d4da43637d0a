"""The requests that the API has answered, for tests to read."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class SeenRequest:
    """One request to the API and how it was answered; `path` is without the API's root."""

    method: str
    path: str
    query: dict[str, str]
    json: Any
    status: int
    who: str
