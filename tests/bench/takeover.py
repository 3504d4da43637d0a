"""How soon another process goes on with what a killed one had begun, beyond the lease's expiry.

Two workers share one PostgreSQL database through the queue, with a short heartbeat and expiry;
the one that works on a run kills itself, and the other one, which waits, finishes it. The time is
the database's own: from the dead worker's last heartbeat to the end of the run.
"""

import asyncio
import os
import signal
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any

from sqlmodel import Session, col, select

from bot.engine.engine import Engine
from bot.engine.jobs import Jobs
from bot.engine.pace import Pace
from bot.states import State
from bot.store.database import Database
from bot.store.seat import FileSeat
from bot.store.tables import Owner, Run
from tests.bench.apart import apart, until_killed
from tests.bench.measuring import Part, Sample, any_failed, in_turn
from tests.bench.stores import Store, migrated
from tests.bench.workloads import Gate

ROUNDS = 3
HEARTBEAT = timedelta(seconds=0.5)
EXPIRY = timedelta(seconds=2)
LOOK_EVERY = 0.02
COLUMNS = {"database": "", "expiry s": ".1f", "seconds beyond expiry": ".2f"}


def parts(sqlite: Store, postgres: Store) -> Iterator[Part]:
    """Measure on PostgreSQL: on SQLite there is one worker, and a successor knows at once."""
    rounds: dict[str, Callable[[], Sample]] = {postgres.name: partial(_round, postgres)}
    measured = in_turn(rounds, ROUNDS)
    rows = [
        {
            "database": name,
            "expiry s": EXPIRY.total_seconds(),
            "seconds beyond expiry": each.problem or each.median("seconds"),
        }
        for name, each in measured.items()
    ]
    yield Part("Taking over from a killed process", COLUMNS, rows, any_failed(measured))


def _round(store: Store) -> Sample:
    with migrated(store) as url:
        apart("tests.bench.backlog:fill", url=url, workload="gated", runs=1)
        answers: list[Sample] = []
        heir = threading.Thread(
            target=lambda: answers.append(apart("tests.bench.takeover:inherit", url=url))
        )
        heir.start()
        until_killed("tests.bench.takeover:die", url=url)
        heir.join()
        if not answers:
            raise RuntimeError("the worker that was to take the run over has failed")
        return answers[0]


def _engine(database: Database, gate: Gate) -> Engine:
    return Engine(
        database,
        given=[gate],
        pace=Pace(heartbeat=HEARTBEAT, expiry=EXPIRY),
        dispatch=Jobs(database.url),
        seat=FileSeat(None),
    )


def die(url: str) -> None:
    """Take the run, and die in its middle without warning."""
    asyncio.run(_die(url))


async def _die(url: str) -> None:
    gate = Gate(expected=1)
    async with Database(url) as database, _engine(database, gate):
        await gate.all_there.wait()
        os.kill(os.getpid(), signal.SIGKILL)


def inherit(url: str) -> Sample:
    """Wait until somebody else works on the run, then be there; answer when it was finished."""
    return asyncio.run(_inherit(url))


async def _inherit(url: str) -> Sample:
    async with Database(url) as database:
        while (last_beat := await database.read(_last_beat)) is None:  # noqa: ASYNC110
            await asyncio.sleep(LOOK_EVERY)
        async with _engine(database, Gate()) as engine:
            while True:
                last_beat = await database.read(partial(_last_beat, but=engine.ownership.id)) or (
                    last_beat
                )
                run = await database.read(lambda session: session.exec(select(Run)).one())
                if run.state is State.SUCCEEDED:
                    break
                await asyncio.sleep(LOOK_EVERY)
    assert run.finished_at is not None
    took: timedelta = run.finished_at - last_beat
    return {"seconds": (took - EXPIRY).total_seconds()}


def _last_beat(session: Session, but: str = "") -> Any:
    """Answer when the owner of the run was heard of last."""
    return session.exec(
        select(Owner.heartbeat_at).where(
            col(Owner.id) != but, col(Owner.id).in_(select(col(Run.owner)))
        )
    ).first()
