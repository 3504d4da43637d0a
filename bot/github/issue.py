"""What an issue of ours is to say: its words, its labels, and whether it is open."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pydantic import JsonValue

LONGEST_TITLE = 256
LONGEST_BODY = 65_536

ClosedBecause = Literal["completed", "not_planned"]


@dataclass(frozen=True)
class IssueRequest:
    """An issue as a whole; a new one is open. Raises `ValueError` beyond GitHub's bounds.

    `closed` says why it is to be closed; `None`: it is to be open. `decided_at` is since when it is
    to be so: what somebody did to it later than that stands. `labels` are ours: other ones stay.
    https://docs.github.com/en/rest/issues/issues#update-an-issue
    """

    title: str
    body: str
    labels: tuple[str, ...] = ()
    closed: ClosedBecause | None = None
    decided_at: datetime | None = None

    def __post_init__(self) -> None:
        if not 0 < len(self.title) <= LONGEST_TITLE:
            raise ValueError(f"the title of an issue has 1 to {LONGEST_TITLE} characters")
        if len(self.body) > LONGEST_BODY:
            raise ValueError(f"the body of an issue has at most {LONGEST_BODY} characters")

    def new(self) -> dict[str, JsonValue]:
        """Answer the JSON that makes it."""
        return {"title": self.title, "body": self.body, "labels": list(self.labels)}

    def state(self) -> dict[str, JsonValue]:
        """Answer the JSON that opens or closes it."""
        if self.closed is None:
            return {"state": "open"}
        return {"state": "closed", "state_reason": self.closed}
