"""What is put right now and then: what the dead left behind, and what has waited for too long."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Connection, delete, exists, select, update
from sqlalchemy.orm import aliased
from sqlmodel import col

from bot.engine.definitions.kinds import Wanted
from bot.engine.definitions.outcomes import Outcome
from bot.engine.journal.journal import Journal
from bot.engine.journal.rows import End, Grip
from bot.engine.journal.statements import RUN_TABLE, live, no_living_owner
from bot.engine.patience import out_of_patience
from bot.states import State
from bot.store.database import Database
from bot.store.tables import LIVE_ROWS, Place, Run, Wait
from resources.errors import Cancelled, OrbitsError
from resources.model.failure import Failure, step_failed

AT_A_TIME = 100

_holder = aliased(Run)


async def sweep(database: Database, journal: Journal, now: datetime, patience: timedelta) -> None:
    """End what nobody will end otherwise, and tell anew of what nobody would hear of."""
    await journal.cancel_orphans(now)
    await journal.end_by_force(partial(_cancelled, at=now))
    await journal.end_by_force(partial(_impatient, at=now, patience=patience))
    await database.write(lambda session: _tidy_up(session.connection()))
    await journal.announce_takeable()


def _tidy_up(connection: Connection) -> None:
    """Queue what was asked for by itself and lost who was in line with it; forget the ended."""
    connection.execute(
        update(Run)
        .where(col(Run.state) == State.WAITING, col(Run.asked), no_living_owner())
        .values(state=State.QUEUED, owner=None, root_id=col(Run.id))
        .execution_options(synchronize_session=False)
    )
    for table, run_id in ((Place, col(Place.run_id)), (Wait, col(Wait.waiter_id))):
        ended = ~exists().where(col(_holder.id) == run_id, live(_holder))
        connection.execute(delete(table).where(ended).execution_options(synchronize_session=False))


def _cancelled(connection: Connection, at: datetime) -> Sequence[End]:
    """Answer the ends of runs that were to be cancelled by an owner who died before."""
    left = select(RUN_TABLE).where(LIVE_ROWS, col(Run.cancelled_by).is_not(None), no_living_owner())
    return [_end(row, _cancel(row), at) for row in connection.execute(left.limit(AT_A_TIME))]


def _cancel(row: Any) -> Outcome:
    if not row.cancelled_by:
        return Outcome(State.CANCELLED)
    error = Cancelled(
        f"{row.identity} ({row.command}) was cancelled by {row.cancelled_by}. Finished steps are "
        f"kept: `orbits retry {row.id}`."
    )
    return Outcome(State.CANCELLED, failure=_failure(row, error))


def _impatient(connection: Connection, at: datetime, patience: timedelta) -> Sequence[End]:
    """Answer the ends of queued runs whose identity was held for longer than is to be waited."""
    late = (
        select(RUN_TABLE)
        .where(
            col(Run.state) == State.QUEUED,
            col(Run.created_at) < at - patience,
            exists().where(
                col(_holder.identity) == col(Run.identity),
                col(_holder.state) == State.RUNNING,
                col(_holder.started_at) < at - patience,
            ),
        )
        .limit(AT_A_TIME)
    )
    return [_end(row, _give_up(connection, row, patience), at) for row in connection.execute(late)]


def _give_up(connection: Connection, row: Any, patience: timedelta) -> Outcome:
    running = connection.execute(
        select(RUN_TABLE).where(col(Run.identity) == row.identity, col(Run.state) == State.RUNNING)
    ).first()
    wanted = Wanted(row.identity, row.command, row.fingerprint, row.kind, row.arguments)
    return Outcome(State.FAILED, failure=_failure(row, out_of_patience(wanted, patience, running)))


def _failure(row: Any, error: OrbitsError) -> Failure:
    step = row.parent_step or row.command
    return Failure.of(step_failed(error, step=step, identity=row.identity, run_id=row.id))


def _end(row: Any, outcome: Outcome, at: datetime) -> End:
    return End(Grip(row.id, row.token), row.identity, outcome, at, has_parent=True, leaves=True)
