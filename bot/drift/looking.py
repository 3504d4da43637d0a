"""A drift cycle as a durable run: a tenant's stack compared with what is recorded of it."""

from functools import partial

from bot.drift.records import Drifts
from bot.drift.seeing import look_at
from bot.drift.watching import identity_of
from resources.fleet import Fleet
from resources.model.workflow import Workflow


class LookForDrift(Workflow):
    """Looks at one tenant's stack, and notes what it found, or that it could not look."""

    tenant: str

    def identity(self) -> str:
        """Answer `drift-{tenant}`: no look overlaps another."""
        return identity_of(self.tenant)

    async def define(self) -> None:
        """Look, unless there is nothing to be compared just now, and note what was found."""
        drifts = self.given(Drifts)
        look = partial(drifts.begin_look, self.tenant, self.run_id)
        desired = await self.do("look", look)
        if desired is None:
            return
        sight = await look_at(self, self.given(Fleet), desired)
        await self.do("note", partial(drifts.note, desired, self.run_id, sight))


def new_look(tenant: str) -> LookForDrift:
    """Answer the look at a tenant."""
    return LookForDrift(tenant=tenant)
