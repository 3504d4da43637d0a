"""The example's agency with its infrastructure by Terraform: one other leaf, the same steps."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from resources.example import BackendResource, MyStack, ServiceResource, Tenants
from resources.executors import Executor
from resources.library import Environment, SourceTree, TerraformModule, TerraformOutputs
from resources.model.resource import Resource
from tests.resources.provided_files import made_of
from tests.resources.service_repository import ServiceRepository

ENVIRONMENT = """
variable "tenant" {
  type = string
}

output "environment" {
  value = {
    directory = var.folder
    database  = "${var.folder}/database.sqlite3"
  }
}
"""


class BackendByTerraform(BackendResource):
    """A backend whose infrastructure is the module in its `deploy/` folder.

    The module answers an `environment`, with the fields of `Environment`.
    """

    executor: Executor
    consents_to_loss: bool = False

    async def infrastructure(self, source: SourceTree) -> TerraformModule:
        """Answer the module, applied for the tenant."""
        return TerraformModule(
            name=self.identity(),
            directory=source.path / "deploy",
            home=self.home / "terraform",
            variables={
                "folder": str(self.home / "accounts" / self.tenant),
                "tenant": self.tenant,
                **self.variables,
            },
            executor=self.executor,
            may_destroy=self.consents_to_loss,
        )

    async def outputs(self, infrastructure: Resource) -> TerraformOutputs | None:
        """Answer the outputs on record; `None`: the module was never applied."""

        async def recalled() -> TerraformOutputs | None:
            outputs: TerraformOutputs | None = await self.recorded(infrastructure)
            return outputs

        return await self.do("recall-outputs", recalled)

    def migration(self, source: SourceTree, outputs: TerraformOutputs) -> Resource:
        """Answer the database in the environment that the module answers."""
        return super().migration(source, Environment.of(outputs))


class TerraformStack(MyStack):
    """One tenant's services, of which an agency with Terraform begins with one."""

    kinds: ClassVar[tuple[type[ServiceResource], ...]] = (BackendByTerraform,)

    executor: Executor
    consents_to_loss: bool = False

    def shared(self) -> dict[str, Any]:
        """Answer the arguments that all services are made with."""
        own = {"executor": self.executor, "consents_to_loss": self.consents_to_loss}
        return {**super().shared(), **own}


class TerraformTenants(Tenants):
    """Bring many tenants to their revisions."""

    stacks: tuple[TerraformStack, ...]


@dataclass(frozen=True)
class TerraformAgency:
    """A backend with history, and the folder in which its tenants live."""

    home: Path
    backend: ServiceRepository
    executor: Executor

    def commit(self, files: Mapping[str, str], migrations: Mapping[str, str]) -> dict[str, str]:
        """Have a revision whose module is made of such files; see `made_of`."""
        module = {"deploy/main.tf": made_of(files) + ENVIRONMENT}
        return {"backend": self.backend.commit({**module, **migrations})}

    def stack(
        self, tenant: str, revisions: Mapping[str, str], *, consents_to_loss: bool = False
    ) -> TerraformStack:
        return TerraformStack(
            tenant=tenant,
            revisions=revisions,
            home=self.home,
            sources={"backend": self.backend.address},
            executor=self.executor,
            consents_to_loss=consents_to_loss,
        )

    def rollout(self, revisions: Mapping[str, str], *tenants: str) -> TerraformTenants:
        return TerraformTenants(
            rollout=revisions["backend"],
            stacks=tuple(self.stack(tenant, revisions) for tenant in tenants),
            notifications=self.home / "notifications.jsonl",
        )

    def account(self, tenant: str) -> Path:
        return self.home / "accounts" / tenant
