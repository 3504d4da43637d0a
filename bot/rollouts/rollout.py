"""A rollout as a durable workflow: every affected tenant, each isolated from the others."""

import asyncio
from functools import partial

from bot.rollouts.records import Rollouts
from bot.states import State
from resources.errors import StepFailed
from resources.fleet import Fleet
from resources.model.resource import Resource
from resources.model.workflow import Workflow


class RollOut(Workflow):
    """Brings every planned tenant to the rollout's revision, `at_once` of them at a time.

    One tenant's failure is recorded, and the others go on.
    """

    rollout_id: str
    at_once: int = 10

    def identity(self) -> str:
        """Answer the rollout's own name."""
        return f"rollout-{self.rollout_id}"

    async def define(self) -> State:
        """Deploy to every planned tenant, and conclude."""
        rollouts = self.given(Rollouts)
        tenants = await self.do("read-plan", partial(rollouts.planned, self.rollout_id))
        places = asyncio.Semaphore(self.at_once)
        await asyncio.gather(*(self._deploy(tenant, places) for tenant in tenants))
        return await self.do("conclude", partial(rollouts.conclude, self.rollout_id))

    async def _deploy(self, tenant: str, places: asyncio.Semaphore) -> None:
        async with places:
            try:
                deployment = TenantDeployment(tenant=tenant, rollout_id=self.rollout_id)
                await self.do("deploy", deployment)
            except StepFailed as failed:
                rollouts = self.given(Rollouts)
                record = partial(rollouts.deployment_failed, self.rollout_id, tenant, failed)
                await self.do(f"record-failure-{tenant}", record)


class TenantDeployment(Resource):
    """One tenant's stack brought to a rollout's revision.

    Its identity is the tenant's: deployments of one tenant take their turns, so each begins
    from what the one before it left.
    """

    tenant: str
    rollout_id: str

    def identity(self) -> str:
        """Answer the name that all deployments of the tenant share."""
        return f"deployment-{self.tenant}"

    async def define_update(self) -> None:
        """Do the tenant's stack with the rollout's revision, and record that it has it."""
        rollouts = self.given(Rollouts)
        desired = await self.do(
            "begin", partial(rollouts.begin_deployment, self.rollout_id, self.tenant)
        )
        if desired is None:
            return
        await rollouts.demand_newest(self.rollout_id, self.tenant)
        await self.do("stack", self.given(Fleet).stack(desired))
        await self.do(
            "record-success", partial(rollouts.deployment_succeeded, self.rollout_id, self.tenant)
        )
