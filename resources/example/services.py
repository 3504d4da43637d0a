"""What each service of an agency is made of, for one tenant at one revision."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar
from uuid import uuid4

from pydantic import JsonValue

from resources.library import (
    CdnCache,
    Checkout,
    ClearCdnCache,
    CloudExecutor,
    FileTree,
    GitRepository,
    LocalAccount,
    SourceTree,
    SqlMigration,
)
from resources.library.git.source import Address
from resources.library.names import Revision, Slug
from resources.model.action import Action
from resources.model.resource import Difference, Plan, Resource


class BaseResource(Resource):
    """What every service of a tenant stands on: a git repository, and the tenant's account.

    All tenants share the repository and all services of a tenant share its account: asked for
    many times at once, each is made once. Here both are folders; a class that is derived from
    this one answers others, and keeps the steps.
    """

    service: ClassVar[str] = "base"

    tenant: Slug
    home: Path

    def identity(self) -> str:
        """Answer `{service}-{tenant}`."""
        return f"{self.service}-{self.tenant}"

    async def define_install(self) -> None:
        """Make the repository and the account, side by side."""
        await asyncio.gather(
            self.do("git-install", self.git_repository()),
            self.do("account-install", self.account()),
        )

    def git_repository(self) -> Resource:
        """Answer where the service's code is pushed to."""
        return GitRepository(name=self.service, home=self.home / "repositories")

    def account(self) -> Resource:
        """Answer the tenant's account."""
        return LocalAccount(id=self.tenant, home=self.home / "accounts")


class ServiceResource(BaseResource):
    """A service at a revision: the files in its `deploy/` folder, filled in for the tenant."""

    repository: Address
    revision: Revision
    variables: Mapping[str, JsonValue] = {}

    async def define_update(self) -> None:
        """Deploy the infrastructure; a service that is more than that says so itself."""
        await self.do("iac-deploy", await self.infrastructure(await self.source()))

    async def define_uninstall(self) -> None:
        """Remove its parts, the last one first; the repository and the account are shared."""
        for part in reversed(await self.parts()):
            if part.defines("uninstall"):
                await self.do("uninstall", part, command="uninstall")
            else:
                self.log(f"{self.stays(part)}\n")

    def stays(self, part: Resource) -> str:
        """Answer what a person is told of a part that no uninstall removes."""
        return f"{part.identity()} stays: it is removed by hand, once nobody needs it."

    async def parts(self) -> list[Resource]:
        """Answer what is compared with the world, and removed in the end."""
        return [await self.infrastructure(await self.source())]

    async def planned(self) -> list[Resource]:
        """Answer what is asked what a deployment would change."""
        return await self.parts()

    async def define_plan(self) -> Plan:
        """Answer what a deployment would change in any part."""
        plans = await asyncio.gather(
            *(self.do("plan", part, command="plan") for part in await self.planned())
        )
        changes = tuple(change for plan in plans for change in plan.changes)
        return Plan(changes=changes, destructive=any(plan.destructive for plan in plans))

    async def define_cycle(self) -> list[Difference]:
        """Answer where any part, the repository or the account is not as desired."""
        parts = [*await self.parts(), self.git_repository(), self.account()]
        found = await asyncio.gather(*(self.do("cycle", part, command="cycle") for part in parts))
        return [difference for differences in found for difference in differences]

    async def source(self) -> SourceTree:
        """Have the service's files at the revision."""
        checkout = Checkout(
            repository=self.repository, revision=self.revision, cache=self.home / "cache"
        )
        return await self.do("fetch-source", checkout)

    async def infrastructure(self, source: SourceTree) -> Resource:
        """Answer the service's environment in the tenant's account."""
        return FileTree(
            name=self.identity(),
            templates=source.path / "deploy",
            target=self.home / "accounts" / self.tenant / self.service,
            variables={"tenant": self.tenant, "revision": self.revision, **self.variables},
        )


class AuthResource(ServiceResource):
    """The sign-in of one tenant: its infrastructure."""

    service = "auth"


class BackendResource(ServiceResource):
    """The API of one tenant: its infrastructure, then its database schema."""

    service = "backend"

    async def define_update(self) -> None:
        """Deploy the infrastructure, then apply the migrations that the database has not seen."""
        source = await self.source()
        outputs = await self.do("iac-deploy", await self.infrastructure(source))
        await self.do("sql-migrate", self.migration(source, outputs))

    async def define_rollback(self) -> None:
        """Take the schema back first: where there is no way, nothing else has moved."""
        for part in reversed(await self.parts()):
            await self.do("rollback", part, command="rollback")

    async def parts(self) -> list[Resource]:
        """Answer the infrastructure and, as soon as it has outputs, the schema."""
        source = await self.source()
        infrastructure = await self.infrastructure(source)
        outputs = await self.outputs(infrastructure)
        return [infrastructure, *([] if outputs is None else [self.migration(source, outputs)])]

    def stays(self, part: Resource) -> str:
        """Say of the database where it is, and how it goes."""
        if not isinstance(part, SqlMigration):
            return super().stays(part)
        return (
            f"The database {part.database} of {self.identity()} stays, with all its data: no "
            "uninstall takes data away. Keep a copy of what somebody may need, then remove that "
            "file by hand."
        )

    async def outputs(self, infrastructure: Resource) -> Any:
        """Answer the outputs of the infrastructure that there is; `None`: it has none yet."""
        return await infrastructure.output()

    def migration(self, source: SourceTree, outputs: Any) -> Resource:
        """Answer the database, brought to the revision's `migrations/`."""
        return SqlMigration(
            database=outputs.database,
            directory=source.path / "migrations",
            executor=CloudExecutor(outputs),
        )


class FrontendResource(ServiceResource):
    """The web site of one tenant: its infrastructure, then nobody sees the old one any more."""

    service = "frontend"

    async def define_update(self) -> None:
        """Deploy the infrastructure, then clear the CDN, also on the way to an old revision."""
        outputs = await self.do("iac-deploy", await self.infrastructure(await self.source()))
        reference = await self.do("name-invalidation", new_reference)
        await self.do("clear-cdn-cache", self.clearing(outputs, reference))

    def clearing(self, outputs: Any, reference: str) -> Action:
        """Answer what clears the CDN that the infrastructure has, known by that reference."""
        return ClearCdnCache(
            cache=CdnCache(directory=outputs.directory / "cdn"), reference=reference
        )


async def new_reference() -> str:
    """Make up a name that nobody used before; as a step, it is the same after a restart."""
    return uuid4().hex
