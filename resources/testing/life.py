"""One process of a rehearsal, from its start to its end or to its death."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from resources.errors import NotGiven
from resources.model.whole import Whole
from resources.testing.clock import LeapingClock
from resources.testing.crash import CrashPoint, Moment
from resources.testing.journal import Ending, Journal, Printed, RunMemory
from resources.testing.secrets import GivenSecrets

T = TypeVar("T")


@dataclass(eq=False)
class LiveRun:
    """A run that goes on in this process. `waits_for` are those that it waits for just now."""

    memory: RunMemory
    parent: "LiveRun | None" = None
    waits_for: list["LiveRun"] = field(default_factory=list)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    ending: Ending | None = None
    """What became of it; `None` also where it was given up."""
    flaw: Exception | None = None
    """Why what is remembered of it cannot be used."""
    out_of_time: bool = False
    whole: Whole | None = None
    """The outermost resource that it is part of, or is; `None` where there is none."""

    @property
    def identity(self) -> str:
        """What it works on; its own id where nothing is shared."""
        return self.memory.wanted.identity or self.memory.run_id

    @property
    def name(self) -> str:
        """What it is called in errors."""
        return f"{self.identity} ({self.memory.wanted.command})"


class Life:
    """What all runs of one process share, and whether it still lives."""

    def __init__(
        self,
        journal: Journal,
        clock: LeapingClock,
        secrets: GivenSecrets,
        given: tuple[object, ...],
        crash: CrashPoint | None,
    ) -> None:
        self.journal = journal
        self.clock = clock
        self.secrets = secrets
        self.live: dict[str, LiveRun] = {}
        """The runs that go on, by what they work on."""
        self.waiting: dict[str, str] = {}
        """The signals that are waited for, and by whom."""
        self.died_at: CrashPoint | None = None
        self.over = False
        self._given = given
        self._crash = crash
        self._death = asyncio.Event()

    def given(self, kind: type[T]) -> T:
        """Answer the test's object of that type; raises `NotGiven`."""
        for candidate in self._given:
            if isinstance(candidate, kind):
                return candidate
        raise NotGiven(
            f"A definition asks for a {kind.__name__}, which this process was not given. "
            "Whoever builds the engine passes it in."
        )

    def print(self, run: LiveRun, step: str, text: str) -> None:
        """Keep what a step prints."""
        self.journal.printed.append(Printed(run.identity, step, text))

    async def reach(self, moment: Moment, run: LiveRun, key: str) -> None:
        """Go on, unless the process is to die here."""
        if not self.over and self._crash and self._crash.is_at(moment, run.identity, key):
            self.died_at = CrashPoint(moment, key, run.identity)
            self.end()
        if self.over:
            # Nothing is done or written down any more; whoever drives it ends all its tasks.
            await asyncio.Event().wait()

    def end(self) -> None:
        """Let the process be dead."""
        self.over = True
        self._death.set()

    async def death(self) -> None:
        """Return when the process is dead."""
        await self._death.wait()

    @contextmanager
    def resting(self) -> Iterator[None]:
        """Let time pass meanwhile: somebody waits."""
        self.clock.cease()
        try:
            yield
        finally:
            self.clock.begin()
