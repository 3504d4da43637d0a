"""How notices stand, account by account: sent, delayed just now, given up."""

from datetime import datetime
from typing import NamedTuple

from sqlmodel import Session, col, func, or_, select

from bot.store.tables import Notice


class Count(NamedTuple):
    """The notices of one account, such as `slack/deploys`, that are still remembered.

    `delayed` are due, and were tried in vain or have to wait.
    """

    sent: int = 0
    delayed: int = 0
    given_up: int = 0

    def plus(self, other: "Count") -> "Count":
        """Answer both together."""
        return Count(*map(sum, zip(self, other, strict=True)))


def counts(session: Session, now: datetime) -> dict[str, Count]:
    """Count the notices of every account that has any."""
    waits = col(Notice.due).is_(True) & or_(col(Notice.attempts) > 0, col(Notice.not_before) > now)
    sums = {
        "sent": col(Notice.number).is_not(None),
        "delayed": waits,
        "given_up": col(Notice.given_up).is_(True),
    }
    found: dict[str, Count] = {}
    for name, condition in sums.items():
        chosen = select(Notice.account, func.count()).where(condition)
        for account, number in session.exec(chosen.group_by(col(Notice.account))):
            found[account] = found.get(account, Count())._replace(**{name: number})
    return dict(sorted(found.items()))
