"""What a host of repositories is asked for, as far as a repository's stack author need know it."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Setting = Literal[
    "description",
    "visibility",
    "default_branch",
    "allows_squash",
    "allows_rebase",
    "allows_merge_commit",
    "deletes_merged_branches",
    "archived",
]
Settings = Mapping[Setting, str | bool]
"""The description, the visibility and the branch are text, the others say whether."""

Role = Literal["read", "triage", "write", "maintain", "admin"]
Visibility = Literal["private", "public"]


class Protection(BaseModel):
    """What is demanded before anything gets on the default branch of a repository.

    Nobody deletes the branch or rewrites its history. `approvals` is how many people must
    approve of a pull request, 0 to 10; `None` lets pushes through that come without one.
    `checks` are the names of those that must be green; `up_to_date`: on top of the branch as it
    is now. `binds_admins`: who administers the repository is held to it too.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    approvals: Annotated[int, Field(ge=0, le=10)] | None = 1
    checks: tuple[str, ...] = ()
    up_to_date: bool = False
    binds_admins: bool = True

    def told(self) -> str:
        """Answer it in a line, the same for what demands the same."""
        pulls = "pushes" if self.approvals is None else f"{self.approvals} approvals"
        checks = ", ".join(sorted(set(self.checks))) or "none"
        fresh = ", up to date" if self.up_to_date and self.checks else ""
        bound = "admins bound" if self.binds_admins else "admins free"
        return f"{pulls}; checks: {checks}{fresh}; {bound}"


class HostedRepository(BaseModel):
    """A repository as its host has it; `protection` is only what was brought about here.

    Where the protection was changed to something that cannot be said here, `tampered` is set.
    """

    model_config = ConfigDict(frozen=True)

    address: str
    page: str
    settings: Settings
    protection: Protection | None = None
    tampered: bool = False
    teams: Mapping[str, Role] = {}


class Reach(BaseModel):
    """Whether the bot's App sees a repository, and hears of what happens in it.

    `note` says what follows from it, for people; it is empty where all is well.
    """

    model_config = ConfigDict(frozen=True)

    sees: bool
    note: str = ""


class NewRepository(BaseModel):
    """A repository to be made; what is not said here is set afterwards."""

    model_config = ConfigDict(frozen=True)

    name: str
    visibility: Visibility
    description: str = ""
    template: str | None = None


class RepositoryHost:
    """Has repositories, named `owner/name`; the process gives it to its runs.

    Every method may raise `OrbitsError`, which names the repository and what to do: where the
    bot may not do it, also the permission that it lacks.
    """

    async def find(self, name: str) -> HostedRepository | None:
        """Answer a repository as it is; `None` where there is none that we see."""
        raise NotImplementedError

    async def create(self, new: NewRepository) -> None:
        """Make a repository; it may have been made where this raises."""
        raise NotImplementedError

    async def change(self, name: str, settings: Settings) -> None:
        """Change these settings of a repository."""
        raise NotImplementedError

    async def has_branch(self, name: str, branch: str) -> bool:
        """Answer whether a repository has a branch of that name, with a commit on it."""
        raise NotImplementedError

    async def protect(self, name: str, protection: Protection | None) -> None:
        """Protect the default branch in this way, or with `None` no longer.

        Rules that somebody else made stay.
        """
        raise NotImplementedError

    async def has_team(self, owner: str, team: str) -> bool:
        """Answer whether an owner has a team of that slug."""
        raise NotImplementedError

    async def let_in(self, name: str, team: str, role: Role | None) -> None:
        """Give a team of the owner's a role in a repository, or with `None` take it away."""
        raise NotImplementedError

    async def reach(self, name: str) -> Reach:
        """Answer whether the bot's App sees a repository."""
        raise NotImplementedError
