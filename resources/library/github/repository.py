"""A service's repository on GitHub: where it comes from, how it is set, and who may do what."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from resources.errors import OrbitsError, Refused
from resources.library.github.arguments import (
    Branch,
    Merging,
    Name,
    Owner,
    RepositoryOnGithub,
    Team,
    Template,
)
from resources.library.github.differences import (
    protection_differs,
    settings_differ,
    teams_differ,
    wrong_settings,
)
from resources.library.github.host import (
    HostedRepository,
    NewRepository,
    Protection,
    RepositoryHost,
    Role,
    Settings,
    Visibility,
)
from resources.model.resource import Difference, Plan, Resource, Severity


class GithubRepository(Resource):
    """A repository of an organisation on GitHub, made from a template or empty.

        repository = await self.do("git-install", GithubRepository(
            owner="agency", name="acme-site", template="agency/site-template",
            description="The site of acme", teams={"developers": "write"},
            protection=Protection(approvals=1, checks=("test",)),
        ))
        address = repository.address

    One that is there already is taken over as it is, and set as is said here. The App needs the
    permissions `Administration: write` and `Contents: write`, without which GitHub does not tell
    how a repository merges; for teams also `Members: read` of the organisation.

    Rules for the default branch are a ruleset of our own, so that other rulesets stay, and hold
    from the first push on. Teams that are not named keep what they may do. To uninstall it is to
    archive it, which can be undone: it is never deleted.
    """

    owner: Owner
    name: Name
    template: Template | None = None
    description: Annotated[str, Field(max_length=350, pattern=r"^[^\x00-\x1f\x7f]*$")] = ""
    visibility: Visibility = "private"
    default_branch: Branch = "main"
    merging: Merging = Merging()
    protection: Protection | None = None
    teams: Mapping[Team, Role] = {}

    def identity(self) -> str:
        """Answer `github-{owner}/{name}`, in lower case as GitHub compares it."""
        return f"github-{self.full_name.lower()}"

    @property
    def full_name(self) -> str:
        """The name with the owner's before it."""
        return f"{self.owner}/{self.name}"

    async def output(self) -> RepositoryOnGithub:
        """Answer where it is, and whether the App sees it."""
        found = await self._host.find(self.full_name)
        if found is None:
            raise OrbitsError(
                f"{self.full_name} is not to be seen any more. Look on GitHub whether it was "
                "renamed, moved or taken out of the App's installation, and retry."
            )
        return RepositoryOnGithub(
            name=self.full_name,
            address=found.address,
            page=found.page,
            default_branch=str(found.settings["default_branch"]),
            app=await self._host.reach(self.full_name),
        )

    async def define_update(self) -> None:
        """Make it where it is missing, then set what is otherwise than it should be."""
        observed = await self._host.find(self.full_name)
        await self._demand_teams(observed)
        if observed is None:
            observed = await self._created()
        await self._set(observed)
        if protection_differs(self.protection, observed):
            await self._host.protect(self.full_name, self.protection)
        for team, role in self.teams.items():
            if observed.teams.get(team) != role:
                await self._host.let_in(self.full_name, team, role)
        last = self.last_good()
        for team in sorted(set(last.teams if last else ()) - set(self.teams)):
            if team in observed.teams:
                await self._host.let_in(self.full_name, team, None)

    async def define_plan(self) -> Plan:
        """Answer what would be made or set."""
        observed = await self._host.find(self.full_name)
        if observed is not None:
            return Plan(changes=tuple(await self._differences(observed)))
        made = f"made from {self.template}" if self.template else "made, empty"
        return Plan(changes=(Difference(path="github", desired=made, observed=None),))

    async def define_cycle(self) -> list[Difference]:
        """Compare its settings, the rules of its default branch, and the teams named here."""
        observed = await self._host.find(self.full_name)
        if observed is None:
            return [
                Difference(
                    path="github",
                    desired=self.full_name,
                    observed=None,
                    severity=Severity.CRITICAL,
                )
            ]
        return await self._differences(observed)

    async def define_uninstall(self) -> None:
        """Archive it; one that is gone or archived is left as it is."""
        observed = await self._host.find(self.full_name)
        if observed is not None and not observed.settings["archived"]:
            await self._host.change(self.full_name, {"archived": True})

    @property
    def _host(self) -> RepositoryHost:
        return self.given(RepositoryHost)

    @property
    def _desired(self) -> Settings:
        return {
            "archived": False,
            "description": self.description,
            "visibility": self.visibility,
            "default_branch": self.default_branch,
            "allows_squash": self.merging.squash,
            "allows_rebase": self.merging.rebase,
            "allows_merge_commit": self.merging.merge_commit,
            "deletes_merged_branches": self.merging.delete_branches,
        }

    async def _created(self) -> HostedRepository:
        """Make it; where that failed because it is there by now, it is taken as it is."""
        new = NewRepository(
            name=self.full_name,
            visibility=self.visibility,
            description=self.description,
            template=self.template,
        )
        try:
            await self._host.create(new)
        except OrbitsError as failed:
            if (found := await self._host.find(self.full_name)) is None:
                raise
            self.log(f"{failed}\n{self.full_name} is there by now, and is taken as it is.\n")
            return found
        found = await self._host.find(self.full_name)
        if found is None:
            raise OrbitsError(
                f"{self.full_name} was made, but is not to be seen yet. Retry in a minute: it is "
                "not made twice. If that does not help, add it to the App's installation."
            )
        return found

    async def _set(self, observed: HostedRepository) -> None:
        changes = dict(await self._wrong(observed))
        if "default_branch" in changes and not await self._has(self.default_branch):
            present = observed.settings["default_branch"]
            raise OrbitsError(
                f"{self.full_name} has no branch `{self.default_branch}`, which is to be its "
                f"default one; that is `{present}`. Push the branch, or say "
                f'`default_branch="{present}"`, and retry.'
            )
        if "archived" in changes:
            # First, as nothing else can be set of what is archived.
            await self._host.change(self.full_name, {"archived": changes.pop("archived")})
        if changes:
            await self._host.change(self.full_name, changes)

    async def _wrong(self, observed: HostedRepository) -> Settings:
        """Answer the settings that are to be changed.

        The first push decides on the default branch of a repository that is empty.
        """
        wrong = wrong_settings(self._desired, observed.settings)
        branches = (self.default_branch, str(observed.settings["default_branch"]))
        if "default_branch" in wrong and not any([await self._has(each) for each in branches]):
            return {name: value for name, value in wrong.items() if name != "default_branch"}
        return wrong

    async def _differences(self, observed: HostedRepository) -> list[Difference]:
        wrong = await self._wrong(observed)
        return [
            *settings_differ(wrong, observed.settings),
            *protection_differs(self.protection, observed),
            *teams_differ(self.teams, observed.teams),
        ]

    async def _has(self, branch: str) -> bool:
        return await self._host.has_branch(self.full_name, branch)

    async def _demand_teams(self, observed: HostedRepository | None) -> None:
        unknown = [
            team
            for team in self.teams
            if (observed is None or team not in observed.teams)
            and not await self._host.has_team(self.owner, team)
        ]
        if unknown:
            raise Refused(
                f"{self.full_name} cannot be opened to {', '.join(sorted(unknown))}: "
                f"{self.owner} has no such team, or the App may not see it, for which it needs "
                "the organisation's permission `Members: read`. Correct the slug, or grant that, "
                "and retry. Nothing was changed."
            )
