"""Whatever people ask for, and whatever is cut off, comes to the end that a plain model foresees.

Hypothesis makes trees of runs and a story of what happens to them: they are asked for, cancelled,
paused, retried and told things, gates open and shut, time passes, and the engine is killed or
stopped between any two awaits. Then everything is let go on, and must end.

What a run ends with is compared exactly where nobody cancelled it or what is nested in it, and
what breaks a few times only ends either way where it was tried again after a crash or by hand.
Elsewhere it must be what the run's own steps say. A killed engine is one whose tasks end all at
once and that gives nothing back: what a write that was on its way still does, it does.
"""

import asyncio
import shutil
from collections import Counter
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple, Protocol, TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, SQLModel, select
from structlog.testing import capture_logs

from bot.engine.control.control import Control
from bot.engine.engine import Engine
from bot.engine.pace import Limits, Pace
from bot.states import State
from bot.store.database import Database
from bot.store.tables import Owner, Place, Recorded, Run, Step, Wait
from resources import Refused
from resources.model.failure import Failure
from tests.engine.model_things import MovedClock
from tests.engine.plain_model import (
    ALWAYS,
    Doings,
    Effect,
    End,
    Leaf,
    Node,
    Remembered,
    Shape,
    expected,
    fits,
    kept,
    node_of,
    root_of,
)

Row = TypeVar("Row", bound=SQLModel)

# A root that is cut off before its task has begun leaves the coroutine of its work behind.
pytestmark = pytest.mark.filterwarnings("ignore:coroutine 'Commands.as_root' was never awaited")

AT_ONCE = 3
LIMITS = Limits(by_kind={"lane": 1})
PACE = Pace(
    at_once=AT_ONCE,
    limits=LIMITS,
    heartbeat=timedelta(seconds=0.5),
    expiry=timedelta(hours=1),
    patience=timedelta(days=10_000),
    look_every=timedelta(seconds=0.01),
)
BLINK = 0.002
SOON = 30
"""In so many seconds everything must end that nothing keeps from it."""
PLACES = 4
GATES = ("left", "right")
WELL = {State.SUCCEEDED, State.SKIPPED}


class Snapshot(NamedTuple):
    """One state of the store."""

    runs: Sequence[Run]
    steps: Sequence[Step]
    recorded: Sequence[Recorded]
    waits: Sequence[Wait]
    places: Sequence[Place]

    def steps_of(self, run_id: str) -> dict[str, Remembered]:
        return {
            step.name: Remembered(step.state, str(step.started_at), _text(step.finished_at))
            for step in self.steps
            if step.run_id == run_id
        }

    def live(self) -> list[Run]:
        return [run for run in self.runs if not run.state.terminal]


class Life:
    """A store, the engine that works on it just now, and what is known of both."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.clock = MovedClock()
        self.doings = Doings()
        self.control: Control
        self.engine: Engine
        self.shapes: list[Shape] = []
        self.cancelled: set[Shape] = set()
        self.tried_again = False
        self.not_counted: Counter[Effect] = Counter()
        """How often an effect was done in vain: no step remembers it, or none that is kept."""

    async def begin(self) -> None:
        """Start an engine; the one before must have gone."""
        self.engine = Engine(
            self.database, clock=self.clock, given=[self.doings], pace=PACE, listeners=[self._hear]
        )
        await self.engine.__aenter__()
        self.control = Control(
            self.database, self.clock, self.engine._dispatch, self.engine._bell, LIMITS
        )

    async def kill(self) -> None:
        """End all that the engine does at once; it gives nothing back."""
        engine = self.engine
        engine._commands.turns.closing = True
        # First those that begin others.
        await _ended(engine._tasks)
        live = engine._commands.live.values()
        while tasks := [*engine._roots.values(), *(run.task for run in live if run.task)]:
            await _ended(tasks)
        engine._watch.close()
        await engine._background.close()
        await engine._open.aclose()
        # Its row stays: the next one buries it.
        engine._seat.leave()
        await self.has_ended()

    async def stop(self) -> None:
        """End the engine as orderly as it can."""
        await self.engine.__aexit__()
        await self.has_ended()

    async def has_ended(self) -> None:
        """Note what was done and is not remembered: the next engine may do it again."""
        self.tried_again = True
        # What was on its way into the store comes before this.
        await self.database.write(lambda _: None)
        there = await self.look()
        for effect in self.doings.done:
            step = there.steps_of(effect.run).get(effect.step)
            if step is None or not step.well:
                self.not_counted[effect] = self.doings.done[effect]

    async def quiet(self) -> None:
        """Return when nothing has happened for a little while."""
        seen: list[object] = []
        while len(seen) < 4 or len(set(seen[-4:])) > 1:
            self.engine.wake()
            await asyncio.sleep(BLINK)
            live = frozenset(self.engine._commands.live)
            seen.append((self.doings.happened, live, self.engine._gate.activity.acting))

    async def look(self) -> Snapshot:
        """Read everything in one transaction."""

        def read(session: Session) -> Snapshot:
            return Snapshot(
                runs=_all(session, Run),
                steps=_all(session, Step),
                recorded=_all(session, Recorded),
                waits=_all(session, Wait),
                places=_all(session, Place),
            )

        return await self.database.read(read)

    async def some_run(self, which: int, states: set[State]) -> Run | None:
        """Answer one of the runs in these states."""
        runs = [run for run in (await self.look()).runs if run.state in states]
        return runs[which % len(runs)] if runs else None

    def _hear(self, _: object) -> None:
        self.doings.happened += 1


# What happens


class Happens(Protocol):
    """Something that people do, or that befalls the engine."""

    async def to(self, life: Life) -> None: ...


Moment = tuple[Happens, bool]
"""What happens, and whether it is left in peace after that."""


@dataclass(frozen=True)
class Submit:
    shape: Shape
    priority: int = 0
    force: bool = False
    is_shared: bool = False
    """Whether it may be equal to what is nested in another."""

    async def to(self, life: Life) -> None:
        node = node_of(self.shape) if self.is_shared else root_of(self.shape)
        await life.engine.submit(node, priority=self.priority, force=self.force)
        life.shapes += [each for each in self.shape.all() if each not in life.shapes]


@dataclass(frozen=True)
class SubmitAgain:
    """Asks for a tree, or a part of one, that was asked for before."""

    which: int
    priority: int = 0
    force: bool = False

    async def to(self, life: Life) -> None:
        if life.shapes:
            shape = life.shapes[self.which % len(life.shapes)]
            await Submit(shape, self.priority, self.force).to(life)


@dataclass(frozen=True)
class SubmitOver:
    """Asks for a tree that shares parts with those asked for before."""

    which: tuple[int, ...]
    together: bool

    async def to(self, life: Life) -> None:
        below = [shape for shape in life.shapes if shape.place > 0]
        if below:
            parts = tuple(below[each % len(below)] for each in self.which)
            await Submit(Shape(place=0, steps=parts, together=self.together)).to(life)


@dataclass(frozen=True)
class Open:
    gate: str

    async def to(self, life: Life) -> None:
        life.doings.open(self.gate)


@dataclass(frozen=True)
class Shut:
    gate: str

    async def to(self, life: Life) -> None:
        life.doings.shut(self.gate)


@dataclass(frozen=True)
class Pass:
    minutes: int

    async def to(self, life: Life) -> None:
        life.clock.pass_by(timedelta(minutes=self.minutes))


@dataclass(frozen=True)
class Kill:
    """Kills the engine after it could read the store so many times, and starts the next one."""

    after: int = 0

    async def to(self, life: Life) -> None:
        for _ in range(self.after):
            await life.look()
        await life.kill()
        await life.begin()


@dataclass(frozen=True)
class Stop:
    async def to(self, life: Life) -> None:
        await life.stop()
        await life.begin()


@dataclass(frozen=True)
class Cancel:
    which: int

    async def to(self, life: Life) -> None:
        run = await life.some_run(self.which, {State.QUEUED, State.WAITING, State.RUNNING})
        if run is not None and await _done(life.control.cancel(run.id, "maya")):
            life.cancelled.add(_shape(run))


@dataclass(frozen=True)
class Pause:
    which: int

    async def to(self, life: Life) -> None:
        run = await life.some_run(self.which, {State.QUEUED, State.WAITING, State.RUNNING})
        if run is not None:
            await _done(life.control.pause(run.id, "maya"))


@dataclass(frozen=True)
class Resume:
    async def to(self, life: Life) -> None:
        for run in (await life.look()).runs:
            if run.paused:
                await _done(life.control.resume(run.id, "maya"))


@dataclass(frozen=True)
class Tell:
    """Answers what runs ask."""

    async def to(self, life: Life) -> None:
        for step in (await life.look()).steps:
            if step.kind == "signal" and step.state is State.WAITING:
                await _done(life.control.signal(step.run_id, step.name, "true", "maya"))


@dataclass(frozen=True)
class Retried:
    """Retries a run that failed or was cancelled: what it had finished is not done again."""

    which: int

    async def to(self, life: Life) -> None:
        ended = {State.FAILED, State.CANCELLED}
        run = await life.some_run(self.which, ended)
        before, done = await life.look(), life.doings.done.copy()
        if run is None or not await _done(life.control.retry(run.id, "maya")):
            return
        life.tried_again = True
        after = {run.id: run for run in (await life.look()).runs}
        for each in [run for run in before.runs if run.state in ended]:
            if after[each.id].token > each.token:
                keeps = kept(before.steps_of(each.id))
                for effect in done:
                    if effect.run == each.id and effect.step not in keeps:
                        life.not_counted[effect] = done[effect]


async def _ended(tasks: Sequence[asyncio.Task[Any]]) -> None:
    # Each has begun then.
    await asyncio.sleep(0)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _done(act: Awaitable[object]) -> bool:
    """Answer whether an act was not refused."""
    try:
        await act
    except Refused:
        return False
    return True


# What must be true


def nothing_was_done_twice(life: Life, there: Snapshot) -> None:
    """At any time: who is not alone, and who does again what is remembered, is found."""
    assert life.doings.faults == []
    for step in there.steps:
        effect = Effect(step.run_id, step.name)
        if step.state is State.SUCCEEDED and step.kind.endswith(":Deed"):
            times = life.doings.done[effect] - life.not_counted[effect]
            assert times == 1, f"{effect} was done {times} times"


def everything_ended_as_it_must(life: Life, there: Snapshot) -> None:
    assert there.live() == []
    assert there.waits == []
    assert not any(place.held for place in there.places)
    hit = {shape for each in life.cancelled for shape in each.all()}
    for run in there.runs:
        shape = _shape(run)
        if run.state is State.CANCELLED:
            assert shape in hit, f"{run.identity} was cancelled by nobody"
            continue
        if run.state is not State.SKIPPED:
            steps = {name: step.state for name, step in there.steps_of(run.id).items()}
            assert fits(shape, run.state, steps), f"{run.identity} {run.state} {steps}"
        if run.failure:
            cause = Failure.model_validate_json(run.failure).facts["cause_name"]
            assert cause in ({"Broke", "Cancelled"} if life.cancelled else {"Broke"}), run.failure
        if not life.cancelled.intersection(shape.all()):
            end = expected(shape, tried_again=life.tried_again)
            assert end is End.EITHER or (end is End.WELL) == (run.state in WELL), (end, run)


def every_failure_was_earned(life: Life, there: Snapshot) -> None:
    """What failed broke as often as it was tried."""
    shapes = {run.id: _shape(run) for run in there.runs}
    for step in there.steps:
        if step.state is State.FAILED and step.kind.endswith(":Deed"):
            leaf = shapes[step.run_id].steps[int(step.name.removeprefix("step-"))]
            times = life.doings.broke[Effect(step.run_id, step.name)]
            assert times >= leaf.attempts
            assert life.tried_again or times == leaf.attempts


def the_last_success_is_recorded(there: Snapshot) -> None:
    records = {record.identity: record for record in there.recorded}
    for identity in {run.identity for run in there.runs}:
        runs = [run for run in there.runs if run.identity == identity]
        good = [run for run in runs if run.state is State.SUCCEEDED]
        last = max(good, key=lambda run: str(run.finished_at), default=None)
        record = records.pop(identity, None)
        if last is None:
            assert record is None
            continue
        assert record is not None
        assert (record.run_id, record.output, record.fingerprint) == (
            last.id,
            last.result,
            last.fingerprint,
        )
        assert last.result == f'"by {last.id}"'
        since = [r for r in runs if r.started_at and str(r.finished_at) > str(last.finished_at)]
        assert record.settled == all(run.state is State.SKIPPED for run in since)
    assert records == {}


def nobody_holds_anything(life: Life) -> None:
    engine = life.engine
    left = (engine._roots, engine._ended, engine._commands.live, engine._commands.turns.in_line)
    assert not any(left)
    assert engine._places._free._value == AT_ONCE
    assert engine._gate.activity.acting == 0
    assert life.doings.acting == {} or not any(life.doings.acting.values())


# The story


async def lives(life: Life, story: Sequence[Moment]) -> None:
    for happens, in_peace in story:
        await happens.to(life)
        if in_peace:
            await life.quiet()
        nothing_was_done_twice(life, await life.look())
    await comes_to_its_end(life)
    there = await life.look()
    nothing_was_done_twice(life, there)
    everything_ended_as_it_must(life, there)
    every_failure_was_earned(life, there)
    the_last_success_is_recorded(there)
    nobody_holds_anything(life)
    # What was queued and then taken by a step leaves its places, not held, to the next sweep.
    await life.engine._put_right()
    assert (await life.look()).places == []


async def comes_to_its_end(life: Life) -> None:
    """Let everything go on until all has ended."""
    for gate in GATES:
        life.doings.open(gate)
    loop = asyncio.get_running_loop()
    latest = loop.time() + SOON
    while (live := (await life.look()).live()) or life.engine._roots:
        left = [(run.id, run.identity, run.state, run.owner, run.parent_id) for run in live]
        assert loop.time() < latest, f"these never end: {left}"
        for happens in (Resume(), Tell(), Pass(60)):
            await happens.to(life)
        life.engine._watch.tell([run.id for run in live])
        await life.quiet()


def live_through(migrated_file: Path, story: Sequence[Moment]) -> None:
    async def live(url: str) -> None:
        async with Database(url) as database:
            life = Life(database)
            await life.begin()
            try:
                await lives(life, story)
            finally:
                await life.stop()
            assert await database.read(lambda session: _all(session, Owner)) == []

    with capture_logs() as told, TemporaryDirectory() as folder:
        path = Path(folder) / "orbits.db"
        shutil.copy(migrated_file, path)
        asyncio.run(live(f"sqlite:///{path}"))
    assert [each for each in told if each["log_level"] == "error"] == []


# Stories made of data

few = st.integers(0, 5)
effects = st.builds(
    Leaf,
    breaks=st.sampled_from([0, 0, 0, 1, 2, ALWAYS]),
    attempts=st.sampled_from([1, 1, 2]),
    gate=st.sampled_from(["", *GATES]),
)
waits = st.builds(Leaf, sort=st.sampled_from(["sleep", "ask"]))
leaves = st.one_of(effects, effects, effects, waits)


def shapes_at(place: int) -> st.SearchStrategy[Shape]:
    """Answer trees whose root is at a place, and whose branches are at higher ones."""
    steps: st.SearchStrategy[Leaf | Shape] = leaves
    if place + 1 < PLACES:
        steps = st.one_of(leaves, *(shapes_at(each) for each in range(place + 1, PLACES)))
    return st.builds(
        Shape,
        place=st.just(place),
        steps=st.lists(steps, min_size=1, max_size=3).map(tuple),
        together=st.booleans(),
        swallows=st.sampled_from([False, False, True]),
        queued=st.booleans(),
        attempts=st.sampled_from([1, 1, 2]),
    )


shapes = st.one_of(*(shapes_at(place) for place in range(PLACES)))
submissions = st.one_of(
    st.builds(Submit, shapes, priority=st.integers(-1, 1), force=st.booleans()),
    st.builds(SubmitAgain, few, priority=st.integers(-1, 1), force=st.booleans()),
    st.builds(SubmitOver, st.lists(few, min_size=1, max_size=3).map(tuple), st.booleans()),
)
interventions: st.SearchStrategy[Happens] = st.one_of(
    st.builds(Open, st.sampled_from(GATES)),
    st.builds(Open, st.sampled_from(GATES)),
    st.builds(Shut, st.sampled_from(GATES)),
    st.builds(Pass, st.sampled_from([1, 15])),
    st.builds(Kill, few),
    st.just(Stop()),
    st.builds(Cancel, few),
    st.builds(Pause, few),
    st.just(Resume()),
    st.just(Tell()),
    st.builds(Retried, few),
)


@st.composite
def stories(draw: st.DrawFn, longest: int) -> list[Moment]:
    """Answer a story that begins with submissions, of which one in three is another one."""
    peace = st.booleans()
    first = draw(st.lists(st.tuples(submissions, peace), min_size=1, max_size=4))
    happenings = st.one_of(submissions, interventions, interventions)
    rest = st.lists(st.tuples(happenings, peace), min_size=longest // 2, max_size=longest)
    return first + draw(rest)


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(story=stories(20))
def test_every_story_ends_as_the_plain_model_foresees(
    migrated_file: Path, story: list[Moment]
) -> None:
    live_through(migrated_file, story)


@pytest.mark.thorough
@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(story=stories(40))
def test_every_long_story_ends_as_the_plain_model_foresees(
    migrated_file: Path, story: list[Moment]
) -> None:
    live_through(migrated_file, story)


ASKS = Shape(place=3, steps=(Leaf(sort="ask"),))
ACTS = Shape(place=3, steps=(Leaf(), Leaf()))
QUEUES = Shape(place=1, steps=(Leaf(gate="left"), ACTS.model_copy(update={"queued": True})))


def test_a_root_that_a_step_waits_for_in_line_is_carried_out_once(migrated_file: Path) -> None:
    over = Shape(place=0, steps=(ACTS,))
    story: list[Moment] = [
        (Submit(ASKS), True),
        (Submit(ACTS, is_shared=True), False),
        (Submit(over), True),
        (Tell(), True),
    ]
    for _ in range(10):
        live_through(migrated_file, story)


def test_a_root_that_a_step_takes_over_is_in_no_lane(migrated_file: Path) -> None:
    story: list[Moment] = [
        (Submit(QUEUES, is_shared=True), True),
        (Submit(Shape(place=0, steps=(QUEUES,))), True),
        (Pause(0), True),
        (Kill(), True),
        (Resume(), True),
        (Open("left"), True),
    ]
    live_through(migrated_file, story)


def _all(session: Session, kind: type[Row]) -> list[Row]:
    return list(session.exec(select(kind)).all())


def _shape(run: Run) -> Shape:
    return Node.model_validate_json(run.arguments).shape


def _text(value: object) -> str | None:
    return None if value is None else str(value)
