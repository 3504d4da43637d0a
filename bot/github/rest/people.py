"""Who we are on GitHub, and what others may do there."""

from typing import get_args
from urllib.parse import quote

from bot.github.answers import Me, Role
from bot.github.failures import GitHubFailed, NotFound
from bot.github.rest.paths import path_of
from bot.github.shapes import Account, Narrow
from bot.github.wire import Wire

_ROLES: dict[str, Role] = {role: role for role in get_args(Role)}


class _App(Narrow):
    id: int
    slug: str


class _Permission(Narrow):
    permission: str
    role_name: str = ""


class _Installed(Narrow):
    id: int


class _Membership(Narrow):
    state: str


class People:
    """Ourselves, and everybody else."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._me: Me | None = None

    async def me(self) -> Me:
        """Answer who we are: the App's bot, or the person whose token is used; asked once."""
        if self._me is None:
            self._me = await self._asked()
        return self._me

    async def role_of(self, repository: str, login: str) -> Role | None:
        """Answer the role that somebody has in a repository just now; all read a public one.

        Of a role that an organisation made itself only what it was made from is told, in
        `permission`, which folds maintain into write and triage into read.
        https://docs.github.com/en/rest/collaborators/collaborators#get-repository-permissions-for-a-user
        """
        path = path_of(repository, "collaborators", login, "permission")
        try:
            found = await self._wire.ask(_Permission, "GET", path)
        except NotFound:
            return None
        return _ROLES.get(found.role_name) or _ROLES.get(found.permission)

    async def is_in_team(self, team: str, login: str) -> bool:
        """Answer whether somebody is in a team, named `organisation/slug`, just now.

        An App needs the permission to read the organisation's members: without it, nobody is.
        https://docs.github.com/en/rest/teams/members#get-team-membership-for-a-user
        """
        organization, _, slug = team.partition("/")
        path = f"/orgs/{quote(organization, safe='')}"
        try:
            ours = None
            if self._wire.acts_as_app:
                ours = (await self._wire.ask(_Installed, "GET", f"{path}/installation")).id
            where = f"{path}/teams/{quote(slug, safe='')}/memberships/{quote(login, safe='')}"
            found = (await self._wire.page(_Membership, where, {}, ours)).found
        except NotFound:
            return False
        except GitHubFailed as failed:
            if failed.status == 403:
                return False
            raise
        return found.state == "active"

    async def _asked(self) -> Me:
        if self._wire.acts_as_app:
            app = await self._wire.ask(_App, "GET", "/app")
            return Me(login=f"{app.slug}[bot]", app_id=app.id)
        user = await self._wire.ask(Account, "GET", "/user")
        return Me(login=user.login, app_id=None)
