"""What the engine is given to do."""

import asyncio

from resources import Resource, Workflow
from tests.bench.pace import STEPS, Watch


class Gate:
    """What runs wait for in their middle; `expected` of them at a closed one ring `all_there`."""

    def __init__(self, *, expected: int | None = None) -> None:
        self._expected = expected
        self._there = 0
        self._opened = asyncio.Event()
        self.all_there = asyncio.Event()
        if expected is None:
            self._opened.set()

    async def passed(self) -> None:
        """Wait until it is open; without anybody expected, it is."""
        self._there += 1
        if self._there == self._expected:
            self.all_there.set()
        await self._opened.wait()


async def nothing() -> None:
    """Do nothing, durably."""


class TenSteps(Workflow):
    """Ten steps that do nothing but are remembered."""

    number: int

    async def define(self) -> None:
        watch = self.given(Watch)
        for number in range(STEPS):
            with watch.step():
                await self.do(f"step-{number}", nothing)


class ThreeSteps(Workflow):
    """A small run with an identity of its own."""

    number: int

    def identity(self) -> str:
        return f"bench/{self.number}"

    async def define(self) -> None:
        for number in range(3):
            await self.do(f"step-{number}", nothing)


class Gated(Workflow):
    """Three steps, a gate, and two steps."""

    number: int

    def identity(self) -> str:
        return f"bench/{self.number}"

    async def define(self) -> None:
        for number in range(3):
            await self.do(f"step-{number}", nothing)
        await self.do("gate", self.given(Gate).passed)
        for number in range(3, 5):
            await self.do(f"step-{number}", nothing)


class Thing(Resource):
    """A resource that is brought about in three steps, and is never up to date."""

    number: int
    revision: int

    def identity(self) -> str:
        return f"thing/{self.number}"

    async def define_update(self) -> None:
        for number in range(3):
            await self.do(f"step-{number}", nothing)
