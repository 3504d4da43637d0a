"""What it costs to look for drift again and again: 10,000 tenants, each every ten minutes.

The clock is moved by hand, five seconds at a time, as often as the bot's own scheduler begins
looks. The cost is the time of the processor, and stands beside the time that the clock went on by:
the share of one core that it would take for ever. `bookkeeping` is whose turn it is, beginning
looks, and noting what they found; with `runs`, an engine also carries them out, as durable runs on
stacks that find nothing at once.
"""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from sqlalchemy import delete, insert
from sqlmodel import Session, col, func, select

from bot.drift.hand import Sight
from bot.drift.looking import new_look
from bot.drift.mending import new_fix
from bot.drift.records import Drifts
from bot.drift.slots import next_slot
from bot.drift.watching import identity_of
from bot.engine.clock import SystemClock
from bot.engine.engine import Engine
from bot.engine.journal.asking import RunQueue
from bot.engine.pace import Pace
from bot.engine.polling import Polling
from bot.store.database import Database
from bot.store.tables import Deployed, Run, Tenant, Watch
from resources.fleet import Desired, Fleet, Service
from resources.masking import Masks
from resources.model.resource import Difference, Resource
from tests.bench.apart import apart
from tests.bench.measuring import Part, Row, Sample, any_failed, in_turn
from tests.bench.stores import Store, migrated

TENANTS = 10_000
EVERY = timedelta(minutes=10)
TICK = timedelta(seconds=5)
AT_ONCE = 200
MOST = 0.05
WARM_UP = timedelta(minutes=1)
BOOKKEEPING, RUNS = EVERY, timedelta(minutes=1)
SIGHT = Sight(every=EVERY)
COLUMNS = {
    "what": "",
    "looks": ",.0f",
    "of a core": ".2%",
    "at most": ".0%",
    "ratio": ".2f",
    "ms a look": ".2f",
    "grown MB": ".1f",
}


class Quiet(Resource):
    """A stack that is as desired, and says so at once."""

    cycle_every = EVERY

    tenant: str

    def identity(self) -> str:
        return f"quiet-{self.tenant}"

    async def define_update(self) -> None:
        return

    async def define_cycle(self) -> list[Difference]:
        return []


def _stack(desired: Desired) -> Resource:
    return Quiet(tenant=desired.tenant)


FLEET = Fleet((Service("backend", "agency/backend"),), _stack)


class MovedClock(SystemClock):
    """The machine's clock, moved on by hand."""

    def __init__(self) -> None:
        self._ahead = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self._ahead

    def pass_by(self, span: timedelta) -> None:
        self._ahead += span


def parts(*stores: Store) -> Iterator[Part]:
    """Measure on both databases."""
    rounds: dict[str, Callable[[], Sample]] = {}
    for store in stores:
        rounds[f"bookkeeping, {store.name}"] = partial(_round, store, with_runs=False)
        rounds[f"with runs, {store.name}"] = partial(_round, store, with_runs=True)
    measured = in_turn(rounds, 1)
    rows: list[Row] = []
    for name, each in measured.items():
        share = each.median("share")
        figures = (
            f"{name} {each.problem}" if each.problem else name,
            each.median("looks"),
            share,
            MOST,
            None if share is None else share / MOST,
            each.median("ms"),
            each.median("grown MB"),
        )
        rows.append(dict(zip(COLUMNS, figures, strict=True)))
    title = f"Looking for drift in {TENANTS:,} tenants, each every ten minutes"
    yield Part(title, COLUMNS, rows, any_failed(measured))


def _round(store: Store, *, with_runs: bool) -> Sample:
    with migrated(store) as url:
        sample: Sample = apart("tests.bench.drift:measure", url=url, with_runs=with_runs)
        return sample


def measure(url: str, with_runs: bool) -> dict[str, float]:
    """Answer what the looks of some time have cost."""
    return asyncio.run(_measured(url, with_runs=with_runs))


async def _measured(url: str, *, with_runs: bool) -> dict[str, float]:
    clock = MovedClock()
    async with Database(url) as database:
        await database.write(lambda session: _take_on(session, clock.now()))
        queue = RunQueue(Polling(database))
        drifts = Drifts(database, clock, queue, FLEET, new_look, new_fix, at_once=AT_ONCE)
        if not with_runs:
            return await _cost(clock, drifts, partial(_note_all, drifts), BOOKKEEPING)
        pace = Pace(at_once=AT_ONCE, expiry=timedelta(days=1))
        given = (drifts, FLEET, Masks())
        async with Engine(database, clock=clock, given=given, pace=pace) as engine:
            return await _cost(clock, drifts, partial(_carry_out, engine, drifts), RUNS)


async def _cost(
    clock: MovedClock, drifts: Drifts, finish: Callable[[], Awaitable[int]], span: timedelta
) -> dict[str, float]:
    await _let_pass(clock, drifts, finish, WARM_UP)
    memory, began = _megabytes(), time.process_time()
    looks = await _let_pass(clock, drifts, finish, span)
    took = time.process_time() - began
    return {
        "looks": looks,
        "share": took / span.total_seconds(),
        "ms": 1e3 * took / looks,
        "grown MB": _megabytes() - memory,
    }


async def _let_pass(
    clock: MovedClock, drifts: Drifts, finish: Callable[[], Awaitable[int]], span: timedelta
) -> int:
    """Let time go by from tick to tick, and answer how many looks have ended."""
    looks = 0
    for _ in range(span // TICK):
        clock.pass_by(TICK)
        await drifts.tick()
        looks += await finish()
    return looks


async def _note_all(drifts: Drifts) -> int:
    """End all looks as their runs do, but for the runs themselves; answer how many."""
    ended = 0
    while underway := await drifts.database.read(_underway):
        for tenant, run_id in underway:
            desired = await drifts.begin_look(tenant, run_id)
            if desired is not None:
                await drifts.note(desired, run_id, SIGHT)
        ended += len(underway)
        await drifts.database.write(_forget_runs)
    return ended


async def _carry_out(engine: Engine, drifts: Drifts) -> int:
    """Wait until all looks have ended, and answer how many."""
    engine.wake()
    ended = 0
    while underway := await drifts.database.read(_underway):
        for _, run_id in underway:
            await engine.outcome(run_id)
        ended += len(underway)
    return ended


def _underway(session: Session) -> list[tuple[str, str]]:
    chosen = select(Watch.tenant, Watch.run_id).where(col(Watch.underway_since).is_not(None))
    return [(tenant, run_id or "") for tenant, run_id in session.exec(chosen)]


def _forget_runs(session: Session) -> None:
    """Delete what the engine would have ended; that is part of runs, and no bookkeeping."""
    session.connection().execute(delete(Run))


def _take_on(session: Session, now: datetime) -> None:
    names = [f"tenant-{number:05}" for number in range(TENANTS)]
    connection = session.connection()
    connection.execute(insert(Tenant), [_tenant(name, now) for name in names])
    connection.execute(insert(Deployed), [_deployed(name, now) for name in names])
    connection.execute(insert(Watch), [_watch(name, now) for name in names])
    assert session.exec(select(func.count()).select_from(Watch)).one() == TENANTS


def _tenant(name: str, now: datetime) -> Row:
    return Tenant(name=name, created_at=now).model_dump()


def _deployed(name: str, now: datetime) -> Row:
    row = Deployed(tenant=name, service="backend", revision="a" * 40, updated_at=now)
    return row.model_dump()


def _watch(name: str, now: datetime) -> Row:
    due_at = next_slot(identity_of(name), EVERY, now)
    return Watch(tenant=name, due_at=due_at, every_seconds=EVERY.total_seconds()).model_dump()


def _megabytes() -> float:
    """Answer what this process occupies of the memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
