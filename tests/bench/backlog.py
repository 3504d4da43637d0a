"""Many runs that wait in the store, and an engine that finishes them: each in its own process."""

import asyncio
import os
import re
import signal
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from sqlmodel import Session, col, func, select

from bot.engine.engine import Engine, wanted_of
from bot.engine.journal.asking import RunQueue
from bot.engine.polling import Polling
from bot.states import State
from bot.store.database import Database
from bot.store.tables import LIVE_ROWS, Run
from resources import Workflow
from tests.bench.workloads import Gate, Gated, ThreeSteps

WORKLOADS: dict[str, Callable[[int], Workflow]] = {
    "three-steps": lambda number: ThreeSteps(number=number),
    "gated": lambda number: Gated(number=number),
}
LOOK_EVERY = 0.02


def fill(url: str, workload: str, runs: int) -> None:
    """Write down so many runs as queued, in one transaction."""
    asyncio.run(_fill(url, workload, runs))


async def _fill(url: str, workload: str, runs: int) -> None:
    async with Database(url) as database:
        wanted = [WORKLOADS[workload](number) for number in range(runs)]
        queue = RunQueue(Polling(database))
        asks = [queue.ask(wanted_of(each), datetime.now(UTC)) for each in wanted]
        await database.write(lambda session: queue.enqueue_all(session.connection(), asks))


def finish(url: str, runs: int, at_once: int) -> dict[str, float]:
    """Finish what waits, and answer the seconds that took, and the process's peak memory in MB.

    The time counts from the engine's start. Raises where a run has not succeeded.
    """
    return asyncio.run(_finish(url, runs, at_once))


async def _finish(url: str, runs: int, at_once: int) -> dict[str, float]:
    async with Database(url) as database:
        began = time.perf_counter()
        async with Engine(database, given=[Gate()], at_once=at_once):
            while not await database.read(_all_ended):  # noqa: ASYNC110 (rows ring no bell)
                await asyncio.sleep(LOOK_EVERY)
            seconds = time.perf_counter() - began
        succeeded = await database.read(_succeeded)
    if succeeded != runs:
        raise RuntimeError(f"of {runs} runs, {succeeded} have succeeded")
    return {"seconds": seconds, "peak MB": peak_megabytes()}


def interrupt(url: str, runs: int) -> None:
    """Bring so many queued runs to their middle, and die without warning."""
    asyncio.run(_interrupt(url, runs))


async def _interrupt(url: str, runs: int) -> None:
    gate = Gate(expected=runs)
    async with Database(url) as database, Engine(database, given=[gate], at_once=runs):
        await gate.all_there.wait()
        os.kill(os.getpid(), signal.SIGKILL)


def peak_megabytes() -> float:
    """Answer the most memory that this process has held, from Linux's `/proc`.

    Not `getrusage`: what it answers includes the parent's, from before the program was loaded.
    """
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(found[1]) / 1e3 if found else 0.0


def _all_ended(session: Session) -> bool:
    return session.scalars(select(col(Run.id)).where(LIVE_ROWS).limit(1)).first() is None


def _succeeded(session: Session) -> int:
    done = select(func.count()).select_from(Run).where(col(Run.state) == State.SUCCEEDED)
    return session.scalars(done).one()
