"""GitHub as the host of a stack's repositories; its refusals in words that name the permission."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import get_args

from pydantic import JsonValue

from bot.github.door import GitHub
from bot.github.failures import GitHubFailed, NameTaken, NotFound
from bot.github.protection import NAME, protection_of, ruleset_of
from bot.github.rest.administration import RepositorySeen
from resources.errors import OrbitsError
from resources.library.github.host import (
    HostedRepository,
    NewRepository,
    Protection,
    Reach,
    RepositoryHost,
    Role,
    Setting,
    Settings,
)

_FIELDS: dict[Setting, str] = {
    "description": "description",
    "visibility": "visibility",
    "default_branch": "default_branch",
    "allows_squash": "allow_squash_merge",
    "allows_rebase": "allow_rebase_merge",
    "allows_merge_commit": "allow_merge_commit",
    "deletes_merged_branches": "delete_branch_on_merge",
    "archived": "archived",
}
_GRANT = "Grant it in the App's settings, accept it for the organisation's installation"
_OLDER_WORDS = {"read": "pull", "write": "push"}
_ROLES: dict[str, Role] = {_OLDER_WORDS.get(role, role): role for role in get_args(Role)}
_WORDS = {role: word for word, role in _ROLES.items()}


class GithubRepositories(RepositoryHost):
    """Repositories on the bot's own GitHub, administered by its App or by a person's token."""

    def __init__(self, github: GitHub) -> None:
        self._github = github
        self._administration = github.administration

    async def find(self, name: str) -> HostedRepository | None:
        """Answer a repository with its rules and teams; `None` where the App is not on it."""
        async with self._told(f"{name} cannot be looked at", "Administration: read"):
            found = await self._administration.find(name)
            if found is None:
                return None
            if found.full_name.lower() != name.lower():
                # GitHub leads from the old name to the new one, until that is given away.
                raise OrbitsError(
                    f"{name} was renamed or moved: it is {found.full_name} now. Name it so here, "
                    "or rename it back, and retry. Nothing was changed."
                )
            ruleset = await self._github.rulesets.find(name, NAME)
            teams = await self._administration.teams(name)
        protection = ruleset and protection_of(ruleset)
        return HostedRepository(
            address=found.clone_url,
            page=found.html_url,
            settings=_settings_of(found),
            protection=protection if isinstance(protection, Protection) else None,
            tampered=protection == "tampered",
            # A role that an organisation made itself has a name that is none of ours.
            teams={each.slug: _ROLES.get(each.permission, "read") for each in teams},
        )

    async def create(self, new: NewRepository) -> None:
        """Make a repository, empty or from a template."""
        owner, _, name = new.name.partition("/")
        body: dict[str, JsonValue] = {"name": name, "description": new.description}
        async with self._told(f"{new.name} was not made", "Administration: write"):
            try:
                if new.template is None:
                    body["visibility"] = new.visibility
                    await self._administration.create(owner, body)
                else:
                    body |= {"owner": owner, "private": new.visibility == "private"}
                    await self._administration.generate(owner, new.template, body)
            except NameTaken:
                raise OrbitsError(
                    f"{new.name} was not made: a repository of that name is there already, and "
                    "the App is not installed on it. Add it to the App's installation, or choose "
                    "another name, and retry. Nothing was changed."
                ) from None
            except NotFound as missing:
                raise _not_found(new, missing) from None

    async def change(self, name: str, settings: Settings) -> None:
        """Change these settings."""
        body: dict[str, JsonValue] = {_FIELDS[each]: value for each, value in settings.items()}
        changed = ", ".join(sorted(settings)).replace("_", " ")
        async with self._told(f"{name} was not set ({changed})", "Administration: write"):
            await self._administration.change(name, body)

    async def has_branch(self, name: str, branch: str) -> bool:
        """Answer whether there is such a branch."""
        async with self._told(f"The branches of {name} cannot be seen", "Contents: read"):
            return await self._github.head_of(name, branch) is not None

    async def protect(self, name: str, protection: Protection | None) -> None:
        """Make, change or remove the ruleset of ours."""
        what = f"The default branch of {name} was not protected"
        plan = "; of a private repository, GitHub's free plan protects no branch either"
        async with self._told(what, "Administration: write", plan):
            if protection is None:
                await self._github.rulesets.remove(name, NAME)
            else:
                await self._github.rulesets.put(name, ruleset_of(protection))

    async def has_team(self, owner: str, team: str) -> bool:
        """Answer whether the organisation has such a team that the App may see."""
        try:
            return await self._administration.has_team(owner, team)
        except GitHubFailed as failed:
            if failed.status == 403:
                return False
            raise

    async def let_in(self, name: str, team: str, role: Role | None) -> None:
        """Give a team a role, or take it away."""
        what = f"{name} was not opened to the team {team}"
        if role is None:
            what = f"{name} was not closed to the team {team}"
        async with self._told(what, "Administration: write"):
            await self._administration.let_in(name, team, role and _WORDS[role])

    async def reach(self, name: str) -> Reach:
        """Answer whether the App is installed on a repository."""
        if not self._administration.by_app:
            note = (
                "The bot acts with a person's token: no App hears of what happens in "
                f"{name}. Register the bot as an App, and install it there."
            )
            return Reach(sees=False, note=note)
        if await self._administration.is_installed_on(name):
            return Reach(sees=True)
        note = (
            f"The App is not installed on {name}: merges and comments there do not reach the bot. "
            "Add the repository to the App's installation."
        )
        return Reach(sees=False, note=note)

    @asynccontextmanager
    async def _told(self, what: str, permission: str, otherwise: str = "") -> AsyncIterator[None]:
        """Say of a refusal which permission is needed, and of what is missing where to look."""
        try:
            yield
        except GitHubFailed as failed:
            if failed.status == 403:
                who, remedy = "token", "Give the token that right"
                if self._administration.by_app:
                    who, remedy = "App", _GRANT
                raise OrbitsError(
                    f"{what}: the {who} lacks the permission `{permission}`{otherwise}. "
                    f"{remedy}, and retry."
                ) from None
            raise


def _settings_of(seen: RepositorySeen) -> Settings:
    settings: dict[Setting, str | bool] = {}
    for name, field in _FIELDS.items():
        if name == "visibility":
            settings[name] = "private" if seen.private else "public"
            continue
        value = getattr(seen, field)
        if name == "description":
            value = value or ""
        if value is None:
            raise OrbitsError(
                f"GitHub does not tell how {seen.full_name} merges: the App lacks the permission "
                f"`Contents: write`. {_GRANT}, and retry. Nothing was changed."
            )
        settings[name] = value
    return settings


def _not_found(new: NewRepository, missing: NotFound) -> OrbitsError:
    owner = new.name.partition("/")[0]
    if missing.path.endswith("/generate"):
        why = (
            f"{new.template} is not to be seen, or is no template. Look at its name, make it a "
            "template in its settings, install the App on it, and retry."
        )
    else:
        why = (
            f"the App is not installed on the organisation {owner}, or {owner} is a person. "
            "Install it there, and retry."
        )
    return OrbitsError(f"{new.name} was not made: {why} Nothing was changed.")
