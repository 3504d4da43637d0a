"""What the services of the example are made of in AWS: accounts, stacks of the CDK, a CDN."""

import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path, PurePosixPath

from pydantic import BaseModel, ConfigDict, JsonValue, PrivateAttr

from resources.aws import (
    AwsAccount,
    AwsAccountAccess,
    AwsConnection,
    CdkApp,
    CdkStack,
    ClearCloudFront,
    CloudFormationOutputs,
)
from resources.aws.account.account import Pattern, Unit
from resources.example.services import (
    AuthResource,
    BackendResource,
    FrontendResource,
    ServiceResource,
)
from resources.library import (
    CloudExecutor,
    Environment,
    GithubRepository,
    PostgresConnection,
    PostgresMigration,
    SourceTree,
)
from resources.library.environment import AwsAccess, EcsAccess
from resources.library.github.arguments import Owner
from resources.model.resource import Resource
from resources.secrets import Secret


class AwsAgency(BaseModel):
    """What all tenants of an agency share: its organization at AWS, and the one at GitHub.

    `connection` leads to the management account of the organization at AWS, and `email` is the
    pattern of its accounts' addresses; see `AwsAccount`. `owner` has the services' repositories.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    connection: AwsConnection
    email: Pattern
    owner: Owner
    unit: Unit | None = None
    looks_every: timedelta = timedelta(seconds=5)
    """How often AWS is asked how a stack is that is being deployed."""
    consents_to_deletion: bool = False
    """Whether what a revision does not have any more is deleted, though no policy keeps it.

    Without it, such a revision is refused, and so is the way back from one that has succeeded, and
    added something.
    """


class ServiceOnAws(ServiceResource):
    """A service in its tenant's own AWS account: a stack of the CDK app in its `infra/` folder.

    The app has a stack with the name of the service, such as `Backend`, whose parameters are
    `Tenant`, and what the tenant's variables have under the service's name.
    """

    agency: AwsAgency
    consents_to_loss: bool = False
    """Whether an uninstall may take the tenant's data and its account away."""

    _access: AwsAccountAccess | None = PrivateAttr(None)
    """What a step of this run has found on record."""

    def git_repository(self) -> GithubRepository:
        """Answer the repository at GitHub that all tenants share."""
        return GithubRepository(
            owner=self.agency.owner,
            name=self.service,
            description=f"The {self.service} of every tenant",
        )

    def account(self) -> AwsAccount:
        """Answer the tenant's account in the agency's organization."""
        return AwsAccount(
            connection=self.agency.connection,
            id=self.tenant,
            email=self.agency.email,
            unit=self.agency.unit,
            tags={"tenant": self.tenant},
            close_on_uninstall=self.consents_to_loss,
        )

    async def infrastructure(self, source: SourceTree) -> CdkStack:
        """Answer the stack in the tenant's account, found again where it is not on record."""
        access = await self.access()
        if access is None:
            access = await self.do("account-install", self.account())
        return CdkStack(
            app=CdkApp(source=source, home=self.home / "cdk", directory=PurePosixPath("infra")),
            stack=self.service.capitalize(),
            connection=access.connection,
            name=self.service,
            parameters={"Tenant": self.tenant, **self.parameters()},
            secrets=self.secrets(),
            tags={"tenant": self.tenant, "service": self.service},
            consents_to_deletion=self.agency.consents_to_deletion,
            looks_every=self.agency.looks_every,
        )

    def parameters(self) -> dict[str, str]:
        """Answer the parameters of the stack that are the tenant's own."""
        own = self.variables.get(self.service)
        return {name: _text(value) for name, value in own.items()} if isinstance(own, dict) else {}

    def secrets(self) -> Mapping[str, Secret]:
        """Answer the parameters of the stack that are secret."""
        return {}

    async def access(self) -> AwsAccountAccess | None:
        """Answer the way into the tenant's account, as it is on record."""

        async def recalled() -> AwsAccountAccess | None:
            return await self.recorded(self.account())

        # As a step, it is answered alike after a crash, whatever has come to be on record since.
        if self._access is None:
            self._access = await self.do("recall-account", recalled)
        return self._access

    async def parts(self) -> list[Resource]:
        """Answer what the service has in the account: nothing before that is made."""
        return [] if await self.access() is None else await super().parts()

    async def planned(self) -> list[Resource]:
        """Answer the account as long as it is not made, then what the service has in it."""
        return await self.parts() or [self.account()]


class AuthOnAws(ServiceOnAws, AuthResource):
    """The sign-in of one tenant."""


class BackendOnAws(ServiceOnAws, BackendResource):
    """The API of one tenant; its migrations run as tasks in the cluster that its stack names.

    Outputs: `DatabaseHost`, `DatabasePort`, `DatabaseName`, `DatabaseUser`, `Cluster`,
    `TaskDefinition` (see `EcsExecutor`; its image needs a `psql`), `ScriptBucket`, `Subnets` and
    `SecurityGroups` (with commas). Its secret parameter is `DatabasePassword`.
    """

    def secrets(self) -> Mapping[str, Secret]:
        """Answer the password of the database."""
        return {"DatabasePassword": self.password()}

    def password(self) -> Secret:
        """Answer where the agency keeps the password of the tenant's database."""
        return Secret(reference=f"aws-secret:{self.tenant}/database#password")

    async def outputs(self, infrastructure: Resource) -> CloudFormationOutputs | None:
        """Answer the outputs on record, also where somebody deleted the stack since."""

        async def recalled() -> CloudFormationOutputs | None:
            outputs: CloudFormationOutputs | None = await self.recorded(infrastructure)
            return outputs

        return await self.do("recall-outputs", recalled)

    def migration(self, source: SourceTree, outputs: CloudFormationOutputs) -> PostgresMigration:
        """Answer the database, brought to the revision's `migrations/`."""
        return PostgresMigration(
            connection=PostgresConnection(
                host=outputs.value("DatabaseHost"),
                port=int(outputs.value("DatabasePort")),
                database=outputs.value("DatabaseName"),
                user=outputs.value("DatabaseUser"),
                password=self.password(),
            ),
            directory=source.path / "migrations",
            executor=CloudExecutor(self.environment(outputs)),
            drop_on_uninstall=self.consents_to_loss,
        )

    def environment(self, outputs: CloudFormationOutputs) -> Environment:
        """Answer where scripts run: as tasks in the tenant's cluster."""
        return Environment(
            kind="ecs",
            directory=Path("/"),
            database=Path("/"),
            ecs=EcsAccess(
                connection=AwsAccess(**dict(outputs.connection)),
                cluster=outputs.value("Cluster"),
                task_definition=outputs.value("TaskDefinition"),
                bucket=outputs.value("ScriptBucket"),
                subnets=_list(outputs.value("Subnets")),
                security_groups=_list(outputs.value("SecurityGroups")),
            ),
        )


class FrontendOnAws(ServiceOnAws, FrontendResource):
    """The web site of one tenant, behind CloudFront. Its output is `Distribution`."""

    def clearing(self, outputs: CloudFormationOutputs, reference: str) -> ClearCloudFront:
        """Answer what has CloudFront forget the site's files."""
        return ClearCloudFront(
            connection=outputs.connection,
            distribution=outputs.value("Distribution"),
            reference=reference,
        )


def _text(value: JsonValue) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _list(text: str) -> tuple[str, ...]:
    return tuple(each.strip() for each in text.split(",") if each.strip())
