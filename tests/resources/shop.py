"""Something that opens on an infrastructure, and takes that back where it does not open."""

from resources.errors import Refused, StepFailed
from resources.model.resource import Resource


class Shop(Resource):
    """What is around an infrastructure; `broken`, it fails after that was brought about."""

    broken: bool = False
    takes_back: bool = True

    def identity(self) -> str:
        return "shop"

    def infrastructure(self) -> Resource:
        """Answer what the shop stands on."""
        raise NotImplementedError

    async def define_update(self) -> None:
        before = self.last_good()
        try:
            await self.do("infrastructure", self.infrastructure())
            await self.do("open", self._open)
        except StepFailed:
            if before is not None and self.takes_back:
                await self.do("put-back", before.infrastructure(), command="rollback")
            raise

    async def define_rollback(self) -> None:
        await self.do("rollback", self.infrastructure(), command="rollback")

    async def _open(self) -> None:
        if self.broken:
            raise Refused("The shop does not open.")
