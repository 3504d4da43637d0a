"""All services of one tenant of the example, and the account that they share."""

from typing import ClassVar

from resources.example.services import (
    AuthResource,
    BackendResource,
    FrontendResource,
    ServiceResource,
)
from resources.tenant_stack import RollbackFailed, TenantStack

# Failures of old runs are stored as `resources.example.stack:RollbackFailed`.
__all__ = ["MyStack", "RollbackFailed"]


class MyStack(TenantStack):
    """One tenant's services. Where one of them fails, all go back to where they were.

        MyStack(tenant="acme", revisions={"backend": sha}, home=home,
                sources={"backend": "https://github.com/agency/backend"})

    Its services share the tenant's account, which an uninstall removes after the last of them.
    """

    kinds: ClassVar[tuple[type[ServiceResource], ...]] = (
        AuthResource,
        BackendResource,
        FrontendResource,
    )

    async def define_uninstall(self) -> None:
        """Remove the services, the last one first, then the account that they shared.

        Whoever refuses ends it there, and is named.
        """
        await super().define_uninstall()
        for service in self.with_what_was_deployed().services()[:1]:
            await self.do("account-uninstall", service.account(), command="uninstall")

    def services(self) -> list[ServiceResource]:
        """Answer the services that have a revision, in their order."""
        return self.made_of(self.kinds)
