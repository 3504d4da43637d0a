"""A world in which time is moved by hand, and definitions that use all that the model offers."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from pydantic import BaseModel
from sqlalchemy import event, text
from sqlmodel import select

from bot.engine.clock import Clock
from bot.engine.engine import Engine
from bot.engine.happenings import Happening, StepEnded
from bot.engine.pace import Pace
from bot.store.database import Database
from bot.store.seat import Seat
from bot.store.tables import Run, Signal, Step
from resources import Action, LongAction, Pending, Resource
from tests.engine.things import Ledger

T = TypeVar("T")

SOON = 5
AT_ONCE = timedelta(milliseconds=20)


class MovedClock(Clock):
    """Time that passes only when a test says so; no two moments are the same."""

    def __init__(self) -> None:
        self._now = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
        self._moved = asyncio.Event()
        self.sleeping: list[datetime] = []

    def now(self) -> datetime:
        self._now += timedelta(microseconds=1)
        return self._now

    async def sleep_until(self, moment: datetime) -> None:
        self.sleeping.append(moment)
        try:
            while self._now < moment:
                await self._moved.wait()
        finally:
            self.sleeping.remove(moment)

    def pass_by(self, period: timedelta) -> None:
        self._now += period
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()

    async def somebody_sleeps(self, period: timedelta) -> None:
        """Return when somebody waits for a moment that is about `period` away."""
        await until(lambda: any(abs(m - self._now - period) < AT_ONCE for m in self.sleeping))


class OpenSeat(Seat):
    """A seat for as many as come: what a database for many machines would have."""

    @property
    def is_the_only_one(self) -> bool:
        return False

    async def take(self) -> None:
        pass

    def leave(self) -> None:
        pass


class World(Ledger):
    """What definitions act on: it notes what was done, and stops them at what is shut."""

    def __init__(self, database: Database) -> None:
        super().__init__()
        self.database = database
        self.clock = MovedClock()
        self.shut: set[str] = set()
        self.breaks: dict[str, int] = {}
        self.steps_until_stop = 0
        self.stopped = asyncio.Event()

    def engine(self, *more: object, database: Database | None = None, **pace: Any) -> Engine:
        """Make an engine of this world; `pace` as `Pace` has it."""
        pace = {"look_every": AT_ONCE} | pace
        return Engine(
            database or self.database,
            given=[self, *more],
            clock=self.clock,
            pace=Pace(**pace),
            listeners=[self.hear],
            seat=OpenSeat() if database else None,
        )

    def hear(self, happening: Happening) -> None:
        if isinstance(happening, StepEnded):
            self.steps_until_stop -= 1
            if self.steps_until_stop == 0:
                self.stopped.set()

    def close(self, *names: str) -> None:
        self.shut |= set(names)

    def open(self, *names: str) -> None:
        for name in names:
            self.shut.discard(name)
            self.gate(name).set()

    async def through(self, name: str) -> None:
        """Note that somebody has come to a gate, and wait there while it is shut."""
        self.note(name)
        self.arrival(name).set()
        if name in self.shut:
            await self.gate(name).wait()
        if self.breaks.get(name, 0) > 0:
            self.breaks[name] -= 1
            raise RuntimeError(f"{name} broke")

    async def reached(self, name: str, times: int = 1) -> None:
        await until(lambda: self.entries.count(name) >= times)

    # What the store has

    async def rows(self, kind: type[T]) -> list[T]:
        return await self.database.read(lambda session: list(session.exec(select(kind)).all()))

    async def run_of(self, identity: str) -> Run:
        """Answer the newest run of an identity."""
        found = [run for run in await self.rows(Run) if run.identity == identity]
        return max(found, key=lambda run: run.id)

    async def step(self, run_id: str, name: str) -> Step | None:
        return await self.database.read(lambda session: session.get(Step, (run_id, name)))

    async def in_store(self, fact: Callable[[list[T]], bool], kind: type[T]) -> None:
        """Return when the rows of a table are as `fact` says."""
        async with asyncio.timeout(SOON):
            while not fact(await self.rows(kind)):  # noqa: ASYNC110 (another table tells it)
                await asyncio.sleep(0)

    async def has_runs(self, identity: str, state: str, count: int = 1) -> None:
        """Return when so many runs of an identity are in that state."""
        await self.in_store(
            lambda runs: sum(r.identity == identity and r.state == state for r in runs) >= count,
            Run,
        )

    async def sql(self, statement: str) -> None:
        await self.database.write(
            lambda session: session.connection().execute(text(statement)) and None
        )

    async def send(self, run_id: str, name: str, payload: str) -> None:
        """Tell a run something, as a person would."""
        at = self.clock.now()
        told = Signal(run_id=run_id, name=name, payload=payload, sent_by="maya", sent_at=at)
        await self.database.write(lambda session: session.add(told))

    @asynccontextmanager
    async def refusing(self, when: str) -> AsyncIterator[None]:
        """Let the store refuse a kind of write, such as `INSERT ON step`, for a while."""
        await self.sql(
            f"CREATE TRIGGER refused BEFORE {when} BEGIN SELECT RAISE(ABORT, 'full'); END"
        )
        try:
            yield
        finally:
            await self.sql("DROP TRIGGER refused")


async def until(fact: Callable[[], bool]) -> None:
    """Return when something has become true."""
    async with asyncio.timeout(SOON):
        while not fact():  # noqa: ASYNC110 (nobody tells it)
            await asyncio.sleep(0)


async def with_a_look(engine: Engine, work: Any) -> Any:
    """Await `work` while the engine looks for runs all the time, and not each second."""
    awaited = asyncio.ensure_future(work)
    async with asyncio.timeout(SOON):
        while not awaited.done():
            engine.wake()
            await asyncio.wait([awaited], timeout=AT_ONCE.total_seconds() / 4)
    return awaited.result()


@asynccontextmanager
async def counted(database: Database) -> AsyncIterator[list[str]]:
    """Note every statement that the database carries out."""
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(database.engine, "before_cursor_execute", note)


class Receipt(BaseModel):
    number: int


class Act(Action):
    """Comes to the gate of its name."""

    name: str

    async def run(self) -> str:
        await self.given(World).through(self.name)
        return f"{self.name} done"


class Careful(Act):
    """May not be repeated, and can find out what became of it."""

    repeatable = False

    async def interrupted(self) -> str:
        self.given(World).note(f"asked what became of {self.name}")
        return f"{self.name} found"


class Provision(LongAction):
    """Goes on elsewhere until its gate `finished` is open."""

    name: str
    check_every = timedelta(seconds=10)

    async def start(self) -> str:
        world = self.given(World)
        await world.through(f"start {self.name}")
        return f"operation {world.entries.count(f'start {self.name}')}"

    async def check(self, handle: str) -> Receipt | Pending:
        world = self.given(World)
        await world.through(f"check {handle}")
        if not world.gate("finished").is_set():
            return Pending(progress="half done")
        return Receipt(number=int(handle.removeprefix("operation ")))


class FindsHandle(Provision):
    """Knows how to find the operation that a crash hid."""

    async def interrupted(self) -> str:
        self.given(World).note("looked for it")
        return "operation 7"


class Repeatable(Provision):
    repeatable = True


class Limited(Provision):
    timeout = timedelta(minutes=10)


class Disk(Resource):
    """Comes to the gate `disk <name> <size>`."""

    name: str = "a"
    size: int = 1

    def identity(self) -> str:
        return f"disk-{self.name}"

    async def define_update(self) -> None:
        await self.do("resize", Act(name=f"disk {self.name} {self.size}"))

    async def output(self) -> str:
        return f"{self.name}:{self.size}"


class QueuedDisk(Disk):
    queued = True

    def lanes(self) -> tuple[str, ...]:
        return ("account:1234",)
