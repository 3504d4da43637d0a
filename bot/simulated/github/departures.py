"""Issues that leave a repository: they are deleted, or transferred to another one."""

from typing import Any

from bot.simulated.github.accounts import Account
from bot.simulated.github.conversations import Conversations, find_label
from bot.simulated.github.happenings import Announce, Happening
from bot.simulated.github.issues import Comment, Issue
from bot.simulated.github.pulls import PullRequest
from bot.simulated.github.refusals import impossible
from bot.simulated.github.repositories import Repository
from bot.simulated.github.shapes.issues import issue_json
from bot.simulated.github.shapes.repositories import repository_json


class Departures:
    """Takes issues away, and announces it.

    What is left of one is that its number is never given again: it answers 410 once it is deleted,
    and leads to where it is once it is transferred.
    """

    def __init__(self, announce: Announce, conversations: Conversations) -> None:
        self._announce = announce
        self._conversations = conversations

    def delete(self, issue: Issue, actor: Account) -> None:
        """Delete an issue.

        https://docs.github.com/en/issues/tracking-your-work-with-issues/administering-issues/deleting-an-issue
        """
        repository = _home(issue)
        repository.demand(actor, "admin", "delete an issue")
        self._tell(issue, "deleted", actor)
        del repository.issues[issue.number]
        repository.gone_issues[issue.number] = None

    def transfer(self, issue: Issue, actor: Account, to: Repository) -> Issue:
        """Move an issue to a repository of the same owner, under the next number there.

        Its comments and assignees go with it; so do its labels, where there are such.
        https://docs.github.com/en/issues/tracking-your-work-with-issues/administering-issues/transferring-an-issue-to-another-repository
        """
        repository = _home(issue)
        repository.demand(actor, "write", "transfer an issue")
        to.demand(actor, "write", "transfer an issue")
        to.demand_issues()
        if to is repository or to.owner is not repository.owner:
            raise impossible("Issue", "An issue goes to another repository of the same owner.")
        moved = _moved(issue, to)
        changes = {"new_issue": issue_json(moved), "new_repository": repository_json(to)}
        self._tell(issue, "transferred", actor, changes=changes)
        del repository.issues[issue.number]
        repository.gone_issues[issue.number] = moved
        changes = {"old_issue": issue_json(issue), "old_repository": repository_json(repository)}
        self._conversations.tell(moved, "opened", actor, changes=changes)
        return moved

    def _tell(self, issue: Issue, action: str, actor: Account, **extra: Any) -> None:
        payload = {"issue": issue_json(issue), **extra}
        repository = issue.repository
        self._announce(Happening("issues", action, actor, repository.owner, payload, repository))


def _home(issue: Issue) -> Repository:
    repository = issue.repository
    if isinstance(issue, PullRequest) or not isinstance(repository, Repository):
        raise impossible("Issue", "A pull request stays where it is.")
    if repository.issues.get(issue.number) is not issue:
        raise impossible("Issue", f"{issue!r} is gone already.")
    return repository


def _moved(issue: Issue, to: Repository) -> Issue:
    known = {name.lower() for name in to.labels}
    moved = Issue(
        repository=to,
        number=to.next_number(),
        id=to.platform.next_id(),
        author=issue.author,
        title=issue.title,
        body=issue.body,
        created_at=issue.created_at,
        updated_at=issue.updated_at,
        state=issue.state,
        state_reason=issue.state_reason,
        closed_at=issue.closed_at,
        closed_by=issue.closed_by,
        labels=[find_label(to, each.name) for each in issue.labels if each.name.lower() in known],
        assignees=list(issue.assignees),
        reactions=list(issue.reactions),
    )
    moved.comments = [
        Comment(
            to.platform.next_id(), moved, each.author, each.body, each.created_at, each.updated_at
        )
        for each in issue.comments
    ]
    to.issues[moved.number] = moved
    return moved
