"""Whether the bot has come to rest: what is left that somebody could go on with now."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Select, bindparam
from sqlmodel import Session, and_, col, not_, or_, select

from bot.outbox.ledger import may_go
from bot.states import LIVE, State
from bot.store.columns import Moment
from bot.store.tables import Delivery, Look, Notice, Rollout, Run


def _left() -> dict[str, Select[Any]]:
    now: Any = bindparam("now", type_=Moment)
    deliveries = select(Delivery.guid).where(
        col(Delivery.state) == State.QUEUED,
        or_(col(Delivery.not_before).is_(None), col(Delivery.not_before) <= now),
    )
    # Between two waves a rollout rests.
    rests = and_(col(Rollout.pauses_until).is_not(None), col(Rollout.pauses_until) > now)
    resting = select(col(Rollout.run_id)).where(rests, col(Rollout.run_id).is_not(None))
    runs = select(Run.identity).where(col(Run.state).in_(LIVE), col(Run.id).not_in(resting))
    rollouts = select(Rollout.sha).where(
        col(Rollout.state).in_([State.QUEUED, State.RUNNING]), not_(rests)
    )
    # A notice is due until it is told.
    notices = select(Notice.key).where(may_go(now))
    looks = select(Look.name).where(col(Look.due_at) <= now)
    return {
        "delivery": deliveries,
        "run": runs,
        "rollout": rollouts,
        "notice": notices,
        "look": looks,
    }


# Made once, and asked many times a second while a story waits.
LEFT = _left()
ANYTHING = select(or_(*(chosen.exists() for chosen in LEFT.values())))


def is_settled(session: Session, now: datetime) -> bool:
    """Answer whether all is at rest."""
    return not session.connection().scalar(ANYTHING, {"now": now})


def unsettled(session: Session, now: datetime) -> Iterator[str]:
    """Answer what is not done and is not put off until later, kind by kind."""
    for kind, chosen in LEFT.items():
        for each in session.connection().scalars(chosen, {"now": now}):
            yield f"{kind} {each}"
