"""Pull requests: a branch that somebody asks to have merged."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from bot.simulated.github.accounts import Account
from bot.simulated.github.issues import Issue

Method = Literal["merge", "squash", "rebase"]


@dataclass
class Size:
    """How much a pull request brings: the figures of its page."""

    commits: int = 0
    additions: int = 0
    deletions: int = 0
    changed_files: int = 0


@dataclass(eq=False)
class PullRequest(Issue):
    """An issue with a branch.

    `merge_commit_sha` is a throw-away test merge until `merged`, also when
    the pull request was closed without a merge. `landed_on` is what its base was at before
    the merge.
    """

    base: str = "main"
    base_sha: str = ""
    branch: str = ""
    head_sha: str = ""
    head_owner: Account | None = None
    draft: bool = False
    merged: bool = False
    merged_at: datetime | None = None
    merged_by: Account | None = None
    merge_commit_sha: str | None = None
    mergeable: bool | None = None
    tested_against: str = ""
    merge_base: str = ""
    landed_on: str = ""
    size: Size = field(default_factory=Size)

    @property
    def html_url(self) -> str:
        """Where to read it."""
        return f"{self.repository.html_url}/pull/{self.number}"

    @property
    def pull_url(self) -> str:
        """Its address in the REST API, as a pull request."""
        return f"{self.repository.url}/pulls/{self.number}"

    @property
    def from_fork(self) -> bool:
        """Whether the branch lies in its author's fork."""
        return self.head_owner is not None and self.head_owner is not self.repository.owner

    @property
    def head_reference(self) -> str:
        """Where git keeps the branch."""
        if self.head_owner is None or not self.from_fork:
            return f"refs/heads/{self.branch}"
        return f"refs/forks/{self.head_owner.login}/{self.branch}"

    @property
    def label(self) -> str:
        """Owner and branch, as in `maya:patch-1`."""
        return f"{(self.head_owner or self.repository.owner).login}:{self.branch}"
