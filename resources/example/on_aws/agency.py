"""The agency of the example in AWS: its stack for a tenant, and the fleet that it runs."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, ClassVar

from resources.aws import SecretsManager
from resources.errors import Refused
from resources.example.on_aws.services import (
    AuthOnAws,
    AwsAgency,
    BackendOnAws,
    FrontendOnAws,
)
from resources.example.services import ServiceResource
from resources.example.stack import MyStack
from resources.example.tenants import Tenants
from resources.fleet import Desired, Fleet, Service


class AwsStack(MyStack):
    """One tenant's services in an AWS account of its own.

        AwsStack(tenant="acme", revisions={"backend": sha}, home=home, agency=agency,
                 sources={"backend": "https://github.com/agency/backend"})

    An uninstall takes the tenant's database and account away, so it is refused where
    `consents_to_loss` is not said.
    """

    kinds: ClassVar[tuple[type[ServiceResource], ...]] = (AuthOnAws, BackendOnAws, FrontendOnAws)

    agency: AwsAgency
    consents_to_loss: bool = False

    async def define_uninstall(self) -> None:
        """Remove all of it, where that is consented to."""
        if not self.consents_to_loss:
            raise Refused(
                f"{self.identity()} is not uninstalled: {self.tenant} would lose its data, and its "
                f"AWS account. Say `consents_to_loss=True`, or name {self.tenant} among the "
                "`leaving` of the fleet, where that is meant. Nothing was changed."
            )
        await super().define_uninstall()

    def shared(self) -> dict[str, Any]:
        """Answer the arguments that all services are made with."""
        own = {"agency": self.agency, "consents_to_loss": self.consents_to_loss}
        return {**super().shared(), **own}


class AwsTenants(Tenants):
    """Bring many tenants to their revisions in their AWS accounts."""

    stacks: tuple[AwsStack, ...]


def fleet(
    home: Path,
    agency: AwsAgency,
    sources: Mapping[str, str] | None = None,
    leaving: Collection[str] = (),
) -> Fleet:
    """Answer the fleet of an agency whose tenants are in AWS.

    `home` keeps checkouts and what was synthesized. `sources` says for each service where git
    fetches it from, where that is not GitHub. `leaving` are the tenants whose data and accounts an
    uninstall may take away. The password of a tenant's database is the value `password` of the
    secret `{tenant}/database` in the Secrets Manager of the agency's own account.
    """
    kinds = AwsStack.kinds
    from_github = {
        kind.service: f"https://github.com/{agency.owner}/{kind.service}.git" for kind in kinds
    }

    def stack(desired: Desired) -> AwsStack:
        return AwsStack(
            tenant=desired.tenant,
            revisions=desired.revisions,
            variables=desired.variables,
            stages=desired.stages,
            put_back=desired.put_back,
            home=home,
            sources={**from_github, **(sources or {})},
            agency=agency,
            consents_to_loss=desired.tenant in leaving,
        )

    return Fleet(
        services=tuple(
            Service(name=kind.service, repository=f"{agency.owner}/{kind.service}")
            for kind in kinds
        ),
        stack=stack,
        secrets=(SecretsManager(agency.connection),),
    )
