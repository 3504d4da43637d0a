"""Trees of runs made from data, the world that they act on, and what must come of them.

A `Shape` is both: the engine carries it out as a `Node`, and `expected` answers, without an
engine, how it must end.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Awaitable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum, auto
from typing import ClassVar, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict

from bot.states import State
from resources import Action, Resource, Retry, StepFailed

ALWAYS = 1_000_000
"""How often what never succeeds breaks."""


class Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Leaf(Data):
    """A step that is done where it stands: an effect, a sleep, or a question to a person.

    An effect breaks the first `breaks` times in its run, is tried `attempts` times, and waits
    at `gate` where it names one.
    """

    sort: Literal["act", "sleep", "ask"] = "act"
    breaks: int = 0
    attempts: int = 1
    gate: str = ""


class Shape(Data):
    """A resource and its steps; what is nested has a higher `place`, so that no circle closes."""

    place: int
    steps: tuple["Leaf | Shape", ...]
    together: bool = False
    swallows: bool = False
    queued: bool = False
    attempts: int = 1

    @property
    def identity(self) -> str:
        return f"place-{self.place}"

    def all(self) -> Iterator["Shape"]:
        """Yield it and what is nested in it."""
        yield self
        for step in self.steps:
            if isinstance(step, Shape):
                yield from step.all()

    def names(self) -> list[str]:
        """Answer how its steps are remembered."""
        return [
            f"step-{number}[{step.identity}]" if isinstance(step, Shape) else f"step-{number}"
            for number, step in enumerate(self.steps)
        ]


# What must come of it


class End(Enum):
    """How a run must end."""

    WELL = auto()
    BADLY = auto()
    EITHER = auto()
    """It breaks a few times only: somebody who tries it again may have mended it."""


def expected(step: Leaf | Shape, *, tried_again: bool) -> End:
    """Answer how a step ends that nobody cancels; `tried_again`: after a crash, or by hand."""
    if isinstance(step, Leaf):
        if step.sort != "act" or step.breaks < step.attempts:
            return End.WELL
        return End.EITHER if tried_again and step.breaks < ALWAYS else End.BADLY
    ends = {expected(each, tried_again=tried_again) for each in step.steps}
    if step.swallows or ends <= {End.WELL}:
        return End.WELL
    return End.BADLY if End.BADLY in ends else End.EITHER


def fits(shape: Shape, state: State, steps: Mapping[str, State]) -> bool:
    """Answer whether a run that was not cancelled ended as its own steps say."""
    ends = [steps.get(name) for name in shape.names()]
    well = [end in {State.SUCCEEDED, State.SKIPPED} for end in ends]
    everything = all(end is not None and end.terminal for end in ends)
    if state is State.SUCCEEDED:
        return everything and (shape.swallows or all(well))
    if shape.swallows or all(well):
        return False
    nothing_since = not any(ends[well.index(False) + 1 :])
    return everything if shape.together else nothing_since


class Remembered(NamedTuple):
    """A step as the store has it."""

    state: State
    began: str
    ended: str | None

    @property
    def well(self) -> bool:
        return self.state in {State.SUCCEEDED, State.SKIPPED}


def kept(steps: Mapping[str, Remembered]) -> set[str]:
    """Answer the steps of a run that a retry may not do again."""
    failures = [
        step.ended
        for step in steps.values()
        if step.ended and step.state in {State.FAILED, State.CANCELLED}
    ]
    first = min(failures, default="9999")
    return {name for name, step in steps.items() if step.well and step.began < first}


# The world


class Broke(RuntimeError):
    """An effect did not come about."""


class Effect(NamedTuple):
    """An effect is told apart by the run and the step that it belongs to."""

    run: str
    step: str


@dataclass
class Doings:
    """What was really done, and what must never be: given to the engine."""

    done: Counter[Effect] = field(default_factory=Counter)
    broke: Counter[Effect] = field(default_factory=Counter)
    acting: dict[int, list[Effect]] = field(default_factory=lambda: defaultdict(list))
    faults: list[str] = field(default_factory=list)
    happened: int = 0
    _gates: dict[str, asyncio.Event] = field(default_factory=lambda: defaultdict(asyncio.Event))

    def open(self, gate: str) -> None:
        self._gates[gate].set()

    def shut(self, gate: str) -> None:
        self._gates[gate].clear()

    async def carry_out(self, place: int, effect: Effect, leaf: Leaf) -> str:
        """Do an effect; who is in another's way finds himself among the faults."""
        here = self.acting[place]
        if effect in here or any(other.run != effect.run for other in here):
            self.faults.append(f"{effect} began at place {place} beside {here}")
        here.append(effect)
        self.happened += 1
        try:
            await (self._gates[leaf.gate].wait() if leaf.gate else asyncio.sleep(0))
            if self.broke[effect] < leaf.breaks:
                self.broke[effect] += 1
                raise Broke(f"{effect.step} broke")
            self.done[effect] += 1
        finally:
            here.remove(effect)
            self.happened += 1
        return effect.step


# The definitions


class Deed(Action):
    """The effect of a leaf."""

    place: int
    step: str
    leaf: Leaf

    async def run(self) -> str:
        effect = Effect(self.run_id, self.step)
        return await self.given(Doings).carry_out(self.place, effect, self.leaf)


class Node(Resource):
    """Does what its shape says."""

    shape: Shape

    def identity(self) -> str:
        return self.shape.identity

    def lanes(self) -> tuple[str, ...]:
        return ("lane:odd" if self.shape.place % 2 else "lane:even",)

    async def define_update(self) -> None:
        steps = [(f"step-{number}", step) for number, step in enumerate(self.shape.steps)]
        if self.shape.together:
            await asyncio.gather(*(self._step(*step) for step in steps))
            return
        for step in steps:
            await self._step(*step)

    async def output(self) -> str:
        return f"by {self.run_id}"

    async def _step(self, name: str, step: Leaf | Shape) -> None:
        try:
            await self._done(name, step)
        except StepFailed:
            if not self.shape.swallows:
                raise

    def _done(self, name: str, step: Leaf | Shape) -> Awaitable[object]:
        retry = Retry(attempts=step.attempts)
        if isinstance(step, Shape):
            return self.do(name, node_of(step), retry=retry)
        if step.sort == "sleep":
            return self.sleep(name, timedelta(minutes=10))
        if step.sort == "ask":
            return self.wait_for(name, bool)
        return self.do(name, Deed(place=self.shape.place, step=name, leaf=step), retry=retry)


class QueuedNode(Node):
    """Is handed to the queue where it is nested."""

    queued: ClassVar[bool] = True


class AskedNode(Node):
    """Is asked for by itself, and never equal to what is nested."""


def root_of(shape: Shape) -> Node:
    """Answer what the engine is asked for."""
    return AskedNode(shape=shape)


def node_of(shape: Shape) -> Node:
    """Answer what is nested."""
    return QueuedNode(shape=shape) if shape.queued else Node(shape=shape)
