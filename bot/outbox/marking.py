"""Marks what GitHub should say as due, in the transaction of what changed; then wake the outbox."""

from typing import Any

from sqlalchemy import and_, case, null, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select

from bot.outbox.budget import Rank
from bot.outbox.target import Target
from bot.outbox.targets import Check
from bot.store.tables import Notice

_TABLE: Any = Notice.__table__  # type: ignore[attr-defined]


def due(
    session: Session,
    target: Target[Any, Any],
    source: str,
    *,
    told_by: Target[Any, Any] | None = None,
    rank: Rank | None = None,
) -> None:
    """Let GitHub say at a target what there is to say of a source, such as `rollout:17`.

    The words are rendered when they are sent: of many changes the newest state is told. A `rank`
    above progress waits for no debounce. `told_by` says it where GitHub does not take these words.
    """
    _mark(session, target, rank, source=source, told_by=told_by.key if told_by else None)


def say(
    session: Session, target: Target[Any, Any], content: str = "", *, rank: Rank | None = None
) -> None:
    """Let GitHub say something fixed at a target, such as an answer or a reaction."""
    _mark(session, target, rank, content=content)


def due_again(session: Session, source: str, rank: Rank = Rank.PROGRESS) -> None:
    """Mark everything that is said of a source as due."""
    changed = update(_TABLE).where(_TABLE.c.source == source).values(_due_again(rank))
    session.connection().execute(changed)


def due_by_key(session: Session, key: str) -> None:
    """Mark one notice as due, if there is such."""
    changed = update(_TABLE).where(_TABLE.c.key == key).values(_due_again(Rank.PROGRESS))
    session.connection().execute(changed)


def restate(session: Session, repository: str, sha: str) -> None:
    """Let the checks of a commit be said again, though in the same words.

    Where somebody asks for one again, GitHub takes the whole suite as queued until an App writes
    to it. https://docs.github.com/rest/checks/runs#rerequest-a-check-run
    """
    of_commit = _TABLE.c.key.startswith(Check.of_commit(repository, sha), autoescape=True)
    said = update(_TABLE).where(of_commit, _TABLE.c.digest.is_not(None))
    session.connection().execute(said.values(digest=None, **_due_again(Rank.TURN)))


def sweep(session: Session) -> int:
    """Mark as due what has not told its end and is not given up; answer how many that were."""
    left = and_(_TABLE.c.due.is_(False), _TABLE.c.final.is_(False), _TABLE.c.given_up.is_(False))
    swept = update(_TABLE).where(left).values(due=True, changes=_TABLE.c.changes + 1)
    return session.connection().execute(swept).rowcount


def all_is_told(session: Session, source: str) -> bool:
    """Answer whether GitHub has been told the end of a source, as far as it took it."""
    of_source = col(Notice.source) == source
    left = select(Notice.key).where(of_source, col(Notice.final).is_(False))
    known = select(Notice.key).where(of_source)
    return session.exec(left).first() is None and session.exec(known).first() is not None


def _mark(
    session: Session, target: Target[Any, Any], rank: Rank | None, **said: str | None
) -> None:
    rank = target.rank if rank is None else rank
    said = {"source": None, "content": None, "told_by": None, **said}
    values = {"target": target.as_json(), **said}
    inserting = _insert(session).values(
        key=target.key, account=target.account, kind=target.kind, rank=rank, **values
    )
    again = {name: inserting.excluded[name] for name in values} | _due_again(rank)
    upsert = inserting.on_conflict_do_update(index_elements=["key"], set_=again)
    session.connection().execute(upsert)


def _due_again(rank: Rank) -> dict[str, Any]:
    awaited = and_(_TABLE.c.due, _TABLE.c.rank < rank)
    changed: dict[str, Any] = {
        "due": True,
        "final": False,
        "changes": _TABLE.c.changes + 1,
        "rank": case((awaited, _TABLE.c.rank), else_=int(rank)),
    }
    if rank < Rank.PROGRESS:
        # What failed still waits for its next try, and what may be underway for GitHub to settle.
        debounced = and_(_TABLE.c.attempts == 0, _TABLE.c.underway.is_(False))
        changed["not_before"] = case((debounced, null()), else_=_TABLE.c.not_before)
    return changed


def _insert(session: Session) -> Any:
    dialect = session.get_bind().dialect.name
    return (sqlite if dialect == "sqlite" else postgresql).insert(_TABLE)
