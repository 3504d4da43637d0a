"""The values that callers hand to the door of GitHub, and those that they get from it."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pydantic import JsonValue

from bot.github.shapes import Narrow

CheckStatus = Literal["queued", "in_progress", "completed"]
Conclusion = Literal[
    "action_required", "cancelled", "failure", "neutral", "skipped", "success", "timed_out"
]
AnnotationLevel = Literal["notice", "warning", "failure"]
DeploymentState = Literal[
    "error", "failure", "inactive", "in_progress", "queued", "pending", "success"
]
Role = Literal["read", "triage", "write", "maintain", "admin"]

MOST_ACTIONS = 3
MOST_ANNOTATIONS = 50
LONGEST_DESCRIPTION = 140

_FULL_SHA = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")


@dataclass(frozen=True)
class CheckAction:
    """A button of a check; its `identifier` comes back in `CheckRunActionRequested`.

    Raises `ValueError` beyond GitHub's bounds: 20, 40 and 20 characters, and at least one.
    """

    label: str
    description: str
    identifier: str

    def __post_init__(self) -> None:
        for name, longest in (("label", 20), ("description", 40), ("identifier", 20)):
            if not 0 < len(getattr(self, name)) <= longest:
                raise ValueError(f"the {name} of a check's button has 1 to {longest} characters")

    def body(self) -> dict[str, JsonValue]:
        """Answer its JSON."""
        return {
            "label": self.label,
            "description": self.description,
            "identifier": self.identifier,
        }


@dataclass(frozen=True)
class Annotation:
    """What a check says about lines of a file, shown beside them among a pull request's files.

    Where the path is `partial`, it may be but the end of the whole one.
    """

    path: str
    start_line: int
    end_line: int
    level: AnnotationLevel
    message: str
    title: str = ""
    partial: bool = False

    @property
    def said(self) -> tuple[str, int, int, str | None, str | None]:
        """What tells it from others of a check; a title alone does not."""
        return self.path, self.start_line, self.end_line, self.level, self.message

    def body(self) -> dict[str, JsonValue]:
        """Answer its JSON."""
        body: dict[str, JsonValue] = {
            "path": self.path,
            "start_line": self.start_line,
            "end_line": self.end_line,
            "annotation_level": self.level,
            "message": self.message,
        }
        return {**body, "title": self.title} if self.title else body


@dataclass(frozen=True)
class CheckRun:
    """What a check says, as a whole: an update replaces every field, but for the annotations.

    `external_id` is our own name for it, by which it is found again after a lost answer.
    `conclusion` belongs to `completed` alone. Annotations can only be added on GitHub, and never
    taken away: an update sends those that are not there yet, up to 50 in all. Raises `ValueError`
    for more than 3 actions or 50 annotations, which is what one request takes.
    https://docs.github.com/en/rest/checks/runs#create-a-check-run
    """

    name: str
    external_id: str
    status: CheckStatus
    conclusion: Conclusion | None
    title: str
    summary: str
    text: str = ""
    details_url: str | None = None
    actions: tuple[CheckAction, ...] = ()
    annotations: tuple[Annotation, ...] = ()

    def __post_init__(self) -> None:
        if len(self.actions) > MOST_ACTIONS:
            raise ValueError(f"a check has at most {MOST_ACTIONS} buttons")
        if len(self.annotations) > MOST_ANNOTATIONS:
            raise ValueError(f"a check has at most {MOST_ANNOTATIONS} annotations")

    def body(self) -> dict[str, JsonValue]:
        """Answer the request's JSON."""
        # An empty text and no buttons are sent too: they take away what was there.
        output: dict[str, JsonValue] = {
            "title": self.title,
            "summary": self.summary,
            "text": self.text,
        }
        if self.annotations:
            output["annotations"] = [each.body() for each in self.annotations]
        body: dict[str, JsonValue] = {
            "name": self.name,
            "external_id": self.external_id,
            "status": self.status,
            "output": output,
            "actions": [each.body() for each in self.actions],
        }
        if self.conclusion is not None:
            body["conclusion"] = self.conclusion
        if self.details_url is not None:
            body["details_url"] = self.details_url
        return body


@dataclass(frozen=True)
class DeploymentRequest:
    """A deployment as GitHub shows it: a commit on its way to an environment.

    `key` is our own name for it, by which it is found again after a lost answer. GitHub makes the
    environment by its name. Raises `ValueError` where `sha` is not the full name of a commit: a
    branch would move on.
    """

    sha: str
    environment: str
    key: str
    description: str = ""

    def __post_init__(self) -> None:
        if not _FULL_SHA.fullmatch(self.sha):
            raise ValueError("a deployment is of a commit, by its full name")

    def body(self) -> dict[str, JsonValue]:
        """Answer the request's JSON.

        Left to itself GitHub would merge the default branch into what is deployed, and refuse
        where any check is not green.
        https://docs.github.com/en/rest/deployments/deployments#create-a-deployment
        """
        return {
            "ref": self.sha,
            "environment": self.environment,
            "description": _described(self.description),
            "payload": {"orbits": self.key},
            "auto_merge": False,
            "required_contexts": [],
        }


@dataclass(frozen=True)
class DeploymentStatus:
    """How far a deployment has come; a description is cut after 140 characters.

    A `success` makes GitHub call earlier ones in the same environment inactive.
    """

    state: DeploymentState
    description: str = ""
    log_url: str | None = None
    environment_url: str | None = None

    def body(self) -> dict[str, JsonValue]:
        """Answer the request's JSON."""
        body: dict[str, JsonValue] = {
            "state": self.state,
            "description": _described(self.description),
        }
        if self.log_url is not None:
            body["log_url"] = self.log_url
        if self.environment_url is not None:
            body["environment_url"] = self.environment_url
        return body


@dataclass(frozen=True)
class ChangedPaths:
    """The files that a change touches, both names of a renamed one.

    Where `complete` is false GitHub cut the list: any other file may have changed too.
    """

    paths: tuple[str, ...]
    complete: bool


@dataclass(frozen=True)
class Commit:
    """A commit of a branch; `author` is a login, where GitHub knows whose the commit is."""

    sha: str
    parents: tuple[str, ...]
    title: str
    author: str | None
    committed_at: datetime


@dataclass(frozen=True)
class CommitsBetween:
    """The commits that a branch has beyond another commit, the oldest first.

    Where `complete` is false there are more, all older than these.
    """

    commits: tuple[Commit, ...]
    complete: bool


@dataclass(frozen=True)
class Me:
    """Who we are on GitHub; `app_id` is `None` where a personal token is used."""

    login: str
    app_id: int | None


class Created(Narrow):
    """What was made, or changed."""

    id: int


def _described(text: str) -> str:
    cut = LONGEST_DESCRIPTION - 1
    return text if len(text) <= LONGEST_DESCRIPTION else f"{text[:cut]}…"
