"""The requests that the simulated Slack has answered, for tests to read."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class SeenRequest:
    """One request and what became of it.

    `method` is that of the Web API, such as `chat.postMessage`, or `incoming-webhook`. `error` is
    empty where Slack did as asked; `answered` is false where the caller never heard of it.
    """

    method: str
    arguments: dict[str, Any]
    status: int
    error: str
    who: str
    answered: bool = True
