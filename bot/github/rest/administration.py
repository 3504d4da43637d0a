"""Repositories made, set, opened to teams and archived: what only their administrators do."""

from collections.abc import Mapping
from urllib.parse import quote

from pydantic import JsonValue

from bot.github.failures import NotFound
from bot.github.rest.paging import pages
from bot.github.rest.paths import path_of
from bot.github.shapes import Narrow
from bot.github.wire import Wire


class RepositorySeen(Narrow):
    """A repository with its settings; how it merges is told to those alone who may write there.

    https://docs.github.com/en/rest/repos/repos#get-a-repository
    """

    full_name: str
    html_url: str
    clone_url: str
    description: str | None = None
    private: bool
    archived: bool
    default_branch: str
    allow_squash_merge: bool | None = None
    allow_rebase_merge: bool | None = None
    allow_merge_commit: bool | None = None
    delete_branch_on_merge: bool | None = None


class TeamSeen(Narrow):
    """A team that was let into a repository, by GitHub's older word for its role."""

    slug: str
    permission: str


class _Found(Narrow):
    id: int


class _Made(Narrow):
    full_name: str


class Administration:
    """The administration of repositories, and of the teams that work in them."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    @property
    def by_app(self) -> bool:
        """Whether it is an App that administers, and not a person."""
        return self._wire.acts_as_app

    async def find(self, repository: str) -> RepositorySeen | None:
        """Answer a repository; `None` where there is none that the App is installed on."""
        try:
            return await self._wire.ask(RepositorySeen, "GET", path_of(repository))
        except NotFound:
            return None

    async def is_installed_on(self, repository: str) -> bool:
        """Answer whether the App is; only an App is."""
        try:
            await self._wire.ask(_Found, "GET", path_of(repository, "installation"))
        except NotFound:
            return False
        return True

    async def create(self, owner: str, body: Mapping[str, JsonValue]) -> None:
        """Make an empty repository of an organisation; raises `NameTaken`.

        https://docs.github.com/en/rest/repos/repos#create-an-organization-repository
        """
        ours = await self._installation(owner)
        path = f"/orgs/{quote(owner, safe='')}/repos"
        await self._wire.ask(_Made, "POST", path, body=body, installation=ours)

    async def generate(self, owner: str, template: str, body: Mapping[str, JsonValue]) -> None:
        """Make a repository with the files of a template; they may come a little later.

        https://docs.github.com/en/rest/repos/repos#create-a-repository-using-a-template
        """
        ours = await self._installation(owner)
        path = path_of(template, "generate")
        await self._wire.ask(_Made, "POST", path, body=body, installation=ours)

    async def change(self, repository: str, body: Mapping[str, JsonValue]) -> None:
        """Change settings of a repository.

        https://docs.github.com/en/rest/repos/repos#update-a-repository
        """
        await self._wire.ask(_Made, "PATCH", path_of(repository), body=body)

    async def teams(self, repository: str) -> tuple[TeamSeen, ...]:
        """Answer the teams that were let into a repository."""
        found: list[TeamSeen] = []
        async for page in pages(self._wire, tuple[TeamSeen, ...], path_of(repository, "teams")):
            found += page
        return tuple(found)

    async def has_team(self, owner: str, slug: str) -> bool:
        """Answer whether an organisation has a team that we see."""
        ours = await self._installation(owner)
        try:
            await self._wire.ask(_Found, "GET", _team(owner, slug), installation=ours)
        except NotFound:
            return False
        return True

    async def let_in(self, repository: str, slug: str, permission: str | None) -> None:
        """Give a team of the owner's a role, or with `None` take it away.

        https://docs.github.com/en/rest/teams/teams#add-or-update-team-repository-permissions
        """
        owner = repository.partition("/")[0]
        ours = await self._installation(owner)
        path = _team(owner, slug) + path_of(repository)
        if permission is None:
            await self._wire.tell("DELETE", path, installation=ours)
        else:
            body: dict[str, JsonValue] = {"permission": permission}
            await self._wire.tell("PUT", path, body=body, installation=ours)

    async def _installation(self, owner: str) -> int | None:
        """Answer in whose name an organisation is asked; `NotFound` where we are not there."""
        if not self._wire.acts_as_app:
            return None
        path = f"/orgs/{quote(owner, safe='')}/installation"
        return (await self._wire.ask(_Found, "GET", path)).id


def _team(owner: str, slug: str) -> str:
    return f"/orgs/{quote(owner, safe='')}/teams/{quote(slug, safe='')}"
