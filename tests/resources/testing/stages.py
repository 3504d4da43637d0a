"""The two places where definitions are done: the engine on a database, and a rehearsal."""

import asyncio
import re
from abc import ABC, abstractmethod
from typing import Any

import pytest

from bot.engine.engine import Engine
from bot.engine.happenings import Happening, StepEnded
from bot.store.database import Database
from resources.errors import OrbitsError
from resources.masking import Masks
from resources.model.definition import Definition
from resources.model.resource import Resource
from resources.model.values import command_result_type, result_type
from resources.secrets import EnvironmentSecrets, Secrets
from resources.testing import Crashed, Rehearsal
from tests.engine.things import Ledger
from tests.step_logs import printed_on

KEY = "nobody knows this"


class Stage(ABC):
    """Does definitions one after another, and tells what was seen of each."""

    def __init__(self) -> None:
        self.ledger = Ledger()

    @abstractmethod
    async def do(self, x: Definition, command: str | None = None, *, force: bool = False) -> Any:
        """Do it, and answer its result."""

    @abstractmethod
    async def die_in(self, x: Definition, step: str, name: str) -> None:
        """Do it until its process dies in the step, which builds the room of that name."""

    @abstractmethod
    async def resume(self) -> Any:
        """Let the next process go on."""

    @property
    @abstractmethod
    def steps(self) -> list[str]:
        """The steps that ended, in their order."""

    @property
    @abstractmethod
    def log(self) -> str:
        """What was printed, without secrets."""

    async def tell(self, x: Definition, command: str | None = None, *, force: bool = False) -> str:
        """Do it, and answer in words what came of it, without what differs each time."""
        try:
            return f"answered {await self.do(x, command, force=force)!r}"
        except OrbitsError as error:
            facts = {name: plain(str(fact)) for name, fact in error.facts.items()}
            cause = type(getattr(error, "cause", None)).__name__
            return f"raised {type(error).__name__}: {plain(str(error))} {facts} by {cause}"


class OnEngine(Stage):
    """The engine on a database of the test's own."""

    def __init__(self, database: Database) -> None:
        super().__init__()
        self._database = database
        self._masks = Masks()
        self._steps: list[str] = []
        self._left: tuple[Definition, str] | None = None

    def _engine(self) -> Engine:
        secrets = Secrets(EnvironmentSecrets({"KEY": KEY}), hear=self._masks.add)
        return Engine(
            self._database, given=[self.ledger, secrets], listeners=[self._hear], masks=self._masks
        )

    def _hear(self, happening: Happening) -> None:
        if isinstance(happening, StepEnded):
            identity = "it" if happening.identity == happening.run_id else happening.identity
            self._steps.append(f"{identity}: {happening.step} {happening.state}")

    async def do(self, x: Definition, command: str | None = None, *, force: bool = False) -> Any:
        async with self._engine() as engine:
            return await engine.run(x, command, force=force)

    async def die_in(self, x: Definition, step: str, name: str) -> None:
        self.ledger.gate(f"die in {name}")
        async with self._engine() as engine:
            self._left = (x, await engine.submit(x))
            async with asyncio.timeout(5):
                await self.ledger.arrival(name).wait()

    async def resume(self) -> Any:
        assert self._left
        x, run_id = self._left
        results = command_result_type(x, "update") if isinstance(x, Resource) else result_type(x)
        async with self._engine() as engine:
            return (await engine.outcome(run_id)).answer(results.from_json)

    @property
    def steps(self) -> list[str]:
        return self._steps

    @property
    def log(self) -> str:
        return printed_on(self._database)


class InRehearsal(Stage):
    """A rehearsal."""

    def __init__(self) -> None:
        super().__init__()
        self.world = Rehearsal(secrets={"env:KEY": KEY}, given=[self.ledger])

    async def do(self, x: Definition, command: str | None = None, *, force: bool = False) -> Any:
        return await self.world.do(x, command=command, force=force)

    async def die_in(self, x: Definition, step: str, name: str) -> None:
        self.world.crash_in(step)
        with pytest.raises(Crashed):
            await self.world.do(x)

    async def resume(self) -> Any:
        return await self.world.resume()

    @property
    def steps(self) -> list[str]:
        return [re.sub(r"^run-\d+:", "it:", str(end)) for end in self.world.steps]

    @property
    def log(self) -> str:
        return self.world.log


def plain(text: str) -> str:
    """Take out what differs each time: runs and times."""
    text = re.sub(r"\b(run-\d+|[0-9a-f]{24})\b", "RUN", text)
    return re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d|\d\d:\d\d:\d\d\.", "TIME", text)
