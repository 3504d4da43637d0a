"""What GitHub's deliveries say, as far as the bot acts on it: one class for each meaning."""

from collections.abc import Mapping
from typing import Literal, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from bot.github.shapes import (
    Account,
    CheckRunReference,
    CheckSuiteReference,
    Comment,
    Edit,
    Installation,
    InstalledRepository,
    Issue,
    MergeGroup,
    Narrow,
    PullRequest,
    PushedCommit,
    Repository,
    RequestedAction,
    Sha,
)
from resources.errors import OrbitsError

_Model = TypeVar("_Model", bound=BaseModel)


class MalformedEvent(OrbitsError):
    """A delivery lacks what GitHub promises; the message holds nothing of its payload."""


class Event(Narrow):
    """What every delivery carries. `sender` is who made it happen, perhaps we ourselves."""

    repository: Repository | None = None
    installation: Installation | None = None
    sender: Account | None = None

    @property
    def matters(self) -> bool:
        """Whether the bot acts on it, where its action alone does not tell."""
        return True


class RepositoryEvent(Event):
    """An event inside one repository."""

    repository: Repository


class PullRequestChanged(RepositoryEvent):
    """An open pull request came, or what it would bring to which branch changed.

    An edit of its words alone is none. It may be a draft: look at `pull_request.draft`.
    """

    action: Literal[
        "opened", "synchronize", "reopened", "ready_for_review", "converted_to_draft", "edited"
    ]
    pull_request: PullRequest
    changes: Edit = Edit()

    @property
    def matters(self) -> bool:
        """Whether something else would be merged now, or elsewhere."""
        return self.action != "edited" or self.changes.base is not None


class PullRequestClosed(RepositoryEvent):
    """A pull request was closed; `merged` tells whether it was merged."""

    action: Literal["closed"]
    pull_request: PullRequest

    @property
    def merged(self) -> bool:
        """Whether this was a merge that names its commit."""
        return self.pull_request.merged and self.pull_request.merge_commit_sha is not None


class Push(RepositoryEvent):
    """A reference moved. `before` or `after` is all zeros where it was made or deleted.

    `commits` holds at most 2,048 of them, oldest first, and none for a tag.
    https://docs.github.com/en/webhooks/webhook-events-and-payloads#push
    """

    ref: str
    before: Sha
    after: Sha
    created: bool = False
    deleted: bool = False
    forced: bool = False
    commits: tuple[PushedCommit, ...] = ()
    head_commit: PushedCommit | None = None

    @property
    def branch(self) -> str | None:
        """The branch that moved; `None` for a tag."""
        prefix = "refs/heads/"
        return self.ref.removeprefix(prefix) if self.ref.startswith(prefix) else None


class CommentCreated(RepositoryEvent):
    """Somebody wrote a comment. It holds no commit: bind a command to one by other means."""

    action: Literal["created"]
    issue: Issue
    comment: Comment


class CheckRunRerequested(RepositoryEvent):
    """Somebody asked for one check again; GitHub tells the App that owns it, and no other."""

    action: Literal["rerequested"]
    check_run: CheckRunReference


class CheckRunActionRequested(RepositoryEvent):
    """Somebody pressed a button on a check of ours. The check, and so its commit, may be old."""

    action: Literal["requested_action"]
    check_run: CheckRunReference
    requested_action: RequestedAction


class CheckSuiteRerequested(RepositoryEvent):
    """Somebody asked for all checks of the App on a commit again ("Re-run all checks")."""

    action: Literal["rerequested"]
    check_suite: CheckSuiteReference


class MergeGroupChecksRequested(RepositoryEvent):
    """A merge queue waits for the required checks on its group; without them it stalls."""

    action: Literal["checks_requested"]
    merge_group: MergeGroup


class IssueClosed(RepositoryEvent):
    """Somebody closed an issue; of a pull request another event tells."""

    action: Literal["closed"]
    issue: Issue


class IssueReopened(RepositoryEvent):
    """Somebody opened a closed issue again."""

    action: Literal["reopened"]
    issue: Issue


class IssueTakenAway(RepositoryEvent):
    """Somebody deleted an issue, or moved it to another repository."""

    action: Literal["deleted", "transferred"]
    issue: Issue


class Ping(Event):
    """GitHub tries the webhook out."""

    zen: str = ""


class InstallationChanged(Event):
    """The App was installed, removed, stopped for a while, or given other permissions."""

    action: Literal["created", "deleted", "suspend", "unsuspend", "new_permissions_accepted"]
    installation: Installation
    repositories: tuple[InstalledRepository, ...] = ()


def _actions_of(model: type[Event]) -> tuple[str | None, ...]:
    """Answer what a model's `action` may be; an event without actions has none to name."""
    field = model.model_fields.get("action")
    return (None,) if field is None else get_args(field.annotation)


def _by_action(*models: type[Event]) -> Mapping[str | None, type[Event]]:
    return {action: model for model in models for action in _actions_of(model)}


_ACTIONS: Mapping[str, Mapping[str | None, type[Event]]] = {
    "pull_request": _by_action(PullRequestChanged, PullRequestClosed),
    "push": _by_action(Push),
    "issue_comment": _by_action(CommentCreated),
    "check_run": _by_action(CheckRunRerequested, CheckRunActionRequested),
    "check_suite": _by_action(CheckSuiteRerequested),
    "merge_group": _by_action(MergeGroupChecksRequested),
    "issues": _by_action(IssueClosed, IssueReopened, IssueTakenAway),
    "ping": _by_action(Ping),
    "installation": _by_action(InstallationChanged),
}


class _Action(Narrow):
    action: str | None = None


def handles(event: str, action: str | None) -> bool:
    """Say whether the bot acts on this action of this event."""
    return action in _ACTIONS.get(event, {})


def parse(event: str, payload: bytes) -> Event | None:
    """Read a delivery; `None` for what the bot does not act on.

    Raises `MalformedEvent` naming the first field that is not as GitHub promises.
    """
    if event not in _ACTIONS:
        return None
    model = _ACTIONS[event].get(_read(event, _Action, payload).action)
    if model is None:
        return None
    found = _read(event, model, payload)
    return found if found.matters else None


def _read(event: str, model: type[_Model], payload: bytes) -> _Model:
    try:
        return model.model_validate_json(payload)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_context=False, include_input=False)[0]
    field = ".".join(str(part) for part in problem["loc"]) or "its JSON"
    raise MalformedEvent(
        f"The event `{event}` cannot be read: `{field}` is not as GitHub sends it "
        f"({problem['type']}). Look at the delivery on the App's page, under Advanced.",
        event=event,
        field=field,
    )
