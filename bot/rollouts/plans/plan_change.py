"""Asking the stacks of tenants what a proposal would do to them, as a durable workflow."""

import asyncio
from functools import partial

from bot.rollouts.plans.answers import Answer, not_planned, not_said, planned, print_of
from bot.rollouts.plans.records import Plans
from resources.errors import StepFailed
from resources.fleet import Desired, Fleet
from resources.model.resource import Resource
from resources.model.workflow import Workflow


class PlanChange(Workflow):
    """Asks so many stacks `at_once` for their plans, and notes what each says.

    One that fails is said to, and the others are asked all the same. `key` names the plan; what
    an earlier `attempt` finds out is not listened to once there is a newer one.
    """

    key: str
    attempt: int
    tenants: tuple[str, ...]
    at_once: int = 10

    def identity(self) -> str:
        """Answer `plan-{repository}-{number}`."""
        return f"plan-{self.key.replace('#', '-')}"

    async def define(self) -> None:
        """Ask them all, and conclude."""
        places = asyncio.Semaphore(self.at_once)
        await asyncio.gather(*(self._ask(name, places) for name in self.tenants))
        plans = self.given(Plans)
        await self.do("conclude", partial(plans.conclude, self.key, self.attempt))

    async def _ask(self, tenant: str, places: asyncio.Semaphore) -> None:
        plans, fleet = self.given(Plans), self.given(Fleet)
        async with places:
            look = partial(plans.desired, self.key, self.attempt, tenant)
            desired = await self.do(f"look-{tenant}", look)
            if desired is None:
                return
            said = await self._answer(fleet, desired)
            answer = said.model_copy(update={"variables": print_of(desired.variables)})
            await self.do(
                f"note-{tenant}", partial(plans.note, self.key, self.attempt, tenant, answer)
            )

    async def _answer(self, fleet: Fleet, desired: Desired) -> Answer:
        try:
            stack: Resource = fleet.stack(desired)
        except Exception as error:  # noqa: BLE001 (an agency's own code: one tenant fails alone)
            return not_planned(error)
        if not stack.defines("plan"):
            return not_said()
        try:
            return planned(await self.do("plan", stack, command="plan"))
        except StepFailed as failed:
            return not_planned(failed)
