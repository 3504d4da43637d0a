"""A fleet whose every deed is a line of a file, so that after a crash it can be counted."""

import asyncio
import json
import os
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from resources import Action, Resource, Workflow

STACKS = ("a", "b", "c")
A_MOMENT = 0.005
"""How long a deed takes, so that others can come in between."""


class Word(StrEnum):
    """What is said of a deed, a step or a life."""

    BEGUN = "begun"
    DONE = "done"
    TOLD = "told"
    DIES = "dies"
    LOST = "lost"


class Line(NamedTuple):
    """One line of the ledger: which life of a process it is of, and what it says."""

    life: str
    word: Word
    identity: str = ""
    step: str = ""

    @property
    def of(self) -> tuple[str, str]:
        return self.identity, self.step


class Ledger:
    """A file to which many processes add lines, in the order in which they write them."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self, line: Line) -> None:
        file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(file, json.dumps(line).encode() + b"\n")
        finally:
            os.close(file)

    def lines(self) -> list[Line]:
        if not self._path.exists():
            return []
        # The last one may be half written just now.
        whole = self._path.read_text().rpartition("\n")[0].splitlines()
        return [Line(life, Word(word), *of) for life, word, *of in map(json.loads, whole)]


class Hand:
    """Does deeds for the definitions of one life of a process."""

    def __init__(self, ledger: Ledger, life: str) -> None:
        self._ledger = ledger
        self._life = life

    async def do(self, identity: str, step: str) -> None:
        self.write(Word.BEGUN, identity, step)
        await asyncio.sleep(A_MOMENT)
        await self.arrive(identity, step)
        self.write(Word.DONE, identity, step)

    async def arrive(self, identity: str, step: str) -> None:
        """Return when a deed that has begun may be done."""

    def write(self, word: Word, identity: str = "", step: str = "") -> None:
        self._ledger.write(Line(self._life, word, identity, step))

    def did(self, identity: str, step: str) -> bool:
        """Answer whether anybody has done it."""
        return (Word.DONE, identity, step) in {line[1:] for line in self._ledger.lines()}


class Deed(Action):
    """May be done again."""

    identity: str
    step: str

    async def run(self) -> None:
        await self.given(Hand).do(self.identity, self.step)


class Charge(Action):
    """May not be done again, and finds out whether it was done."""

    repeatable: ClassVar[bool] = False
    account: str

    async def run(self) -> str:
        await self.given(Hand).do(f"stack-{self.account}", "charge")
        return self._receipt

    async def interrupted(self) -> str:
        if self.given(Hand).did(f"stack-{self.account}", "charge"):
            return self._receipt
        return await self.run()

    @property
    def _receipt(self) -> str:
        return f"receipt {self.account}"


class Thing(Resource):
    """A resource that does deeds."""

    async def deed(self, step: str) -> None:
        await self.do(step, Deed(identity=self.identity(), step=step))


class Network(Thing):
    """Shared: the stacks of one zone ask for the same."""

    zone: str

    def identity(self) -> str:
        return f"network-{self.zone}"

    async def define_update(self) -> None:
        await self.once("found", Deed(identity=self.identity(), step="found"))
        await self.deed("connect")

    async def output(self) -> str:
        return f"net {self.zone}"


class Volume(Thing):
    """Each stack has its own."""

    name: str

    def identity(self) -> str:
        return f"volume-{self.name}"

    async def define_update(self) -> None:
        await self.deed("format")


class Router(Thing):
    """There is one, and each stack wants something else of it: they take turns."""

    route: str

    def identity(self) -> str:
        return "router"

    async def define_update(self) -> None:
        await self.deed(f"route-{self.route}")

    async def output(self) -> str:
        return f"to {self.route}"


class Stack(Thing):
    """What any worker may carry out."""

    queued: ClassVar[bool] = True
    zones_of: ClassVar[dict[str, tuple[str, ...]]] = {
        "a": ("north",),
        "b": ("north", "south"),
        "c": ("south",),
    }
    name: str

    def identity(self) -> str:
        return f"stack-{self.name}"

    def lanes(self) -> tuple[str, ...]:
        return ("account:one",)

    async def define_update(self) -> None:
        zones = self.zones_of[self.name]
        await asyncio.gather(
            self.do("volume", Volume(name=self.name)),
            *(self.do(f"network-{zone}", Network(zone=zone)) for zone in zones),
        )
        await self.do("router", Router(route=self.name))
        await self.do("charge", Charge(account=self.name))
        await self.deed("announce")

    async def output(self) -> str:
        return f"{self.name} is up"


class Fleet(Workflow):
    """All the stacks at once."""

    stacks: tuple[str, ...] = STACKS

    def identity(self) -> str:
        return "fleet"

    async def define(self) -> dict[str, str]:
        outputs = await asyncio.gather(
            *(self.do(f"stack-{name}", Stack(name=name)) for name in self.stacks)
        )
        return dict(zip(self.stacks, outputs, strict=True))


class Cellar(Thing):
    """Is cleaned by a command of its own, which is never up to date."""

    queued: ClassVar[bool] = True

    def identity(self) -> str:
        return "cellar"

    async def define_clean(self) -> str:
        await self.deed("clean")
        return "clean"


class SpringCleaning(Workflow):
    """Asks for something of the queue when it is let in."""

    async def define(self) -> str:
        await self.given(Hand).arrive("cellar", "door")
        answer: str = await self.do("clean", Cellar(), command="clean")
        return answer


def deeds_of(stacks: tuple[str, ...]) -> set[tuple[str, str]]:
    """Answer all that is to be done for those stacks, as identities and steps."""
    zones = {zone for name in stacks for zone in Stack.zones_of[name]}
    of_stacks: list[Any] = [
        deed
        for name in stacks
        for deed in (
            (f"volume-{name}", "format"),
            ("router", f"route-{name}"),
            (f"stack-{name}", "charge"),
            (f"stack-{name}", "announce"),
        )
    ]
    return {(f"network-{zone}", step) for zone in zones for step in ("found", "connect")} | {
        *of_stacks
    }


def outputs_of(stacks: tuple[str, ...]) -> dict[str, str | None]:
    """Answer what is to be recorded of each identity after those stacks are up."""
    zones = {zone for name in stacks for zone in Stack.zones_of[name]}
    return (
        {f"network-{zone}": f"net {zone}" for zone in zones}
        | {f"volume-{name}": None for name in stacks}
        | {f"stack-{name}": f"{name} is up" for name in stacks}
    )
