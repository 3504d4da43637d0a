"""All services of one tenant as one resource, which puts them back where one of them fails."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Protocol, Self, TypeVar

from pydantic import JsonValue, model_validator

from resources.errors import OrbitsError, StepFailed
from resources.fleet import Desired
from resources.library.git.source import Address
from resources.library.names import Revision, Slug
from resources.model.resource import Difference, Plan, Resource


class RollbackFailed(OrbitsError):
    """A deployment failed, and so did the way back from it: somebody has to look."""


class TenantService(Protocol):
    """A resource that is a service of a tenant, as far as its stack needs to know it.

    It is made with `repository`, `revision`, and what `TenantStack.shared` answers.
    """

    service: ClassVar[str]

    def __init__(self, **arguments: Any) -> None: ...

    @property
    def revision(self) -> str:
        """The commit that it is to be at."""

    def identity(self) -> str:
        """Answer which thing it is, such as `backend-acme`."""

    async def output(self) -> Any:
        """Answer what others may know of it."""


S = TypeVar("S", bound=TenantService)


class TenantStack(Resource):
    """One tenant's services. Where one of them fails, all go back to where they were.

        class ShopStack(TenantStack):
            kinds = (ApiService, SiteService)

        ShopStack.of(desired, home=home, sources={"api": "https://github.com/shop/api", ...})

    A service without a revision is not deployed yet, and left out. They go in the order of
    `stages`, else in that of `kinds`. Where one fails, all are put back, unless they are to be
    left. Each stack is handed to the queue: with many workers, each carries some of them out.
    """

    queued: ClassVar[bool] = True

    kinds: ClassVar[tuple[type[TenantService], ...]] = ()
    """Its services, in the order in which they need each other."""

    # Stored as JSON, and compared by it: another order would be another stack.
    tenant: Slug
    revisions: Mapping[str, Revision]
    home: Path
    sources: Mapping[str, Address]
    variables: Mapping[str, JsonValue] = {}
    stages: tuple[tuple[str, ...], ...] = ()
    put_back: bool = True

    @classmethod
    def of(cls, desired: Desired, **own: Any) -> Self:
        """Answer the stack that a tenant is to have; `own` is what no rollout knows.

        Whether it is the way back the rollout says by the command that it asks for.
        """
        return cls(
            tenant=desired.tenant,
            revisions=desired.revisions,
            variables=desired.variables,
            stages=desired.stages,
            put_back=desired.put_back,
            **own,
        )

    @model_validator(mode="after")
    def _knows_its_services(self) -> Self:
        known = {kind.service for kind in self.kinds}
        for service in self.revisions:
            if service not in known:
                raise ValueError(f"{service} is no service of this stack: {sorted(known)}")
            if service not in self.sources:
                raise ValueError(f"{service} has a revision, and no source to take it from")
        return self

    def identity(self) -> str:
        """Answer `stack-{tenant}`."""
        return f"stack-{self.tenant}"

    def lanes(self) -> tuple[str, ...]:
        """Answer the tenant's lane: the operator may limit how much goes on for one tenant."""
        return (f"tenant:{self.tenant}",)

    async def output(self) -> dict[str, str]:
        """Answer the revision that each service is at."""
        return dict(self.revisions)

    async def define_update(self) -> None:
        """Deploy the services in order, and put them back where one fails."""
        try:
            for service in self.services():
                await self.do(f"deploy-{service.service}", service)
        except StepFailed as failed:
            if not self.put_back or failed.cancelled:
                raise
            raise await self._put_back(failed) from failed

    async def define_rollback(self) -> None:
        """Roll the services back, the last one first."""
        for service in reversed(self.services()):
            await self.do(f"rollback-{service.service}", service, command="rollback")

    async def define_uninstall(self) -> None:
        """Remove the services, the last one first. Whoever refuses ends it there, and is named."""
        for service in reversed(self.with_what_was_deployed().services()):
            await self.do(f"uninstall-{service.service}", service, command="uninstall")

    async def define_plan(self) -> Plan:
        """Answer what a deployment would change in any service."""
        plans: dict[str, Plan] = await self._ask_services("plan")
        return Plan(
            changes=_of_services({name: plan.changes for name, plan in plans.items()}),
            destructive=any(plan.destructive for plan in plans.values()),
        )

    async def define_cycle(self) -> list[Difference]:
        """Answer where any service is not as desired."""
        return list(_of_services(await self._ask_services("cycle")))

    def services(self) -> Sequence[TenantService]:
        """Answer the services that have a revision, in their order."""
        return self.made_of(self.kinds)

    def shared(self) -> dict[str, Any]:
        """Answer the arguments that all services are made with."""
        return {"tenant": self.tenant, "home": self.home, "variables": self.variables}

    def made_of(self, kinds: tuple[type[S], ...]) -> list[S]:
        """Answer those of such services that have a revision, in their order."""
        order = [name for stage in self.stages for name in stage]
        usual = [kind.service for kind in kinds]
        deployed = sorted(
            (kind for kind in kinds if kind.service in self.revisions),
            key=lambda kind: (order or usual).index(kind.service),
        )
        return [
            kind(
                repository=self.sources[kind.service],
                revision=self.revisions[kind.service],
                **self.shared(),
            )
            for kind in deployed
        ]

    def with_what_was_deployed(self) -> Self:
        """Answer this stack, with what it has deployed and was not asked for this time."""
        before = self.last_good()
        if before is None:
            return self
        revisions = {**before.revisions, **self.revisions}
        sources = {**before.sources, **self.sources}
        return self.model_copy(update={"revisions": revisions, "sources": sources, "stages": ()})

    async def _put_back(self, failed: StepFailed) -> StepFailed:
        """Bring every service to where it was before, and answer the failure with that noted.

        What is there already is skipped. Raises `RollbackFailed`.
        """
        before = self.last_good()
        if before is None:
            self.log(f"{self.identity()} has no earlier revisions to go back to.\n")
            return failed
        for new in sorted(set(self.revisions) - set(before.revisions)):
            self.log(f"{new}-{self.tenant} has no earlier revision, and stays as it is.\n")
        try:
            for service in reversed(before.services()):
                await self.do(f"put-back-{service.service}", service, command="rollback")
                self.log(f"{service.identity()} is back at {service.revision[:7]}.\n")
        except StepFailed as second:
            raise RollbackFailed(
                f"{self.identity()} could not be deployed, and not be put back either. "
                f"Deployment: {failed} Way back: {second}",
                summary=f"{self.identity()} failed, and so did the way back; see below.",
                tail=f"{failed}\n\nThe way back failed as well:\n{second}",
            ) from failed
        return failed.after_rollback()

    async def _ask_services(self, command: str) -> dict[str, Any]:
        services = self.services()
        answers = await asyncio.gather(
            *(self.do(f"{command}-{each.service}", each, command=command) for each in services)
        )
        return dict(zip((each.service for each in services), answers, strict=True))


def _of_services(
    found: Mapping[str, tuple[Difference, ...] | list[Difference]],
) -> tuple[Difference, ...]:
    """Answer all differences, each with its service at the beginning of its path."""
    return tuple(
        difference.model_copy(update={"path": f"{service}/{difference.path}"})
        for service, differences in found.items()
        for difference in differences
    )
