"""Where runs and steps are remembered; every write carries the token of who may still write.

The hot path (steps, and the beginning and end of runs) goes through Core statements, many rows
to a call, in the store's group commit. What is written twice, as an answer was lost, is written
once.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from importlib import import_module
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import Connection, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import col

from bot.engine.dispatch import Dispatch, Hint
from bot.engine.interruptions import LeaseLost, StoreFailed
from bot.engine.journal import lanes, queue, waits
from bot.engine.journal.aftermath import Aftermath
from bot.engine.journal.claims import Claims
from bot.engine.journal.grounds import one_after_another
from bot.engine.journal.lookup import AT_A_TIME, Lookup
from bot.engine.journal.root_claims import RootClaims
from bot.engine.journal.rows import (
    Claim,
    Claimed,
    End,
    Grip,
    Joins,
    Record,
    RootClaim,
    StepRow,
    Taken,
)
from bot.engine.journal.statements import (
    CANCEL_ORPHANS,
    CHANGED,
    END_RUN,
    FORGET_STEP,
    RECORDS,
    SIGNALLED,
    TOLD,
    UNSETTLE,
    upsert,
)
from bot.engine.journal.step_rows import Remembered, held, write_steps
from bot.engine.journal.waits import Fate
from bot.states import State
from bot.store.bell import Bell
from bot.store.database import Database
from bot.store.prepared import Prepared
from bot.store.tables import LIVE_ROWS, DoneOnce, Run, Signal

T = TypeVar("T")


class Told(NamedTuple):
    """What somebody asked of a run that goes on here."""

    run_id: str
    cancelled_by: str | None
    paused: bool


class Journal:
    """The runs, steps and recorded states of one store, as one process may write them."""

    def __init__(self, database: Database, owner: str, dispatch: Dispatch, bell: Bell) -> None:
        self._database = database
        self._owner = owner
        self._dispatch = dispatch
        self._bell = bell
        self._lookup = Lookup(database)
        dialect = database.engine.dialect
        # Both have "ON CONFLICT"; only the one that is in use is loaded.
        insert = import_module(f"sqlalchemy.dialects.{dialect.name}").insert
        self._upsert_once = upsert(insert(DoneOnce), ["identity", "name"])
        self._claims = Claims(owner)
        self._root_claims = RootClaims(owner)
        self._end_run = Prepared(END_RUN, dialect, [])
        self._aftermath = Aftermath(dialect.name, dispatch, bell)

    # Steps

    async def remember(self, grip: Grip, row: StepRow, once: dict[str, Any] | None = None) -> None:
        """Write one step; durable on return. Raises `LeaseLost`."""
        write, alone = (write_steps, True) if once is None else (self._write_once, False)
        item = Remembered(grip, row, once)
        try:
            await self._database.write_together(write, item, in_one_statement=alone)
        except SQLAlchemyError as error:
            raise _failed(error) from error

    def _write_once(
        self, connection: Connection, items: Sequence[Remembered]
    ) -> list[LeaseLost | None]:
        """Write steps that are done once for their identity, for its later runs as well."""
        answers = write_steps(connection, items)
        for item, lost in zip(items, answers, strict=True):
            if lost is None and item.once is not None:
                connection.execute(self._upsert_once, item.once)
        return answers

    async def forget(self, grip: Grip, step: str) -> None:
        """Forget a step of a run, so that it is done again. Raises `LeaseLost`."""
        await self._on_connection(lambda connection: _forget(connection, grip, step))

    # Runs

    async def claim(self, claim: Claim) -> Claimed:
        """Ask for a run; it is this process's on `Taken`. Raises `WaitsForItself`."""
        claimed: Claimed = await _durably(self._database.write_together(self._claim_runs, claim))
        return claimed

    def _claim_runs(self, connection: Connection, claims: Sequence[Claim]) -> list[Any]:
        answers = self._claims.claim_runs(connection, claims)
        hints = [
            Hint(claim.run_id, -claim.rank)
            for claim, answer in zip(claims, answers, strict=True)
            if isinstance(answer, Joins) and answer.run_id == claim.run_id
        ]
        self._dispatch.announce(connection, hints)
        return answers

    async def claim_root(self, claim: RootClaim) -> Taken | None:
        """Ask for a run of the queue; `None` where it is somebody else's, or not its turn."""
        claimed: Taken | None = await _durably(
            self._database.write_together(self._root_claims.claim_roots, claim)
        )
        return claimed

    async def unsettle(self, identity: str) -> None:
        """Note that an identity may be in its recorded state no more."""
        values = {"identities": [identity]}
        await self._on_connection(lambda connection: connection.execute(UNSETTLE, values))

    async def end(self, end: End) -> None:
        """Write the end of a run, with all that follows from it, at once. Raises `LeaseLost`."""
        await _durably(self._database.write_together(self._end_runs, end))

    def _end_runs(self, connection: Connection, ends: Sequence[End]) -> list[LeaseLost | None]:
        grips = held(connection, [end.grip for end in ends])
        kept = [end for end in ends if grips.get(end.grip) == State.RUNNING]
        if kept:
            self._end_run.execute(connection, [_end_values(end) for end in kept])
            self._aftermath.follow(connection, kept)
        # One that was ended by this very grip was written before: only the answer was lost.
        return [None if end.grip in grips else LeaseLost(end.grip.run_id) for end in ends]

    async def leave(self, waiter: str, step: str, target: str, at: datetime) -> Fate:
        """Let a step wait no more for a run, and answer what becomes of that."""
        return await self._on_connection(
            lambda connection: self._left(connection, waiter, step, target, at)
        )

    def _left(
        self, connection: Connection, waiter: str, step: str, target: str, at: datetime
    ) -> Fate:
        fate = waits.leave(connection, waiter, target, at, step, self._owner)
        if fate is Fate.QUEUED:
            self._dispatch.announce(connection, [Hint(target)])
        self._bell.ring(connection, [target])
        return fate

    async def give_back(self, run_id: str | None = None) -> None:
        """Let go of a run of this process, or of all, so that others take it up."""
        mine = update(Run).where(col(Run.owner) == self._owner, LIVE_ROWS)
        if run_id is not None:
            mine = mine.where(col(Run.id) == run_id)
        await self._on_connection(lambda connection: connection.execute(mine.values(owner=None)))
        await self.announce_takeable()

    async def put_back(self, run_id: str) -> None:
        """Let a run of this process wait in the queue again, as there is no room in its lanes."""
        mine = update(Run).where(col(Run.id) == run_id, col(Run.owner) == self._owner, LIVE_ROWS)
        waits = mine.values(state=State.QUEUED, owner=None, started_at=None)
        await self._on_connection(lambda connection: connection.execute(waits))

    async def owned(self) -> list[str]:
        """Answer the runs that the store has as this process's."""
        mine = select(col(Run.id)).where(col(Run.owner) == self._owner, LIVE_ROWS)
        return [row[0] for row in await self._read_rows(mine, {})]

    async def announce_takeable(self) -> None:
        """Tell the other processes of what could be taken, where they do not look for it."""
        if self._dispatch.hints:
            await self._on_connection(self._dispatch.reissue)

    async def occupy(self, run_id: str) -> bool:
        """Take a place in each lane of a run, or in none; answer whether it has them."""
        return await self._on_connection(lambda connection: _occupied(connection, run_id))

    async def leave_lanes(self, run_id: str) -> None:
        """Give up a run's places while it waits."""
        await self._on_connection(lambda connection: self._leave_lanes(connection, run_id))

    def _leave_lanes(self, connection: Connection, run_id: str) -> None:
        hints = queue.next_in_lanes(connection, [run_id]) if self._dispatch.hints else []
        lanes.leave_lanes(connection, run_id)
        self._dispatch.announce(connection, hints)

    async def end_by_force(self, ends: Callable[[Connection], Sequence[End]]) -> None:
        """End runs that nobody works on, as `ends` finds them in the same transaction."""
        await self._on_connection(
            lambda connection: self._end_by_force(connection, list(ends(connection)))
        )

    def _end_by_force(self, connection: Connection, ends: Sequence[End]) -> None:
        if ends:
            # The token rises: whoever still works on one unseen can write no more.
            ids = [end.grip.run_id for end in ends]
            raised = update(Run).where(col(Run.id).in_(ids)).values(token=col(Run.token) + 1)
            connection.execute(raised)
            self._end_run.execute(connection, [_end_values(end) for end in ends])
            self._aftermath.follow(connection, ends)

    async def cancel_orphans(self, at: datetime) -> None:
        """End what was cut off and will not be asked for again."""
        await self._on_connection(
            lambda connection: connection.execute(CANCEL_ORPHANS, {"end_at": at})
        )

    # What is known

    async def recorded(self, identity: str) -> Record | None:
        """Answer what was last brought about on `identity`."""
        rows = await self._read_rows(RECORDS, {"identities": [identity]})
        return Record.read(rows[0]) if rows else None

    async def done_once(self, identity: str, name: str) -> DoneOnce | None:
        """Answer what was done once for an identity under that name."""
        read = self._database.read(lambda session: session.get(DoneOnce, (identity, name)))
        return await _durably(read)

    async def signal(self, run_id: str, name: str) -> Signal | None:
        """Answer what a run was told under that name."""
        read = self._database.read(lambda session: session.get(Signal, (run_id, name)))
        return await _durably(read)

    async def run(self, run_id: str) -> Run | None:
        """Answer the run of that id."""
        return await _durably(self._lookup.run(run_id))

    async def changed(self, runs: Sequence[str]) -> list[tuple[str, bool]]:
        """Answer which of the runs nobody works on any more, and whether they have ended."""
        return [(row.id, row.ended) for row in await self._some(CHANGED, runs)]

    async def signalled(self, runs: Sequence[str]) -> list[tuple[str, str]]:
        """Answer under which names the runs were told anything."""
        return [(row.run_id, row.name) for row in await self._some(SIGNALLED, runs)]

    async def told(self) -> list[Told]:
        """Answer what was asked of the runs of this process."""
        rows = await self._read_rows(TOLD, {"taker": self._owner})
        return [Told(row.id, row.cancelled_by, row.paused) for row in rows]

    async def _some(self, statement: Any, runs: Sequence[str]) -> list[Any]:
        found: list[Any] = []
        for start in range(0, len(runs), AT_A_TIME):
            some = list(runs[start : start + AT_A_TIME])
            found += await self._read_rows(statement, {"runs": some})
        return found

    async def _read_rows(self, statement: Any, values: dict[str, Any]) -> list[Any]:
        return await _durably(self._database.ask(statement, values))

    async def _on_connection(self, work: Callable[[Connection], T]) -> T:
        # Not through a session: what was lost with its connection is done again.
        done: T = await _durably(self._database.write_together(_one_by_one, work))
        return done


def _forget(connection: Connection, grip: Grip, step: str) -> None:
    if held(connection, [grip]).get(grip) != State.RUNNING:
        raise LeaseLost(grip.run_id)
    connection.execute(FORGET_STEP, {"run": grip.run_id, "step_name": step})


def _occupied(connection: Connection, run_id: str) -> bool:
    one_after_another(connection)
    return lanes.occupy(connection, run_id)


def _one_by_one(connection: Connection, works: Sequence[Callable[[Connection], Any]]) -> list[Any]:
    return [work(connection) for work in works]


async def _durably(work: Awaitable[T]) -> T:
    """Answer what the store answers; raises `StoreFailed`, which is no failure of the run."""
    try:
        return await work
    except SQLAlchemyError as error:
        raise _failed(error) from error


def _failed(error: SQLAlchemyError) -> StoreFailed:
    # Only the first line: the others hold the statement, and what was to be written.
    return StoreFailed(f"{type(error).__name__}: {error}".partition("\n")[0])


def _end_values(end: End) -> dict[str, Any]:
    return {
        "run": end.grip.run_id,
        "end_state": end.outcome.state,
        "end_result": end.outcome.result,
        "end_failure": end.outcome.failure_text,
        "end_at": end.at,
    }
