"""Where runs and steps are remembered; every write carries the token of who may still write.

The hot path (steps, and the beginning and end of runs) goes through Core statements, many rows
to a call, in the store's group commit.
"""

import json
from collections.abc import Awaitable, Sequence
from datetime import datetime
from importlib import import_module
from typing import Any, TypeVar

from sqlalchemy import Connection, update
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, col

from bot.engine.identifiers import new_id
from bot.engine.interruptions import LeaseLost, StoreFailed
from bot.engine.kinds import Wanted
from bot.engine.rows import Begun, End, Grip, StepRow
from bot.engine.statements import (
    CANCEL_ORPHANS,
    END_ORPHANS,
    END_RUN,
    FORGET,
    HELD_ON_POSTGRESQL,
    HELD_ON_SQLITE,
    INSERT_RUN,
    INTERRUPTED,
    LIVE_RUN,
    RUN_STANDS,
    STEPS_OF_RUN,
    TAKE_RUN,
    UNSETTLE,
    WAITING,
    upsert,
)
from bot.states import LIVE, State
from bot.store.database import Database
from bot.store.prepared import Prepared
from bot.store.tables import Recorded, Run, Step

T = TypeVar("T")


class Journal:
    """The runs, steps and recorded states of one store, as one process may write them."""

    def __init__(self, database: Database, owner: str) -> None:
        self._database = database
        self._owner = owner
        dialect = database.engine.dialect
        # Both have "ON CONFLICT"; only the one that is in use is loaded.
        insert = import_module(f"sqlalchemy.dialects.{dialect.name}").insert
        upsert_step = upsert(insert(Step), ["run_id", "name"])
        self._upsert_step = Prepared(upsert_step, dialect, list(Step.model_fields))
        self._upsert_recorded = upsert(insert(Recorded), ["identity"])
        self._insert_run = Prepared(INSERT_RUN, dialect, list(Run.model_fields))
        self._end_run = Prepared(END_RUN, dialect, [])

    # Steps

    async def remember(self, grip: Grip, row: StepRow) -> None:
        """Write one step; durable on return. Raises `LeaseLost`."""
        await _durably(self._database.write_together(self._write_steps, (grip, row)))

    def _write_steps(
        self, connection: Connection, items: Sequence[tuple[Grip, StepRow]]
    ) -> list[LeaseLost | None]:
        held = self._held(connection, [grip for grip, _ in items])
        rows = [row.values(grip.run_id) for grip, row in items if grip in held]
        self._upsert_step.execute(connection, rows)
        return [None if grip in held else LeaseLost(grip.run_id) for grip, _ in items]

    # Runs

    async def begin(
        self, wanted: Wanted, parent: Begun | None, at: datetime, *, changes: bool
    ) -> Begun:
        """Take up the live run of `wanted`, or begin a new one, which locks its identity.

        A live run that is found belongs to nobody here: it was cut off, or waits for a worker.
        `changes` notes that the identity is no longer in its recorded state, so that nothing
        is skipped until a command has succeeded.
        """
        item = (wanted, parent, at, changes)
        begun: Begun = await _durably(self._database.write_together(self._begin_runs, item))
        return begun

    def _begin_runs(
        self, connection: Connection, items: Sequence[tuple[Wanted, Begun | None, datetime, bool]]
    ) -> list[Begun]:
        begun, new = [], []
        for wanted, parent, at, changes in items:
            if changes:
                connection.execute(UNSETTLE, {"gone": wanted.identity})
            found = _live_run(connection, wanted)
            if found is not None:
                begun.append(self._take(connection, found.id, found.root_id, found.token, at))
            else:
                run_id = new_id(at)
                begun.append(Begun(Grip(run_id, 1), parent.root_id if parent else run_id))
                new.append(self._new_run(wanted, begun[-1], parent, at))
        self._insert_run.execute(connection, new)
        return begun

    def _new_run(
        self, wanted: Wanted, begun: Begun, parent: Begun | None, at: datetime
    ) -> dict[str, Any]:
        return _run_values(wanted, begun.grip.run_id, at) | {
            "root_id": begun.root_id,
            "parent_id": parent.grip.run_id if parent else None,
            "state": State.RUNNING,
            "owner": self._owner,
            "token": begun.grip.token,
            "started_at": at,
        }

    def _take(
        self, connection: Connection, run_id: str, root_id: str, token: int, at: datetime
    ) -> Begun:
        connection.execute(
            TAKE_RUN, {"run": run_id, "taker": self._owner, "next_token": token + 1, "at": at}
        )
        memory = {}
        if token > 0:
            steps = connection.execute(STEPS_OF_RUN, {"run": run_id})
            memory = {row.name: StepRow.read(row) for row in steps}
        return Begun(Grip(run_id, token + 1), root_id, memory)

    async def end(self, end: End) -> None:
        """Write the end of a run, with all that follows from it, at once. Raises `LeaseLost`."""
        await _durably(self._database.write_together(self._end_runs, end))

    def _end_runs(self, connection: Connection, ends: Sequence[End]) -> list[LeaseLost | None]:
        held = self._held(connection, [end.grip for end in ends])
        kept = [end for end in ends if end.grip in held]
        if kept:
            self._end_run.execute(connection, [_end_values(end) for end in kept])
            connection.execute(
                END_ORPHANS, [{"run": end.grip.run_id, "end_at": end.at} for end in kept]
            )
        for end in kept:
            self._end_effects(connection, end)
        return [None if end.grip in held else LeaseLost(end.grip.run_id) for end in ends]

    def _held(self, connection: Connection, grips: Sequence[Grip]) -> set[Grip]:
        """Answer those grips whose token is still the run's, keeping them so until the commit."""
        ids = sorted({grip.run_id for grip in grips})
        if connection.dialect.name == "sqlite":
            found = connection.exec_driver_sql(HELD_ON_SQLITE, (json.dumps(ids),))
        else:
            found = connection.exec_driver_sql(HELD_ON_POSTGRESQL, (ids,))
        tokens: dict[str, int] = {row[0]: row[1] for row in found}
        return {grip for grip in grips if tokens.get(grip.run_id) == grip.token}

    def _end_effects(self, connection: Connection, end: End) -> None:
        if end.record is not None:
            connection.execute(self._upsert_recorded, end.record)
        if end.forget is not None:
            connection.execute(FORGET, {"gone": end.forget})
        if end.parent is not None:
            self._write_steps(connection, [end.parent])

    # What is known

    async def recorded(self, identity: str) -> Recorded | None:
        """Answer what was last brought about on `identity`."""
        read = self._database.read(lambda session: session.get(Recorded, identity))
        return await _durably(read)

    async def interrupted(self) -> list[Run]:
        """Answer the runs that are marked as running and belong to no living owner."""
        return await self._database.read(lambda session: list(session.scalars(INTERRUPTED)))

    async def waiting(self, most: int) -> list[Run]:
        """Answer root runs that nobody works on, oldest first."""
        return await self._database.read(lambda session: list(session.scalars(WAITING.limit(most))))

    async def run(self, run_id: str) -> Run | None:
        """Answer the run of that id."""
        return await self._database.read(lambda session: session.get(Run, run_id))

    async def take(self, run: Run, at: datetime, *, changes: bool) -> Begun | None:
        """Take a run that nobody works on; `None` where somebody was faster."""
        take = self._database.write(
            lambda session: self._take_if_free(session.connection(), run, at, changes)
        )
        return await _durably(take)

    def _take_if_free(
        self, connection: Connection, run: Run, at: datetime, changes: bool
    ) -> Begun | None:
        found = connection.execute(RUN_STANDS, {"run": run.id}).first()
        if found is None or found.token != run.token or found.state not in LIVE:
            return None
        if changes:
            connection.execute(UNSETTLE, {"gone": run.identity})
        return self._take(connection, run.id, run.root_id, run.token, at)

    async def give_back(self, root_id: str, still_active: Sequence[str]) -> None:
        """Let go of a root and its children, but for those that go on for somebody else."""
        await _durably(
            self._database.write(
                lambda session: session.execute(
                    update(Run)
                    .where(
                        col(Run.root_id) == root_id,
                        col(Run.owner) == self._owner,
                        col(Run.state) == State.RUNNING,
                        col(Run.id).not_in(still_active),
                    )
                    .values(owner=None)
                )
            )
        )

    async def cancel(self, run: Run, at: datetime) -> None:
        """End a run that was cut off, and will not be asked for again."""
        await _durably(
            self._database.write(
                lambda session: session.execute(
                    update(Run)
                    .where(col(Run.id) == run.id, col(Run.token) == run.token)
                    .values(state=State.CANCELLED, finished_at=at)
                )
            )
        )

    async def cancel_orphans(self, at: datetime) -> None:
        """End what was cut off and whose root has ended: nobody will take it up again."""
        await _durably(
            self._database.write(lambda session: session.execute(CANCEL_ORPHANS, {"end_at": at}))
        )


async def _durably(work: Awaitable[T]) -> T:
    """Answer what the store answers; raises `StoreFailed`, which is no failure of the run."""
    try:
        return await work
    except SQLAlchemyError as error:
        raise StoreFailed(f"{type(error).__name__}: {error}") from error


def enqueue(session: Session, wanted: Wanted, at: datetime, *, force: bool = False) -> Run:
    """Add a run to be done, or find the live one that is equal, and answer it.

    It commits with the rest of the session's transaction: whoever asks for work can write down
    why in the same stroke.
    """
    found = _live_run(session.connection(), wanted)
    if found is not None:
        live = session.get_one(Run, found.id)
        live.force = live.force or force
        # Somebody asks for it by itself: it goes on though whoever began it gives it up.
        live.root_id = live.id
        return live
    run_id = new_id(at)
    queued = {"root_id": run_id, "force": force, "state": State.QUEUED, "token": 0}
    values = _run_values(wanted, run_id, at) | queued
    session.connection().execute(INSERT_RUN, values)
    return Run(**values)


def _live_run(connection: Connection, wanted: Wanted) -> Any:
    """Answer the live run that is equal; what has no identity has none."""
    if not wanted.identity:
        return None
    values = {
        "k_identity": wanted.identity,
        "k_command": wanted.command,
        "k_fingerprint": wanted.fingerprint,
    }
    return connection.execute(LIVE_RUN, values).first()


def _run_values(wanted: Wanted, run_id: str, at: datetime) -> dict[str, Any]:
    return {
        "id": run_id,
        "identity": wanted.identity or run_id,
        "command": wanted.command,
        "kind": wanted.kind,
        "arguments": wanted.arguments,
        "fingerprint": wanted.fingerprint,
        "created_at": at,
        "parent_id": None,
        "priority": 0,
        "paused": False,
        "cancelled_by": None,
        "deadline_at": None,
        "force": False,
        "owner": None,
        "result": None,
        "failure": None,
        "started_at": None,
        "finished_at": None,
    }


def _end_values(end: End) -> dict[str, Any]:
    return {
        "run": end.grip.run_id,
        "end_state": end.outcome.state,
        "end_result": end.outcome.result,
        "end_failure": end.outcome.failure_text,
        "end_at": end.at,
    }
