"""What is put right now and then: what the dead left behind, and what has waited for too long."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, exists, select, update
from sqlalchemy.orm import aliased
from sqlmodel import col

from bot.engine.journal import Journal
from bot.engine.kinds import Wanted
from bot.engine.outcomes import Failure, step_failed
from bot.engine.patience import out_of_patience
from bot.engine.statements import live, no_living_owner
from bot.states import State
from bot.store.database import Database
from bot.store.tables import LIVE_ROWS, Run

AT_A_TIME = 100

_holder = aliased(Run)


async def sweep(database: Database, journal: Journal, now: datetime, patience: timedelta) -> None:
    """End what nobody will end otherwise, and tell anew of what nobody would hear of."""
    await journal.cancel_orphans(now)
    await database.write(lambda session: _sweep(session.connection(), now, patience))
    await journal.announce_takeable()


def _sweep(connection: Connection, now: datetime, patience: timedelta) -> None:
    _end_cancelled(connection, now)
    _end_impatient(connection, now, patience)


def _end_cancelled(connection: Connection, now: datetime) -> None:
    """End runs that were to be cancelled by an owner who died before."""
    left = (LIVE_ROWS, col(Run.cancelled_by).is_not(None), no_living_owner())
    connection.execute(
        update(Run)
        .where(*left)
        .values(state=State.CANCELLED, token=col(Run.token) + 1, finished_at=now)
        .execution_options(synchronize_session=False)
    )


def _end_impatient(connection: Connection, now: datetime, patience: timedelta) -> None:
    """Fail queued runs whose identity another one has held for longer than is to be waited."""
    late = connection.execute(
        select(Run.__table__)  # type: ignore[attr-defined]
        .where(
            col(Run.state) == State.QUEUED,
            col(Run.created_at) < now - patience,
            exists().where(
                col(_holder.identity) == col(Run.identity),
                live(_holder),
                col(_holder.state) == State.RUNNING,
                col(_holder.started_at) < now - patience,
            ),
        )
        .limit(AT_A_TIME)
    )
    for row in late.all():
        _fail(connection, row, now, patience)


def _fail(connection: Connection, row: Any, now: datetime, patience: timedelta) -> None:
    running = connection.execute(
        select(Run.__table__).where(  # type: ignore[attr-defined]
            col(Run.identity) == row.identity, col(Run.state) == State.RUNNING
        )
    ).first()
    holder = Run(**dict(running._mapping)) if running else None  # noqa: SLF001 (SQLAlchemy's own)
    wanted = Wanted(row.identity, row.command, row.fingerprint, row.kind, row.arguments)
    error = out_of_patience(wanted, patience, holder)
    failed = step_failed(error, step=row.command, identity=row.identity, run_id=row.id)
    connection.execute(
        update(Run)
        .where(col(Run.id) == row.id, col(Run.state) == State.QUEUED)
        .values(
            state=State.FAILED,
            failure=Failure.of(failed).model_dump_json(),
            finished_at=now,
            token=col(Run.token) + 1,
        )
    )
