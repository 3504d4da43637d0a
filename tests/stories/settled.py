"""Whether the bot has come to rest: what is left that somebody could go on with now."""

from datetime import datetime

from sqlmodel import Session, col, or_, select

from bot.states import LIVE, State
from bot.store.tables import Delivery, Report, Rollout, Run


def unsettled(session: Session, now: datetime) -> list[str]:
    """Answer what is not done and is not put off until later; empty where all is at rest."""
    deliveries = select(Delivery.guid).where(
        col(Delivery.state) == State.QUEUED,
        or_(col(Delivery.not_before).is_(None), col(Delivery.not_before) <= now),
    )
    runs = select(Run.identity).where(col(Run.state).in_(LIVE))
    rollouts = select(Rollout.sha).where(col(Rollout.state).in_(LIVE))
    # A report is not due while it is being told: at rest it is final, or due later.
    reports = select(Report.rollout_id).where(
        col(Report.final).is_(False),
        or_(
            col(Report.due).is_(False),
            col(Report.not_before).is_(None),
            col(Report.not_before) <= now,
        ),
    )
    kinds = {"delivery": deliveries, "run": runs, "rollout": rollouts, "report": reports}
    return [f"{kind} {each}" for kind, chosen in kinds.items() for each in session.exec(chosen)]
