"""Issues, and what is said under them: comments, labels, reactions."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, get_args

from bot.simulated.github.accounts import Account
from bot.simulated.github.codebase import Codebase

MAXIMUM_BODY = 65536

Content = Literal["+1", "-1", "laugh", "confused", "heart", "hooray", "rocket", "eyes"]
CONTENTS: tuple[Content, ...] = get_args(Content)
StateReason = Literal["completed", "not_planned", "duplicate", "reopened"]


@dataclass(eq=False)
class Reaction:
    """One account's feeling about an issue or a comment; an account has each of them once."""

    id: int
    account: Account
    content: Content
    created_at: datetime


@dataclass(eq=False)
class Label:
    """A word that issues are sorted by."""

    id: int
    name: str
    color: str = "ededed"
    description: str | None = None


@dataclass(eq=False)
class Comment:
    """What one account said under an issue or a pull request."""

    id: int
    issue: "Issue"
    author: Account
    body: str
    created_at: datetime
    updated_at: datetime
    reactions: list[Reaction] = field(default_factory=list)

    @property
    def html_url(self) -> str:
        """Where to read it."""
        return f"{self.issue.html_url}#issuecomment-{self.id}"


@dataclass(eq=False)
class Issue:
    """A numbered conversation; a pull request is one too."""

    repository: Codebase
    number: int
    id: int
    author: Account
    title: str
    body: str
    created_at: datetime
    updated_at: datetime
    state: Literal["open", "closed"] = "open"
    state_reason: StateReason | None = None
    closed_at: datetime | None = None
    closed_by: Account | None = None
    locked: bool = False
    active_lock_reason: str | None = None
    labels: list[Label] = field(default_factory=list)
    assignees: list[Account] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    reactions: list[Reaction] = field(default_factory=list)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.repository.full_name}#{self.number}>"

    @property
    def html_url(self) -> str:
        """Where to read it."""
        return f"{self.repository.html_url}/issues/{self.number}"

    @property
    def url(self) -> str:
        """Its address in the REST API, as an issue."""
        return f"{self.repository.url}/issues/{self.number}"
