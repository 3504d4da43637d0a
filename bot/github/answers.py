"""What the bot reads from GitHub's answers, and what it writes into a check."""

from dataclasses import dataclass
from typing import Literal

from pydantic import JsonValue

from bot.github.events import Account, Narrow

CheckStatus = Literal["queued", "in_progress", "completed"]
Conclusion = Literal[
    "action_required", "cancelled", "failure", "neutral", "skipped", "success", "timed_out"
]


@dataclass(frozen=True)
class CheckRun:
    """What a check says, as a whole: an update replaces every field.

    `external_id` is our own name for it, by which it is found again after a lost answer.
    `conclusion` belongs to `completed` alone.
    """

    name: str
    external_id: str
    status: CheckStatus
    conclusion: Conclusion | None
    title: str
    summary: str
    text: str = ""
    details_url: str | None = None

    def body(self) -> dict[str, JsonValue]:
        """Answer the request's JSON."""
        # An empty text is sent too: it takes away what an earlier one said.
        output: dict[str, JsonValue] = {
            "title": self.title,
            "summary": self.summary,
            "text": self.text,
        }
        body: dict[str, JsonValue] = {
            "name": self.name,
            "external_id": self.external_id,
            "status": self.status,
            "output": output,
        }
        if self.conclusion is not None:
            body["conclusion"] = self.conclusion
        if self.details_url is not None:
            body["details_url"] = self.details_url
        return body


@dataclass(frozen=True)
class ChangedPaths:
    """The files that a merge touched, both names of a renamed one.

    Where `complete` is false GitHub cut the list: any other file may have changed too.
    """

    paths: tuple[str, ...]
    complete: bool


@dataclass(frozen=True)
class Me:
    """Who we are on GitHub; `app_id` is `None` where a personal token is used."""

    login: str
    app_id: int | None


class AppFound(Narrow):
    """The App that our key belongs to."""

    id: int
    slug: str


class Created(Narrow):
    """What was made, or changed."""

    id: int


class ChangedFile(Narrow):
    """A file of a comparison; `previous_filename` is what a renamed one was called."""

    filename: str
    previous_filename: str | None = None


class Parent(Narrow):
    """The commit before a commit."""

    sha: str


class CommitFound(Narrow):
    """A commit with its parents, and the first of its files."""

    parents: tuple[Parent, ...]
    files: tuple[ChangedFile, ...] = ()


class Comparison(Narrow):
    """How two commits stand to each other, and what differs: at most 300 files."""

    status: Literal["ahead", "behind", "diverged", "identical"] = "diverged"
    files: tuple[ChangedFile, ...] = ()


class Owner(Narrow):
    """The App that wrote a check."""

    id: int


class CheckFound(Narrow):
    """A check on a commit."""

    id: int
    name: str
    external_id: str | None = None
    app: Owner | None = None


class ChecksFound(Narrow):
    """One page of the checks on a commit."""

    check_runs: tuple[CheckFound, ...]


class CommentFound(Narrow):
    """A comment on a pull request."""

    id: int
    body: str | None = None
    user: Account | None = None
