"""How much was missed and recovered: for people who ask whether deliveries get through."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlmodel import Session, select

from bot.store.tables import Recovered


class Missed(StrEnum):
    """What was missed: a delivery that GitHub remembers, or a branch that moved."""

    DELIVERY = "delivery"
    BRANCH = "branch"


@dataclass(frozen=True)
class Count:
    """How often that was recovered, what it was the last time, and when."""

    count: int = 0
    last: str | None = None
    last_at: datetime | None = None


def recovered(session: Session) -> dict[str, Count]:
    """Answer what was missed and recovered since the store was made, by its kind."""
    rows = {row.kind: row for row in session.exec(select(Recovered))}
    return {
        kind.value: Count(rows[kind].count, rows[kind].last, rows[kind].last_at)
        if kind in rows
        else Count()
        for kind in Missed
    }


def times_recovered(session: Session) -> dict[str, int]:
    """Answer how often something was missed and recovered, by its kind."""
    return {kind: each.count for kind, each in recovered(session).items()}


def count(session: Session, missed: Missed, what: str, now: datetime) -> None:
    """Count something that was recovered."""
    row = session.get(Recovered, missed.value)
    row = row or Recovered(kind=missed.value, last=what, last_at=now)
    row.count += 1
    row.last, row.last_at = what, now
    session.add(row)
