"""What the store knows of rollouts, and every change of it: each one transaction, told at once."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import TypeVar

from bot.engine.clock import Clock
from bot.engine.journal.asking import RunQueue
from bot.rollouts.affected import TenantFacts
from bot.rollouts.moves import Kept
from bot.rollouts.rows import begin, change, deploy, holds, legs, lookup
from bot.rollouts.rows.begin import Beginning, Hand, NewLeg
from bot.rollouts.rows.legs import NextWave
from bot.rollouts.tenants import facts_of_tenants
from bot.store.database import Database
from resources.errors import Refused, StepFailed
from resources.fleet import Desired

T = TypeVar("T")


@dataclass(frozen=True)
class Rollouts:
    """The rollouts of one store.

    `new_leg` answers the workflow of a leg; `told` is called after each change, so that
    somebody tells of it.
    """

    database: Database
    clock: Clock
    queue: RunQueue
    new_leg: NewLeg
    told: Callable[[], None] = field(default=lambda: None)

    # What there is

    async def tenants(self) -> list[TenantFacts]:
        """Answer all tenants, in the order of their names."""
        return await self.database.read(facts_of_tenants)

    async def kept(self) -> tuple[Kept, ...]:
        """Answer every service of a tenant that is held, or pinned."""
        now = self.clock.now()
        return await self.database.read(lambda session: holds.kept(session, now))

    async def tenants_of(self, rollout_id: str) -> set[str]:
        """Answer the tenants of a rollout, those included that it leaves as they are."""
        rows = await self.database.read(lambda session: lookup.deployments(session, rollout_id))
        return {row.tenant for row in rows}

    async def in_use(self, services: Collection[str], repository: str, branch: str) -> list[str]:
        """Answer the commits that tenants have of services, or are about to get from a branch."""
        return await self.database.read(
            lambda session: begin.in_use(session, services, repository, branch)
        )

    # A rollout's life

    async def begin(self, beginning: Beginning) -> str | None:
        """Begin a rollout, and answer its id; `None` where it began before."""
        return await self.change(lambda hand: begin.begin(hand, beginning))

    async def advance(self, rollout_id: str, leg: int, last: int | None) -> NextWave | None:
        """Answer the next wave after the `last` one; `None` where the rollout has concluded."""
        return await self.change(
            lambda hand: legs.advance(hand.session, rollout_id, leg, last, hand.now)
        )

    async def begin_deployment(self, rollout_id: str, tenant: str, run_id: str) -> Desired | None:
        """Note that a tenant's turn has come in a run, and answer what its stack should be.

        `None` where nothing is left to do. Raises `TenantGone`.
        """
        return await self.change(
            lambda hand: deploy.begin(hand.session, rollout_id, tenant, run_id, hand.now)
        )

    async def demand_newest(self, rollout_id: str, tenant: str) -> None:
        """Raise `Refused` where the deployment would take back what the tenant got since.

        A deployment that begins is past this; one that is retried by hand, long after, may not be.
        """
        newer = await self.database.read(
            lambda session: deploy.taken_back(session, rollout_id, tenant)
        )
        if newer:
            has = " and ".join(f"{name} {sha}" for name, sha in sorted(newer.items()))
            raise Refused(
                f"{tenant} has {has} meanwhile, which a newer merge brought: this deployment would "
                "take it back. Nothing was changed."
            )

    async def deployment_succeeded(self, rollout_id: str, tenant: str) -> None:
        """Record that the tenant has what the rollout desired."""
        await self.change(lambda hand: deploy.succeeded(hand.session, rollout_id, tenant, hand.now))

    async def deployment_failed(self, rollout_id: str, tenant: str, failed: StepFailed) -> None:
        """Record a deployment's failure; one that has ended already is left as it is."""
        await self.change(
            lambda hand: deploy.failed(hand.session, rollout_id, tenant, failed, hand.now)
        )

    async def end_abandoned(self) -> int:
        """End rollouts whose leg has ended without concluding them, and answer how many."""
        return await self.change(lambda hand: legs.end_abandoned(hand.session, hand.now))

    async def thaw(self) -> int:
        """Let those go on whose freeze has ended; answer how many rollouts were looked at."""
        return await self.change(change.thaw)

    async def change(self, act: Callable[[Hand], T]) -> T:
        """Carry out an act on the rows in one transaction, and let it be told."""
        now = self.clock.now()
        answer = await self.database.write(
            lambda session: act(Hand(session, now, self.queue, self.new_leg))
        )
        self.told()
        return answer
