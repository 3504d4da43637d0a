"""What GitHub's deliveries say, as far as the bot acts on it.

GitHub's own models refuse a third of GitHub's own examples; these read only the fields
that are used and let everything else pass.
"""

from collections.abc import Mapping
from typing import Annotated, Literal, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, StringConstraints, ValidationError

from resources.errors import OrbitsError

_OWNER_AND_NAME = r"^[A-Za-z0-9_-][A-Za-z0-9_.-]*/[A-Za-z0-9_.-]*[A-Za-z0-9_-][A-Za-z0-9_.-]*$"

RepositoryName = Annotated[str, StringConstraints(pattern=_OWNER_AND_NAME, max_length=200)]
"""`owner/name`; GitHub compares it without regard to case."""

Sha = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40}([0-9a-f]{24})?$")]
"""The full name of a commit."""

_Model = TypeVar("_Model", bound=BaseModel)


class MalformedEvent(OrbitsError):
    """A delivery lacks what GitHub promises; the message holds nothing of its payload."""


class Narrow(BaseModel):
    """A part of GitHub's JSON: frozen, blind to what it does not name, and silent about values."""

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)


class Account(Narrow):
    """A person, an organisation or an App; an App's login ends in `[bot]`."""

    login: str
    type: str = "User"


class Repository(Narrow):
    """The repository that an event is about."""

    full_name: RepositoryName
    default_branch: str = "main"


class Installation(Narrow):
    """The App on one account; only its own events tell the account."""

    id: int
    account: Account | None = None


class BranchRepository(Narrow):
    """The repository that a branch is in."""

    full_name: str


class Branch(Narrow):
    """One side of a pull request; a deleted fork has no repository any more."""

    ref: str
    sha: Sha
    repo: BranchRepository | None = None


class PullRequest(Narrow):
    """A pull request as its events and the REST API give it.

    `merge_commit_sha` means what was merged only where `merged` is true; before that it
    is GitHub's throw-away test merge. `commits` is absent from lists.
    """

    number: int
    title: str
    html_url: str
    state: Literal["open", "closed"]
    user: Account | None = None
    merged: bool = False
    merged_by: Account | None = None
    merged_at: AwareDatetime | None = None
    merge_commit_sha: Sha | None = None
    commits: int | None = None
    base: Branch
    head: Branch


class Event(Narrow):
    """What every delivery carries."""

    repository: Repository | None = None
    installation: Installation | None = None
    sender: Account | None = None


class RepositoryEvent(Event):
    """An event inside one repository."""

    repository: Repository


class PullRequestClosed(RepositoryEvent):
    """A pull request was closed; `merged` tells whether it was merged."""

    action: Literal["closed"]
    pull_request: PullRequest

    @property
    def merged(self) -> bool:
        """Whether this was a merge that names its commit."""
        return self.pull_request.merged and self.pull_request.merge_commit_sha is not None


class Push(RepositoryEvent):
    """A reference moved. `before` or `after` is forty zeros where it was made or deleted."""

    ref: str
    before: Sha
    after: Sha
    deleted: bool = False
    forced: bool = False

    @property
    def branch(self) -> str | None:
        """The branch that moved; `None` for a tag."""
        prefix = "refs/heads/"
        return self.ref.removeprefix(prefix) if self.ref.startswith(prefix) else None


class PullRequestMarker(Narrow):
    """Present on an issue that is a pull request."""

    html_url: str | None = None


class Issue(Narrow):
    """An issue, or a pull request seen as one."""

    number: int
    pull_request: PullRequestMarker | None = None


class Comment(Narrow):
    """A comment on an issue or a pull request; a deleted account leaves no user."""

    id: int
    html_url: str
    body: str
    created_at: AwareDatetime
    user: Account | None = None


class CommentCreated(RepositoryEvent):
    """Somebody wrote a comment. It holds no commit: bind a command to one by other means."""

    action: Literal["created"]
    issue: Issue
    comment: Comment


class RequestedAction(Narrow):
    """The button that was pressed on a check."""

    identifier: str


class CheckRunReference(Narrow):
    """The check that somebody acted on."""

    id: int
    name: str
    head_sha: Sha
    external_id: str | None = None


class CheckRunRequested(RepositoryEvent):
    """Somebody asked for a check again, or pressed one of its buttons."""

    action: Literal["rerequested", "requested_action"]
    check_run: CheckRunReference
    requested_action: RequestedAction | None = None


class Ping(Event):
    """GitHub tries the webhook out."""

    zen: str = ""


class InstalledRepository(Narrow):
    """A repository that an installation reaches."""

    full_name: RepositoryName


class InstallationChanged(Event):
    """The App was installed, removed, stopped for a while, or given other permissions."""

    action: Literal["created", "deleted", "suspend", "unsuspend", "new_permissions_accepted"]
    installation: Installation
    repositories: tuple[InstalledRepository, ...] = ()


_ACTIONS: Mapping[str, tuple[type[Event], frozenset[str | None]]] = {
    "pull_request": (PullRequestClosed, frozenset({"closed"})),
    "push": (Push, frozenset({None})),
    "issue_comment": (CommentCreated, frozenset({"created"})),
    "check_run": (CheckRunRequested, frozenset({"rerequested", "requested_action"})),
    "ping": (Ping, frozenset({None})),
    "installation": (
        InstallationChanged,
        frozenset({"created", "deleted", "suspend", "unsuspend", "new_permissions_accepted"}),
    ),
}


class _Action(Narrow):
    action: str | None = None


def handles(event: str, action: str | None) -> bool:
    """Say whether the bot acts on this action of this event."""
    known = _ACTIONS.get(event)
    return known is not None and action in known[1]


def parse(event: str, payload: bytes) -> Event | None:
    """Read a delivery; `None` for an event or an action that the bot does not act on.

    Raises `MalformedEvent` naming the first field that is not as GitHub promises.
    """
    if event not in _ACTIONS:
        return None
    action = _read(event, _Action, payload).action
    if not handles(event, action):
        return None
    return _read(event, _ACTIONS[event][0], payload)


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
