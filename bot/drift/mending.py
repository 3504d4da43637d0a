"""The repair of a drift: what is recorded of a tenant's stack, brought about again."""

from functools import partial

from bot.drift.records import Drifts
from bot.drift.seeing import look_at
from bot.drift.wanted import turn_of
from resources.errors import StepFailed
from resources.fleet import Fleet
from resources.model.workflow import Workflow


class FixDrift(Workflow):
    """Does one tenant's stack as it is recorded, and looks at once whether that has helped.

    Its identity is that of the tenant's deployments, so it takes its turn among them. It is a
    workflow and no resource, as it brings about nothing that is not recorded already.
    """

    tenant: str
    attempt: int
    force: bool = False

    def identity(self) -> str:
        """Answer the name that all who change the tenant's stack share."""
        return turn_of(self.tenant)

    async def define(self) -> None:
        """Repair, look, and note what is left; a failure is noted, and fails the run."""
        drifts, fleet = self.given(Drifts), self.given(Fleet)
        try:
            begin = partial(drifts.begin_fix, self.tenant, self.run_id, force=self.force)
            desired = await self.do("begin", begin)
            if desired is None:
                return
            await self.do("stack", fleet.stack(desired), force=True)
        except StepFailed as failed:
            note = partial(drifts.fix_failed, self.tenant, self.run_id, failed)
            await self.do("note-failure", note)
            raise
        sight = await look_at(self, fleet, desired)
        await self.do("note", partial(drifts.fixed, desired, self.run_id, sight))


def new_fix(tenant: str, attempt: int, force: bool) -> FixDrift:
    """Answer the repair of a tenant's drift."""
    return FixDrift(tenant=tenant, attempt=attempt, force=force)
