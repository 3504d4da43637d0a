"""The things that GitHub's events and answers are about, with the fields that the bot reads.

GitHub's own models refuse a third of GitHub's own examples; these read only what is used and
let everything else pass.
"""

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, StringConstraints

_OWNER_AND_NAME = r"^[A-Za-z0-9_-][A-Za-z0-9_.-]*/[A-Za-z0-9_.-]*[A-Za-z0-9_-][A-Za-z0-9_.-]*$"

RepositoryName = Annotated[str, StringConstraints(pattern=_OWNER_AND_NAME, max_length=200)]
"""`owner/name`; GitHub compares it without regard to case."""

Sha = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40}([0-9a-f]{24})?$")]
"""The full name of a commit."""


class Narrow(BaseModel):
    """A part of GitHub's JSON: frozen, blind to what it does not name, and silent about values."""

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)


class Account(Narrow):
    """A person, an organisation or an App; an App's login ends in `[bot]`."""

    login: str
    type: str = "User"


class Repository(Narrow):
    """A repository; some events tell no default branch."""

    full_name: RepositoryName
    default_branch: str = "main"


class Installation(Narrow):
    """The App on one account; only its own events and lists tell the account."""

    id: int
    account: Account | None = None
    suspended_at: AwareDatetime | None = None


class BranchRepository(Narrow):
    """The repository that a branch is in."""

    full_name: str


class Branch(Narrow):
    """One side of a pull request; a deleted fork has no repository any more."""

    ref: str
    sha: Sha
    repo: BranchRepository | None = None


class PullRequest(Narrow):
    """A pull request as events, lists and a look at it alone give it.

    `merge_commit_sha` means what was merged only where `merged` is true; before that it
    is GitHub's throw-away test merge. `commits` and `merged_by` are absent from lists.
    """

    number: int
    title: str
    html_url: str
    state: Literal["open", "closed"]
    draft: bool = False
    user: Account | None = None
    merged_by: Account | None = None
    merged_at: AwareDatetime | None = None
    merge_commit_sha: Sha | None = None
    commits: int | None = None
    base: Branch
    head: Branch

    @property
    def merged(self) -> bool:
        """Whether it was merged; lists have no field that says so but the time."""
        return self.merged_at is not None

    @property
    def from_fork(self) -> bool:
        """Whether its branch is in another repository, or in one that is gone."""
        head, base = self.head.repo, self.base.repo
        return head is None or base is None or head.full_name.lower() != base.full_name.lower()


class PushedCommit(Narrow):
    """A commit of a push."""

    id: Sha
    message: str = ""

    @property
    def title(self) -> str:
        """The first line of its message."""
        return self.message.partition("\n")[0]


class PullRequestMarker(Narrow):
    """Present on an issue that is a pull request."""

    html_url: str | None = None


class Label(Narrow):
    """A word that issues are sorted by."""

    name: str


class Issue(Narrow):
    """An issue, or a pull request seen as one."""

    number: int
    pull_request: PullRequestMarker | None = None
    labels: tuple[Label, ...] = ()

    @property
    def is_pull_request(self) -> bool:
        """Whether it is a pull request."""
        return self.pull_request is not None

    @property
    def label_names(self) -> tuple[str, ...]:
        """The names of its labels."""
        return tuple(label.name for label in self.labels)


class IssueSeen(Issue):
    """An issue as a look at it gives it; a list tells of nobody who closed it."""

    title: str
    body: str | None = None
    state: Literal["open", "closed"]
    user: Account | None = None
    closed_at: AwareDatetime | None = None
    closed_by: Account | None = None
    updated_at: AwareDatetime | None = None
    repository_url: str


class Comment(Narrow):
    """A comment on an issue or a pull request; a deleted account leaves no user."""

    id: int
    html_url: str
    body: str
    created_at: AwareDatetime
    user: Account | None = None


class CheckOwner(Narrow):
    """The App that a check belongs to."""

    id: int


class CheckRunReference(Narrow):
    """The check that somebody acted on."""

    id: int
    name: str
    head_sha: Sha
    external_id: str | None = None
    app: CheckOwner | None = None


class CheckSuiteReference(Narrow):
    """All checks of one App on one commit."""

    id: int
    head_sha: Sha
    head_branch: str | None = None
    app: CheckOwner | None = None


class RequestedAction(Narrow):
    """The button that was pressed on a check, by the identifier that the check gave it."""

    identifier: str


class MergeGroup(Narrow):
    """Pull requests merged together for a test, on a branch of the queue's own."""

    head_sha: Sha
    head_ref: str
    base_sha: Sha
    base_ref: str

    @property
    def base_branch(self) -> str:
        """The branch that the group is to be merged into."""
        return self.base_ref.removeprefix("refs/heads/")


class ChangedBase(Narrow):
    """Present where an edit gave a pull request another base."""


class Edit(Narrow):
    """What an edit of a pull request changed, as far as it changes what would be merged."""

    base: ChangedBase | None = None


class InstalledRepository(Narrow):
    """A repository that an installation reaches."""

    full_name: RepositoryName
