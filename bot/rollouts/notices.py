"""Where a rollout is told of, and marking what should be said there as due."""

from sqlmodel import Session

from bot.outbox.announcement import announce, announce_again
from bot.outbox.budget import Rank
from bot.outbox.marking import all_is_told, due
from bot.outbox.targets import Check, Comment
from bot.report.check import CHECK_NAME
from bot.report.comment import MARKER
from bot.states import State
from bot.store.tables import Rollout

ROLLOUT = "rollout"
PULL_REQUEST = "pull"
ALERT = "rollout-alert"


def check_of(row: Rollout) -> Check:
    """Answer the check on the commit that is rolled out."""
    return Check(row.repository, row.sha, CHECK_NAME, row.id)


def source_of(row: Rollout) -> str:
    """Answer the source of what is said of a rollout by itself."""
    return f"{ROLLOUT}:{row.id}"


def source_of_pull_request(repository: str, number: int) -> str:
    """Answer the source of what is said of all rollouts of a pull request."""
    return f"{PULL_REQUEST}:{repository}#{number}"


def mark(session: Session, row: Rollout, *, awaited: bool = False) -> None:
    """Mark what should be said of a rollout as due; that it ended, or stopped, is `awaited`.

    Channels hear of what fails alone, so that they are not thought of until something may have.
    """
    goes_on = row.state in {State.QUEUED, State.RUNNING}
    rank = Rank.PROGRESS if goes_on and not awaited else Rank.TURN
    check = check_of(row)
    due(session, check, source_of(row), rank=rank)
    if row.pull_request is not None:
        comment = Comment(row.repository, row.pull_request, MARKER)
        source = source_of_pull_request(row.repository, row.pull_request)
        due(session, comment, source, told_by=check, rank=rank)
    subject = f"rollout/{row.id}"
    if rank is Rank.TURN:
        announce(session, subject, f"{ALERT}:{row.id}", rank)
    else:
        announce_again(session, subject)


def is_told(session: Session, row: Rollout) -> bool:
    """Answer whether GitHub has been told how a rollout ended, as far as it took it."""
    sources = [source_of(row)]
    if row.pull_request is not None:
        sources.append(source_of_pull_request(row.repository, row.pull_request))
    return all(all_is_told(session, source) for source in sources)
