"""Definitions that people interfere with: they stop on the way, fail until mended, or wait."""

from datetime import timedelta
from typing import ClassVar

from pydantic import BaseModel

from resources import Action, Resource, StepFailed, Workflow
from resources.executors import LocalExecutor, Script
from tests.engine.things import Database as Disk
from tests.engine.things import Ledger

BRANCHES = """
sleep 1000 & echo $!
sh -c 'sleep 1000 & echo $$ $!; wait' &
echo $$
wait
"""
"""A script of four processes, which tells the ids of all of them on three lines."""


class Sleeps(Resource):
    """Its script would take a quarter of an hour."""

    name: str = "a"

    def identity(self) -> str:
        return f"sleeper-{self.name}"

    async def define_update(self) -> None:
        await self.do("sleep", SleepInBranches())


class SleepInBranches(Action):
    async def run(self) -> None:
        executor = LocalExecutor(grace=timedelta(milliseconds=100))
        ledger = self.given(Ledger)
        heard = ""

        def hear(text: str) -> None:
            nonlocal heard
            heard += text
            if heard.count("\n") == 3:
                ledger.note(heard)
                ledger.gate("sleeping").set()

        await executor.execute(Script(argv=("sh", "-c", BRANCHES)), hear)


class Note(Action):
    """Notes that it was done; fails until the ledger is told that it is mended."""

    text: str
    until: str = ""

    async def run(self) -> str:
        ledger = self.given(Ledger)
        ledger.note(self.text)
        if self.until and self.until not in ledger.entries:
            raise RuntimeError(f"{self.text} is broken")
        return self.text


class Layer(Resource):
    """Does something, then the layer below, then something that fails until it is mended."""

    depth: int = 1

    def identity(self) -> str:
        return f"layer-{self.depth}"

    async def define_update(self) -> None:
        await self.do("before", Note(text=f"before {self.depth}"))
        if self.depth > 1:
            await self.do("below", Layer(depth=self.depth - 1))
        else:
            await self.do("break", Note(text="broke", until="mended"))
        await self.do("after", Note(text=f"after {self.depth}"))


class QueuedLayer(Layer):
    queued: ClassVar[bool] = True

    def lanes(self) -> tuple[str, ...]:
        return ("tenant:acme",)

    def identity(self) -> str:
        return f"queued-layer-{self.depth}"


class Occupies(Resource):
    """Has the one place of the tenant until a gate opens."""

    def identity(self) -> str:
        return "occupant"

    def lanes(self) -> tuple[str, ...]:
        return ("tenant:acme",)

    async def define_update(self) -> None:
        ledger = self.given(Ledger)

        async def occupy() -> None:
            ledger.arrival("occupant").set()
            await ledger.gate("leave").wait()

        await self.do("occupy", occupy)


class Uses(Workflow):
    """Needs a disk that is long in coming."""

    disk: str
    also: str = ""

    async def define(self) -> str:
        ledger = self.given(Ledger)
        await self.do("prepare", Note(text=f"prepared {self.also}"))
        ledger.gate(f"prepared {self.also}").set()
        return await self.do("disk", Disk(name=self.disk, gate="go"))


class HandsOver(Workflow):
    """Hands a layer to the queue."""

    async def define(self) -> str:
        await self.do("prepare", Note(text="prepared"))
        await self.do("layer", QueuedLayer(depth=2))
        return "handed over"


class Records(Workflow):
    """Catches a failure, writes it down, and fails with it; something goes on beside it."""

    async def define(self) -> str:
        await self.do("first", Note(text="first"))
        try:
            await self.do("work", Note(text="work", until="mended"))
        except StepFailed:
            await self.do("record", Note(text="recorded the failure"))
            raise
        await self.do("conclude", Note(text="concluded"))
        return "done"


class Approval(BaseModel):
    yes: bool
    note: str = ""


class Asks(Workflow):
    """Waits for an approval before it goes on."""

    async def define(self) -> str:
        ledger = self.given(Ledger)
        await self.do("prepare", Note(text="prepared"))
        ledger.gate("prepared").set()
        await ledger.gate("ask").wait()
        approval = await self.wait_for("approve", Approval)
        return "went on" if approval.yes else f"stopped: {approval.note}"


class Stops(Workflow):
    """Two steps; between them somebody opens a gate."""

    async def define(self) -> str:
        ledger = self.given(Ledger)

        async def first() -> None:
            ledger.note("first")
            ledger.arrival("first").set()
            await ledger.gate("first").wait()

        await self.do("first", first)
        await self.do("second", Note(text="second"))
        return "done"


class Hurries(Records):
    """Has a quarter of an hour."""

    deadline: ClassVar[timedelta | None] = timedelta(minutes=15)


class Pays(Action):
    """Moves money: cut off, it cannot tell what became of it."""

    repeatable = False

    async def run(self) -> str:
        ledger = self.given(Ledger)
        ledger.note("paid")
        ledger.gate("paid").set()
        await ledger.gate("answer").wait()
        return "receipt"

    async def interrupted(self) -> str:
        self.given(Ledger).note("asked for the receipt")
        return "receipt"


class Purchase(Workflow):
    async def define(self) -> str:
        return await self.do("pay", Pays())
