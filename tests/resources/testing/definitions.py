"""Small definitions for the engine and the rehearsal alike; they note what they really did."""

import asyncio
from base64 import b64encode
from datetime import timedelta
from typing import ClassVar
from urllib.parse import quote, quote_plus

from pydantic import BaseModel

from resources import (
    Action,
    Difference,
    LongAction,
    Pending,
    Plan,
    Refused,
    Resource,
    Retry,
    Secret,
    Workflow,
)
from tests.engine.things import Ledger

SOON = timedelta(milliseconds=5)
HASTY = Retry(attempts=3, first=SOON)


class Room(BaseModel):
    name: str
    seats: int


class Build(Action):
    """Notes what it builds; the process dies in it where the ledger says so."""

    name: str
    seats: int = 1

    async def run(self) -> Room:
        ledger = self.given(Ledger)
        ledger.note(f"build {self.name}")
        if ledger.gates.pop(f"die in {self.name}", None):
            ledger.arrival(self.name).set()
            await asyncio.Event().wait()
        self.log(f"{self.seats} seats\n")
        return Room(name=self.name, seats=self.seats)


class BuildOnce(Build):
    repeatable: ClassVar[bool] = False


class BuildOnceAndLook(BuildOnce):
    async def interrupted(self) -> Room:
        self.given(Ledger).note(f"look at {self.name}")
        return Room(name=self.name, seats=self.seats)


class Hall(Resource):
    """A room that was built in the first place, and furnished ever since."""

    name: str = "hall"
    seats: int = 1
    broken: bool = False

    def identity(self) -> str:
        return f"hall-{self.name}"

    async def define_install(self) -> None:
        await self.do("build", Build(name=self.name, seats=self.seats))

    async def define_update(self) -> None:
        async def furnish() -> None:
            before = self.last_good()
            self.given(Ledger).note(f"furnish {self.name}, {before and before.seats} before")
            if self.broken:
                raise ValueError("the door is too narrow")

        await self.do("furnish", furnish)

    async def define_uninstall(self) -> None:
        self.given(Ledger).note(f"tear {self.name} down")

    async def define_plan(self) -> Plan:
        before = await self.recorded(self)
        return Plan(
            changes=(
                Difference(path="seats", desired=self.seats, observed=before and before.seats),
            )
        )

    async def define_paint(self) -> str:
        return f"{self.name} is blue"

    async def output(self) -> Room:
        return Room(name=self.name, seats=self.seats)


class Windy(Hall):
    """A hall in which something is always found to have changed."""

    async def define_cycle(self) -> list[Difference]:
        return [Difference(path="roof", desired="on", observed=None)]


class Fragile(Hall):
    """A hall that is never found intact."""

    async def intact(self) -> bool:
        return False


class Camp(Workflow):
    """Something is built beside what does not last."""

    async def define(self) -> None:
        await self.do("pitch", Fragile(name="tent"))
        await self.do("burn", Build(name="fire"))


class Fixed(Resource):
    """Something that can only be put up."""

    def identity(self) -> str:
        return "fixed"

    async def define_install(self) -> None:
        await self.do("put-up", Build(name="fixed"))


class House(Resource):
    """Halls that others may use as well, done side by side."""

    name: str
    halls: tuple[str, ...]
    broken: str = ""
    retries: bool = False

    def identity(self) -> str:
        return f"house-{self.name}"

    async def define_update(self) -> None:
        retry = HASTY if self.retries else Retry()
        halls = (Hall(name=name, broken=name == self.broken) for name in self.halls)
        await asyncio.gather(*(self.do("raise", hall, retry=retry) for hall in halls))


class Selfish(Resource):
    def identity(self) -> str:
        return "selfish"

    async def define_update(self) -> None:
        await self.do("myself", Selfish())


class Street(Workflow):
    """Two houses that share a hall."""

    async def define(self) -> int:
        houses = (House(name=name, halls=("shared", name)) for name in ("left", "right"))
        await asyncio.gather(*(self.do("house", house) for house in houses))
        return 2


class Town(Workflow):
    """Turns of a loop, a workflow inside a workflow, and what is done once for the town."""

    turns: int = 2

    def identity(self) -> str:
        return "town"

    async def define(self) -> list[str]:
        rooms = [await self.do("turn", Build(name=str(number))) for number in range(self.turns)]
        inner = await self.do("survey", Survey())
        await self.once("found", Build(name="town"))
        return [*(room.name for room in rooms), inner.name]


class Survey(Workflow):
    async def define(self) -> Room:
        self.log("surveying\n")
        return await self.do("measure", Build(name="plot", seats=0))


class Stubborn(Workflow):
    """Fails until it was tried often enough."""

    fails: int
    retry: bool = True

    async def define(self) -> str:
        async def push() -> str:
            ledger = self.given(Ledger)
            ledger.note("push")
            if len(ledger.entries) <= self.fails:
                raise OSError("it does not move")
            return "moved"

        if not self.retry:
            return await self.do("push", push)
        return await self.do("push", push, retry=HASTY)


class Refuses(Workflow):
    """Is refused, which no retry changes."""

    async def define(self) -> None:
        async def ask() -> None:
            self.given(Ledger).note("ask")
            raise Refused("No. Nothing was changed.", why="because")

        await self.do("ask", ask, retry=HASTY)


class Waiting(Workflow):
    """Waits by itself, for a step that never ends, and for somebody who never comes."""

    async def define(self) -> None:
        await self.sleep("nap", SOON)
        await self.wait_for("approval", bool, timeout=SOON)


class Endless(Workflow):
    async def define(self) -> None:
        await self.do("stare", asyncio.Event().wait, timeout=SOON)


class Late(Workflow):
    deadline: ClassVar[timedelta | None] = timedelta(milliseconds=20)

    async def define(self) -> None:
        await self.sleep("oversleep", timedelta(days=1))


class Order(LongAction):
    """Ordered once, and asked about until it is there."""

    check_every: ClassVar[timedelta] = SOON

    name: str
    pending: int = 2

    async def start(self) -> str:
        self.given(Ledger).note(f"order {self.name}")
        return f"order of {self.name}"

    async def check(self, handle: str) -> Room | Pending:
        ledger = self.given(Ledger)
        ledger.note(f"check {handle}")
        if ledger.entries.count(f"check {handle}") <= self.pending:
            return Pending(progress="on its way")
        return Room(name=self.name, seats=0)


class Impatient(Workflow):
    async def define(self) -> Room:
        return await self.do("order", Order(name="chairs", pending=1000), timeout=5 * SOON)


class Whispers(Workflow):
    """Says a secret aloud, and answers it where it is told to."""

    key: Secret
    answers: bool = False

    async def define(self) -> str:
        async def whisper() -> str:
            value = await self.reveal(self.key)
            self.log(f"the key is {value}\n")
            return value if self.answers else "hush"

        return await self.do("whisper", whisper)


class Mumbles(Workflow):
    """Says a secret in pieces and in disguises, and answers one of these."""

    key: Secret

    async def define(self) -> str:
        async def mumble() -> str:
            value = await self.reveal(self.key)
            disguised = b64encode(f"admin:{value}".encode()).decode()
            self.log(f"the key is {value[:7]}")
            self.log(f"{value[7:]}\n")
            self.log(f"GET /?key={quote(value)}&also={quote_plus(value)}\n")
            self.log(f"Authorization: Basic {disguised}\n")
            return disguised

        return await self.do("mumble", mumble)


class Misnamed(Workflow):
    async def define(self) -> None:
        await self.do("a/b", Build(name="a"))


class Ambiguous(Workflow):
    async def define(self) -> None:
        await asyncio.gather(*(self.do("same", Build(name=name)) for name in "ab"))


class Unstorable(Workflow):
    async def define(self) -> None:
        async def answer() -> Room:
            return object()  # type: ignore[return-value]

        await self.do("answer", answer)


class Steps(Action):
    """An action that asks for steps as if it were a workflow."""

    async def run(self) -> None:
        await self.scope.do("step", Build(name="a"), None, {})


class Ungiven(Action):
    async def run(self) -> None:
        self.given(Retry)


class Fickle(Workflow):
    """Asks for what the ledger's gates name: its code of today."""

    async def define(self) -> None:
        ledger = self.given(Ledger)
        first = next(iter(sorted(name for name in ledger.gates if name.startswith("ask "))))
        await self.do("first", Build(name=first))
        await self.do("second", Build(name="second"))
