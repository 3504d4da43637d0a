"""An engine as a process of its own, which kills itself where it is told to."""

import asyncio
import os
import signal
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from multiprocessing import parent_process
from pathlib import Path
from typing import Any, TextIO

import structlog

from bot.engine.engine import Engine
from bot.engine.happenings import Happening, StepEnded
from bot.engine.jobs import Jobs
from bot.engine.pace import Limits, Pace
from bot.store.database import Database
from bot.store.seat import FileSeat
from bot.store.tables import Owner
from tests.crash.deeds import Hand, Ledger, Line, Word

LOOK_EVERY = 0.01
EXPIRY = timedelta(seconds=1)
LIMITS = Limits(by_kind={"account": 2})
PACE = Pace(
    limits=LIMITS,
    heartbeat=timedelta(seconds=0.2),
    expiry=EXPIRY,
    look_every=timedelta(seconds=0.1),
)


class Moment(StrEnum):
    """When somebody dies."""

    STEP = "after a step"
    """As soon as it is durable."""
    DEED = "in the middle of a deed"
    """When it has begun, or when it is done and not yet remembered."""
    NEW_DEED = "in the middle of a deed where nobody has died yet"


@dataclass(frozen=True)
class Death:
    """Comes at a moment, when it is there for so many times."""

    moment: Moment
    number: int = 1


@dataclass(frozen=True)
class Life:
    """How a process works on a fleet until its root `run` has ended, or it dies.

    In `waits_in`, a deed as identity and step, it goes on when its `gate` is there.
    """

    name: str
    url: str
    folder: Path
    run: str
    death: Death | None = None
    waits_in: tuple[str, str] | None = None

    @property
    def gate(self) -> Path:
        return self.folder / f"{self.name}-gate"

    @property
    def log(self) -> Path:
        """What it logged, an object of JSON in each line."""
        return self.folder / f"{self.name}.log"

    @property
    def ledger(self) -> Ledger:
        return Ledger(self.folder / "ledger")


class MortalHand(Hand):
    """Does what is to be done until death comes."""

    def __init__(self, life: Life, name: str) -> None:
        super().__init__(life.ledger, name)
        self._plan = life
        self._left = life.death.number if life.death else 0

    def hear(self, happening: Happening) -> None:
        if isinstance(happening, StepEnded):
            self.write(Word.TOLD, happening.identity, happening.step)

    def write(self, word: Word, identity: str = "", step: str = "") -> None:
        super().write(word, identity, step)
        if word in {Word.BEGUN, Word.DONE, Word.TOLD}:
            self._die_if_it_is_time(word, identity, step)

    async def arrive(self, identity: str, step: str) -> None:
        if (identity, step) == self._plan.waits_in:
            while not self._plan.gate.exists():  # noqa: ASYNC110 (another process makes it)
                await asyncio.sleep(LOOK_EVERY)

    def _die_if_it_is_time(self, word: Word, identity: str, step: str) -> None:
        death = self._plan.death
        if death is None or (death.moment is Moment.STEP) != (word is Word.TOLD):
            return
        last = Line("", Word.DIES, identity, f"{word} {step}")
        if death.moment is Moment.NEW_DEED and last[1:] in {
            line[1:] for line in self._ledger.lines()
        }:
            return
        self._left -= 1
        if self._left == 0:
            super().write(*last[1:])
            os.kill(os.getpid(), signal.SIGKILL)


def live(life: Life) -> None:
    """Work until death, or until the run has ended; then end with status 0."""
    with life.log.open("a", buffering=1) as log:
        _log_to(log)
        asyncio.run(_live(life))


def _log_to(file: TextIO) -> None:
    structlog.configure(
        processors=[
            structlog.processors.TimeStamper(),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.WriteLoggerFactory(file),
    )


async def _live(life: Life) -> None:
    parent = parent_process()
    if parent is not None:
        # Tests that were killed leave nobody behind.
        asyncio.get_running_loop().add_reader(int(parent.sentinel), os._exit, 1)
    times = 1
    while not await _has_done_its_part(life, f"{life.name}.{times}"):
        times += 1


async def _has_done_its_part(life: Life, name: str) -> bool:
    """Answer whether the run has ended; else this engine was counted as dead."""
    hand = MortalHand(life, name)
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(Database(life.url))
        engine = await stack.enter_async_context(engine_on(database, hand))
        work: list[asyncio.Task[Any]] = [
            asyncio.create_task(part)
            for part in (engine.outcome(life.run), engine.lost.wait(), _look(engine))
        ]
        stack.push_async_callback(_ended, work)
        await asyncio.wait(work, return_when=asyncio.FIRST_COMPLETED)
        if not work[0].done():
            hand.write(Word.LOST)
            return False
        work[0].result()
        me = engine.ownership.id
        if await database.read(lambda session: session.get(Owner, me)) is None:
            hand.write(Word.LOST)
    return True


def engine_on(database: Database, hand: MortalHand) -> Engine:
    """Make an engine as each kind of database has it in production, in more of a hurry."""
    many = None if database.is_sqlite else FileSeat(None)
    dispatch = None if database.is_sqlite else Jobs(database.url)
    return Engine(
        database, seat=many, dispatch=dispatch, pace=PACE, given=[hand], listeners=[hand.hear]
    )


async def _look(engine: Engine) -> None:
    """Let an engine that is alone look for work all the time, and not each second."""
    while True:
        engine.wake()
        await asyncio.sleep(LOOK_EVERY)


async def _ended(work: Sequence[asyncio.Task[Any]]) -> None:
    for task in work:
        task.cancel()
    await asyncio.gather(*work, return_exceptions=True)
