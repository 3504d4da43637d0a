"""A leg of a rollout as a durable workflow: wave after wave, each tenant isolated from others."""

import asyncio
from datetime import timedelta
from functools import partial
from itertools import count

from bot.rollouts.records import Rollouts
from resources.errors import StepFailed
from resources.fleet import Fleet
from resources.model.resource import Resource
from resources.model.workflow import Workflow


class RollOut(Workflow):
    """Brings what is queued of a rollout to its target, `at_once` tenants of a wave at a time.

    One tenant's failure is recorded, and the others go on, as long as the rows say so.
    """

    rollout_id: str
    leg: int = 1
    at_once: int = 10

    def identity(self) -> str:
        """Answer the leg's own name: one that still pauses keeps no other one waiting."""
        return f"rollout-{self.rollout_id}-{self.leg}"

    async def define(self) -> None:
        """Deploy wave after wave, with a pause between them, until nothing is queued."""
        rollouts = self.given(Rollouts)
        last: int | None = None
        for number in count(1):
            look = partial(rollouts.advance, self.rollout_id, self.leg, last)
            wave = await self.do(f"next-wave-{number}", look)
            if wave is None:
                return
            if wave.bake:
                await self.sleep(f"bake-{number}", timedelta(seconds=wave.bake))
            places = asyncio.Semaphore(self.at_once)
            await asyncio.gather(*(self._deploy(name, number, places) for name in wave.tenants))
            last = wave.number

    async def _deploy(self, tenant: str, number: int, places: asyncio.Semaphore) -> None:
        """Deploy to a tenant, who may come more than once: somebody tries again what failed."""
        turn = f"{self.leg}.{number}"
        deployment = TenantDeployment(tenant=tenant, rollout_id=self.rollout_id, turn=turn)
        async with places:
            try:
                await self.do(f"deploy-{number}", deployment)
            except StepFailed as failed:
                rollouts = self.given(Rollouts)
                record = partial(rollouts.deployment_failed, self.rollout_id, tenant, failed)
                await self.do(f"record-failure-{number}-{tenant}", record)


class TenantDeployment(Resource):
    """One tenant's stack brought to a rollout's target.

    Its identity is the tenant's: deployments of one tenant take their turns, so each begins
    from what the one before it left. `turn` tells one try of a rollout from another.
    """

    tenant: str
    rollout_id: str
    turn: str = ""

    def identity(self) -> str:
        """Answer the name that all deployments of the tenant share."""
        return f"deployment-{self.tenant}"

    async def define_update(self) -> None:
        """Do the tenant's stack as the rollout wants it, and record that it has it."""
        rollouts = self.given(Rollouts)
        begin = partial(rollouts.begin_deployment, self.rollout_id, self.tenant, self.run_id)
        desired = await self.do("begin", begin)
        if desired is None:
            return
        await rollouts.demand_newest(self.rollout_id, self.tenant)
        stack = self.given(Fleet).stack(desired)
        if desired.back:
            await self.do("stack", stack, command="rollback")
        else:
            await self.do("stack", stack)
        await self.do(
            "record-success", partial(rollouts.deployment_succeeded, self.rollout_id, self.tenant)
        )
