"""A repository's name, its git objects and who may do what with it."""

import asyncio
from typing import Literal, get_args

from bot.simulated.github.accounts import Account
from bot.simulated.github.administration import Administration
from bot.simulated.github.git import Git
from bot.simulated.github.platform import Platform
from bot.simulated.github.refusals import GitHubRefused

Role = Literal["read", "triage", "write", "maintain", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)


class Codebase:
    """Code and access; what is said about the code is kept by `Repository`."""

    def __init__(self, platform: Platform, owner: Account, name: str, *, private: bool) -> None:
        self.platform = platform
        self.owner = owner
        self.name = name
        self.private = private
        self.default_branch = "main"
        self.has_issues = True
        self.id = platform.next_id()
        self.created_at = platform.now()
        self.pushed_at = self.created_at
        self.settings = Administration()
        self.roles: dict[Account, Role] = {}
        self.team_roles: dict[str, Role] = {}
        self.git = Git(platform.directory / owner.login / f"{name}.git", platform.now)
        self.lock = asyncio.Lock()
        self._highest_number = 0

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.full_name}>"

    @property
    def full_name(self) -> str:
        """Owner and name, as in addresses."""
        return f"{self.owner.login}/{self.name}"

    @property
    def html_url(self) -> str:
        """The repository's page."""
        return f"{self.platform.address}/{self.full_name}"

    @property
    def url(self) -> str:
        """The repository's address in the REST API."""
        return f"{self.platform.api}/repos/{self.full_name}"

    def allow(self, account: Account, role: Role | None) -> None:
        """Give an account a role here, or with None take it away."""
        if role is None:
            self.roles.pop(account, None)
        elif role in ROLES:
            self.roles[account] = role
        else:
            raise GitHubRefused(f"{role!r} is no role; the roles are {', '.join(ROLES)}.")

    def role_of(self, account: Account) -> Role | None:
        """Return an account's role, the highest of its own and its teams'.

        Everybody reads what is public.
        """
        if account is self.owner:
            return "admin"
        teams = self.team_roles.items()
        held = [role for slug, role in teams if account.login in self.owner.members_of(slug)]
        if account in self.roles:
            held.append(self.roles[account])
        elif not self.private:
            held.append("read")
        return max(held, key=ROLES.index, default=None)

    def allows(self, account: Account, role: Role) -> bool:
        """Say whether an account has at least a role."""
        held = self.role_of(account)
        return held is not None and ROLES.index(held) >= ROLES.index(role)

    def demand(self, account: Account, role: Role, act: str) -> None:
        """Refuse an act to a person who lacks the role for it.

        A bot passes: what an App may do is decided where its token is read. Nobody but who
        administers a repository changes it while it is archived.
        """
        if role in {"write", "maintain"}:
            self.settings.demand_open()
        if account.kind == "Bot" or self.allows(account, role):
            return
        held = self.role_of(account)
        if held is None:
            raise GitHubRefused(
                f"{account.login} cannot see {self.full_name}: allow them the {role} role.",
                status=404,
            )
        raise GitHubRefused(
            f"{account.login} may not {act} in {self.full_name}: "
            f"that needs the {role} role; theirs is {held}.",
            status=403,
        )

    def next_number(self) -> int:
        """Return the next number; issues and pull requests share them."""
        self._highest_number += 1
        return self._highest_number

    async def head(self, branch: str | None = None) -> str:
        """Return the commit at the end of a branch; the default branch if none is named."""
        name = branch or self.default_branch
        if (sha := await self.git.resolve(f"heads/{name}")) is None:
            raise GitHubRefused(f"{self.full_name} has no branch {name}.", status=404)
        return sha

    async def commit_named(self, name: str) -> str:
        """Return the commit that a branch, tag or sha names; refused if there is none."""
        if (sha := await self.git.resolve(name)) is None:
            raise GitHubRefused(f"No commit found for SHA: {name}")
        return sha
