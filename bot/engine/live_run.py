"""A run that goes on in this process, with what it occupies and what it was told."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

from bot.engine.interruptions import Drained
from bot.engine.journal.rows import Begun
from resources.model.whole import Whole


class Place(Protocol):
    """What a root occupies of its process; it is given up while any branch of it waits."""

    def give_up(self) -> None:
        """Note that a branch waits."""

    async def given_up(self) -> None:
        """Return when the whole fleet knows."""

    async def regain(self) -> None:
        """Note that a branch waits no more; return when the root has its place again."""

    def forget(self) -> None:
        """Note that a branch waits no more, as it ends."""


class NoPlace:
    """The place of a root that takes none."""

    def give_up(self) -> None:
        """Give up nothing."""

    async def given_up(self) -> None:
        """There is nothing to know."""

    async def regain(self) -> None:
        """Regain nothing."""

    def forget(self) -> None:
        """Forget nothing."""


@dataclass
class Activity:
    """The steps of a root, or of a process, that are carried out and wait for nothing."""

    acting: int = 0
    _still: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self._still.set()

    def begin(self) -> None:
        """Note that a step is carried out."""
        self.acting += 1
        self._still.clear()

    def cease(self) -> None:
        """Note that a step has ended, or waits for others."""
        self.acting -= 1
        if not self.acting:
            self._still.set()

    async def still(self) -> None:
        """Return when no step is carried out but for those that wait."""
        while self.acting:
            # Meanwhile another one may have taken over.
            await self._still.wait()


@dataclass
class Gate:
    """What was told to all runs of this process, or to one: to pause, or to stop."""

    draining: bool = False
    activity: Activity = field(default_factory=Activity)
    _open: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self._open.set()

    @property
    def is_shut(self) -> bool:
        """Whether no step may begin just now."""
        return not self._open.is_set()

    def pause(self) -> None:
        """Let no step begin."""
        self._open.clear()

    def resume(self) -> None:
        """Let steps begin again."""
        self._open.set()

    async def passed(self) -> None:
        """Return when a step may begin."""
        await self._open.wait()


@dataclass(eq=False)
class LiveRun:
    """A run that goes on in this process."""

    begun: Begun
    identity: str
    gates: tuple[Gate, ...]
    place: Place
    root: Activity = field(default_factory=Activity)
    """What goes on in the whole root."""
    last_good: dict[str, Any] | None = None
    whole: Whole | None = None
    """The outermost resource that it is part of, or is; `None` where there is none."""
    flaw: Exception | None = None
    """An error that a workflow may not swallow, such as a memory that does not fit its code."""
    cancelled_by: str | None = None
    """Who asked for its end, while it comes about; empty: nobody waits for it."""
    out_of_time: bool = False
    interrupted: bool = False
    """Whether it is cut off to go on later: then it gives up nothing that it waits for."""
    waited: bool = False
    """Whether it may have left waits or places in the store."""
    printing: set[str] = field(default_factory=set)
    """The steps that have printed something; of the body itself, `""`."""
    task: "asyncio.Task[Any] | None" = None

    @property
    def run_id(self) -> str:
        """The run's id."""
        return self.begun.grip.run_id

    @property
    def gate(self) -> Gate:
        """The gate of this run alone; what is nested in it passes it as well."""
        return self.gates[-1]

    async def may_begin_a_step(self) -> None:
        """Return when a step may begin; raises `Drained` where the process begins none any more."""
        for gate in self.gates:
            if gate.draining:
                raise Drained(self.run_id)
            if gate.is_shut:
                async with self.waiting():
                    await gate.passed()
                return await self.may_begin_a_step()
        return None

    @asynccontextmanager
    async def waiting(self) -> AsyncIterator[None]:
        """Occupy no place while a branch of the run waits for what others do."""
        with self.leaving_it_to_another():
            self.place.give_up()
            try:
                await self.place.given_up()
                yield
            except BaseException:
                self.place.forget()
                raise
        await self.place.regain()

    @contextmanager
    def leaving_it_to_another(self) -> Iterator[None]:
        """Do not count as acting while what is nested in the run does."""
        self.cease()
        try:
            yield
        finally:
            self.begin()

    def begin(self) -> None:
        """Note that a step is carried out."""
        self.root.begin()
        self.gates[0].activity.begin()

    def cease(self) -> None:
        """Note that a step has ended, or waits for others."""
        self.root.cease()
        self.gates[0].activity.cease()
