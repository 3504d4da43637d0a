"""Where each tracked branch was when all that had landed there was handled, as rows."""

from collections.abc import Collection, Iterable
from datetime import datetime

from sqlmodel import Session, col, select

from bot.handlers.landed import Tracked
from bot.rollouts.origin import Origin
from bot.store.tables import Head, Rollout


def head_of(session: Session, tracked: Tracked) -> str | None:
    """Answer the commit up to which a branch is handled; `None` for one never seen before."""
    row = session.get(Head, tracked.key)
    return row.sha if row else None


def note(session: Session, tracked: Tracked, sha: str, now: datetime) -> None:
    """Note up to which commit a branch is handled."""
    repository, branch = tracked.key
    session.merge(Head(repository=repository, branch=branch, sha=sha, seen_at=now))


def forget_all_but(session: Session, tracked: Collection[tuple[str, str]]) -> None:
    """Forget the branches that nobody tracks any more: once they are tracked anew, they are new."""
    for row in session.exec(select(Head)).all():
        if (row.repository, row.branch) not in tracked:
            session.delete(row)


def rolled_out(session: Session, tracked: Tracked, shas: Iterable[str]) -> set[str]:
    """Answer those of a branch's commits for which a rollout was begun."""
    keys = [Origin.key_of_commit(tracked.repository, tracked.branch, sha) for sha in shas]
    return set(session.exec(select(Rollout.sha).where(col(Rollout.key).in_(keys))))
