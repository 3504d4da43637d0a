"""Where GitHub is told of a plan, and marking what it should say there as due."""

from sqlmodel import Session

from bot.outbox.budget import Rank
from bot.outbox.marking import due
from bot.outbox.targets import Check, Comment
from bot.report.comment import MARKER
from bot.report.plan import CHECK_NAME
from bot.rollouts.notices import source_of_pull_request
from bot.store.tables import Notice, Plan

PLAN = "plan"

_OF_PULL_REQUEST = "plan/"


def check_at(row: Plan, sha: str) -> Check:
    """Answer the check of a plan on a commit, which may be an earlier one of its pull request."""
    name = "group" if row.pull_request is None else f"{_OF_PULL_REQUEST}{row.pull_request}"
    return Check(row.repository, sha, CHECK_NAME, name)


def pull_request_of(external_id: str | None) -> int | None:
    """Answer the pull request that a check of a plan is about, by our own name for the check."""
    number = (external_id or "").removeprefix(_OF_PULL_REQUEST)
    return int(number) if number != external_id and number.isdecimal() else None


def mark_check(session: Session, row: Plan, sha: str | None = None, *, awaited: bool) -> None:
    """Mark the check of a plan as due, on its commit or on an earlier one."""
    rank = Rank.TURN if awaited else Rank.PROGRESS
    due(session, check_at(row, sha or row.head_sha), f"{PLAN}:{row.key}", rank=rank)


def mark_comment(session: Session, row: Plan) -> None:
    """Mark what the pull request is told as due."""
    if row.pull_request is not None:
        source = source_of_pull_request(row.repository, row.pull_request)
        check = check_at(row, row.head_sha)
        comment = Comment(row.repository, row.pull_request, MARKER)
        due(session, comment, source, told_by=check, rank=Rank.TURN)


def is_there(session: Session, key: str) -> bool:
    """Answer whether GitHub shows a notice already, or may."""
    row = session.get(Notice, key)
    return row is not None and (row.number is not None or row.underway)
