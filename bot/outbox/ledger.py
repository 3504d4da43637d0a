"""What the writer reads and notes: who waits, what was written when, and what became of it."""

from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, delete
from sqlmodel import Session, col, or_, select

from bot.engine.identifiers import new_id
from bot.outbox.accounts import way_of
from bot.outbox.budget import HOUR, Rank, Waiting, silence
from bot.outbox.marking import due_by_key
from bot.outbox.outcomes import Outcome
from bot.outbox.patience import SAID_AFTER
from bot.store.tables import Notice, Silence, Written
from bot.store.tallies import tally


class Standing(NamedTuple):
    """What an account waits for, and when it was written to in the last hour, oldest first."""

    waiting: list[Waiting]
    times: list[datetime]


def may_go(now: datetime) -> ColumnElement[bool]:
    """Answer the condition that a notice is due, put off no longer, and of no silent account."""
    silent = select(Silence.account).where(col(Silence.until) > now)
    not_before = col(Notice.not_before)
    return (
        col(Notice.due).is_(True)
        & or_(not_before.is_(None), not_before <= now)
        & col(Notice.account).not_in(silent)
    )


def accounts(now: datetime, session: Session) -> list[str]:
    """Answer the accounts for which something may go."""
    return list(session.exec(select(Notice.account).where(may_go(now)).distinct()))


def standing(account: str, now: datetime, most: int, session: Session) -> Standing:
    """Answer who waits of an account, and up to so many of its writes."""
    query = select(Notice.key, Notice.rank, Notice.told_at).where(
        col(Notice.account) == account, may_go(now)
    )
    waiting = [Waiting(key, Rank(rank), told_at) for key, rank, told_at in session.exec(query)]
    lately = select(Written.at).where(col(Written.account) == account, col(Written.at) > now - HOUR)
    times = session.exec(lately.order_by(col(Written.at).desc()).limit(most))
    return Standing(waiting, list(times)[::-1])


def begin(key: str, number: int | None, now: datetime, settles: timedelta, session: Session) -> str:
    """Note, before a write, that it goes out; answer under which name it is counted."""
    row = session.get_one(Notice, key, with_for_update=True)
    row.underway, row.number, row.not_before = True, number, now + settles
    ours = col(Written.account) == row.account
    session.connection().execute(delete(Written).where(ours, col(Written.at) <= now - HOUR))
    written = Written(id=new_id(now), account=row.account, at=now)
    session.add(written)
    return written.id


def settle(seen: Notice, outcome: Outcome, written: str | None, session: Session) -> None:
    """Note how a notice stands; one that changed since it was seen stays due."""
    row = session.get_one(Notice, seen.key, with_for_update=True)
    said_elsewhere = _is_said_elsewhere(row)
    changed = row.changes != seen.changes
    row.number, row.digest, row.underway = outcome.number, outcome.digest, outcome.underway
    row.attempts, row.problem = outcome.attempts, outcome.problem
    row.given_up, row.told_at = outcome.given_up, outcome.at
    row.due = changed or not outcome.done
    row.final = outcome.final and not row.due
    awaited = changed and row.rank < Rank.PROGRESS and not outcome.attempts
    row.not_before = None if awaited else outcome.rests_until
    if row.told_by and _is_said_elsewhere(row) != said_elsewhere:
        due_by_key(session, row.told_by)
    if written is not None:
        # GitHub counts from when it was done with the write at the latest.
        session.get_one(Written, written).at = outcome.at
    if written is not None and outcome.taken:
        tally(session, f"written/{way_of(row.account)}")
        session.connection().execute(delete(Silence).where(col(Silence.account) == row.account))


def limit(account: str, asked: timedelta, now: datetime, session: Session) -> None:
    """Note that GitHub wants to hear nothing of an account for some time."""
    row = session.get(Silence, account) or Silence(account=account, limits=0)
    row.limits += 1
    row.until = now + silence(asked, row.limits)
    session.add(row)


def _is_said_elsewhere(row: Notice) -> bool:
    return bool(row.problem) and (row.given_up or row.attempts >= SAID_AFTER)
