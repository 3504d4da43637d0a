"""What claims are decided by: who counts as alive, what is known, and who comes first."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, func, select
from sqlmodel import col

from bot.engine.journal.rows import Memory, Record, StepRow
from bot.engine.journal.statements import OWNER_LIVES, RECORDS, STEPS_OF_RUNS
from bot.states import State
from bot.store.advisory import Advisory
from bot.store.tables import Run
from resources.model.values import SKIPPABLE

_ONE_AFTER_ANOTHER = select(func.pg_advisory_xact_lock(int(Advisory.CLAIMING)))
_KEEP = (
    select(col(Run.id))
    .where(col(Run.id).in_(bindparam("runs", expanding=True)))
    .order_by(col(Run.id))
    .with_for_update()
)


def one_after_another(connection: Connection) -> None:
    """Wait until nobody else in the fleet decides, and keep it so until the commit."""
    if connection.dialect.name != "sqlite":
        connection.execute(_ONE_AFTER_ANOTHER)


def keep_as_they_are(connection: Connection, runs: Sequence[str]) -> None:
    """Let nobody end or take these runs until the commit."""
    if connection.dialect.name != "sqlite":
        connection.execute(_KEEP, {"runs": list(runs)})


def is_alive(connection: Connection, owner: str) -> bool:
    """Answer whether a process counts as alive, and keep it so until the commit.

    What one takes who was buried is nobody's, and would be taken again at once.
    """
    lives = OWNER_LIVES[connection.dialect.name]
    return connection.execute(lives, {"me": owner}).first() is not None


def recorded_on(connection: Connection, identities: Sequence[str]) -> dict[str, Record]:
    """Answer what was last brought about on those of the identities on which anything was."""
    wanted = [identity for identity in identities if identity]
    if not wanted:
        return {}
    rows = connection.execute(RECORDS, {"identities": wanted})
    return {row.identity: Record.read(row) for row in rows}


def memories_of(connection: Connection, runs: Sequence[str]) -> dict[str, Memory]:
    """Answer the steps of runs; none of a run that is not named."""
    found: dict[str, Memory] = {run_id: {} for run_id in runs}
    if found:
        for step in connection.execute(STEPS_OF_RUNS, {"runs": list(found)}):
            found[step.run_id][step.name] = StepRow.read(step)
    return found


def holds(record: Record | None, command: str, fingerprint: str) -> bool:
    """Answer whether what a command would bring about is what was last brought about."""
    return (
        record is not None
        and command in SKIPPABLE
        and record.settled
        and record.fingerprint == fingerprint
    )


def was_taken(own: Any, owner: str, at: datetime) -> bool:
    """Answer whether this very claim took the run, and the answer to it was lost."""
    mine = own.state == State.RUNNING and own.owner == owner
    return bool(mine and own.taken_at == at)


def row_ahead(rows: Sequence[Any], own: Any, rank: int, run_id: str) -> Any:
    """Answer the row that must be out of the way first: the nearest in line, or the one at work.

    What was cut off keeps its identity: whoever asked for it asks again.
    """
    others = [row for row in rows if own is None or row.id != own.id]
    if own is not None and own.state == State.RUNNING:
        return None
    in_line = [
        row
        for row in others
        if row.state != State.RUNNING
        and (row.rank, row.id) < (rank, run_id)
        and _keeps_its_turn(row)
    ]
    running = [row for row in others if row.state == State.RUNNING]
    return (in_line or running or [None])[-1]


def _keeps_its_turn(row: Any) -> bool:
    return not row.paused and (row.state == State.QUEUED or bool(row.attended))
