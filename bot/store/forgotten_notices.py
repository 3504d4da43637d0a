"""Forgets what GitHub was told long ago, and about which there is nothing left to say."""

from datetime import datetime
from functools import partial

from sqlalchemy import delete
from sqlmodel import Session, col, or_, select

from bot.store.database import Database
from bot.store.tables import Notice, Silence, Written


async def forget_notices(database: Database, before: datetime, batch: int) -> int:
    """Delete notices that told their end, or were given up, before then; answer how many.

    Of what counts towards GitHub's limits nothing is left either.
    """
    count = 0
    while deleted := await database.write(partial(_forget, before, batch)):
        count += deleted
    await database.write(partial(_forget_writes, before))
    return count


def _forget(before: datetime, most: int, session: Session) -> int:
    chosen = select(Notice.key).where(
        col(Notice.due).is_(False),
        or_(col(Notice.final), col(Notice.given_up)),
        col(Notice.told_at) < before,
    )
    deletion = delete(Notice).where(col(Notice.key).in_(chosen.limit(most)))
    return session.connection().execute(deletion).rowcount


def _forget_writes(before: datetime, session: Session) -> None:
    session.connection().execute(delete(Written).where(col(Written.at) < before))
    session.connection().execute(delete(Silence).where(col(Silence.until) < before))
