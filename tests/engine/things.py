"""Definitions that the engine's tests run: small, and noting in a `Ledger` what they really did."""

import asyncio
from dataclasses import dataclass, field
from typing import ClassVar

from pydantic import BaseModel, PrivateAttr

from resources import Action, Difference, Plan, Resource, StepFailed, Workflow


@dataclass
class Ledger:
    """What was really done, in order; given to the engine, so that definitions find it."""

    entries: list[str] = field(default_factory=list)
    gates: dict[str, asyncio.Event] = field(default_factory=dict)

    def note(self, entry: str) -> None:
        self.entries.append(entry)

    def arrival(self, name: str) -> asyncio.Event:
        return self.gate(f"arrival of {name}")

    def gate(self, name: str) -> asyncio.Event:
        return self.gates.setdefault(name, asyncio.Event())


class Account(BaseModel):
    number: int


class OpenAccount(Action):
    name: str

    async def run(self) -> Account:
        self.given(Ledger).note(f"open {self.name}")
        return Account(number=len(self.name))


class Database(Resource):
    name: str
    size: int = 1
    fails: bool = False
    gate: str = ""
    _account: Account | None = PrivateAttr(default=None)

    def identity(self) -> str:
        return f"database-{self.name}"

    async def define_install(self) -> None:
        self._account = await self.do("open-account", OpenAccount(name=self.name))

    async def define_update(self) -> None:
        ledger = self.given(Ledger)

        async def resize() -> None:
            if self.gate:
                ledger.note(f"arrived {self.name} {self.size}")
                ledger.arrival(self.name).set()
                await ledger.gate(self.gate).wait()
            ledger.note(f"resize {self.name} to {self.size}")
            if self.fails:
                raise ValueError("the disk is full")

        await self.do("resize", resize)

    async def define_uninstall(self) -> None:
        self.given(Ledger).note(f"remove {self.name}")

    async def define_plan(self) -> Plan:
        last = self.last_good()
        before = last.size if last else None
        return Plan(changes=(Difference(path="size", desired=self.size, observed=before),))

    async def define_vacuum(self) -> str:
        self.given(Ledger).note(f"vacuum {self.name}")
        return "vacuumed"

    async def output(self) -> str:
        return f"db://{self.name}?size={self.size}"


class Service(Resource):
    """Uses a database that others use as well."""

    name: str
    database: str = "shared"
    size: int = 1
    fails: bool = False

    def identity(self) -> str:
        return f"service-{self.name}"

    async def define_update(self) -> None:
        address = await self.do("database", Database(name=self.database, size=self.size))
        ledger = self.given(Ledger)

        async def start() -> str:
            ledger.note(f"start {self.name} on {address}")
            if self.fails:
                raise RuntimeError("port taken")
            return address

        await self.do("start", start)


class Fleet(Workflow):
    names: tuple[str, ...]
    failing: tuple[str, ...] = ()

    async def define(self) -> dict[str, str]:
        results = await asyncio.gather(
            *(
                self.do("service", Service(name=name, fails=name in self.failing))
                for name in self.names
            ),
            return_exceptions=True,
        )
        return {
            name: result.reason if isinstance(result, StepFailed) else "up"
            for name, result in zip(self.names, results, strict=True)
            if result is None or isinstance(result, StepFailed)
        }


class Mirror(Resource):
    """Waits for its counterpart, which waits for it."""

    names: ClassVar[tuple[str, str]] = ("left", "right")

    name: str

    def identity(self) -> str:
        return f"mirror-{self.name}"

    async def define_update(self) -> None:
        ledger = self.given(Ledger)
        ledger.gate(self.name).set()
        for name in self.names:
            await ledger.gate(name).wait()
        other = self.names[1 - self.names.index(self.name)]
        await self.do("other", Mirror(name=other))
