"""What people and bots do to issues and pull requests by talking: open, edit, comment, react."""

from dataclasses import dataclass
from typing import Any

from bot.simulated.github.accounts import Account
from bot.simulated.github.happenings import Announce, Happening
from bot.simulated.github.issues import (
    CONTENTS,
    MAXIMUM_BODY,
    Comment,
    Content,
    Issue,
    Label,
    Reaction,
    StateReason,
)
from bot.simulated.github.pulls import PullRequest
from bot.simulated.github.refusals import GitHubRefused, invalid
from bot.simulated.github.repositories import Repository
from bot.simulated.github.shapes.accounts import Json
from bot.simulated.github.shapes.issues import comment_json, issue_json, label_json
from bot.simulated.github.shapes.pulls import whole_pull_json


@dataclass(frozen=True)
class IssueDraft:
    """An issue to be."""

    title: str
    body: str = ""
    labels: tuple[str, ...] = ()
    assignees: tuple[Account, ...] = ()


class Conversations:
    """Carries out what is said, and announces it."""

    def __init__(self, announce: Announce) -> None:
        self._announce = announce

    def open_issue(self, repository: Repository, actor: Account, draft: IssueDraft) -> Issue:
        """Open an issue."""
        repository.demand(actor, "read", "open an issue")
        repository.demand_issues()
        check_title(draft.title)
        check_body(draft.body, "Issue")
        now = repository.platform.now()
        issue = Issue(
            repository=repository,
            number=repository.next_number(),
            id=repository.platform.next_id(),
            author=actor,
            title=draft.title,
            body=draft.body,
            created_at=now,
            updated_at=now,
            assignees=list(draft.assignees),
        )
        repository.issues[issue.number] = issue
        self.tell(issue, "opened", actor)
        self.set_labels(repository, issue, actor, draft.labels)
        return issue

    def edit(self, issue: Issue, actor: Account, title: str | None, body: str | None) -> None:
        """Change the title or the body of an issue or a pull request."""
        if actor is not issue.author:
            issue.repository.demand(actor, "triage", "edit what others opened")
        changes: Json = {}
        if title is not None and title != issue.title:
            check_title(title)
            changes["title"] = {"from": issue.title}
            issue.title = title
        if body is not None and body != issue.body:
            check_body(body, "Issue")
            changes["body"] = {"from": issue.body}
            issue.body = body
        if changes:
            self.tell(issue, "edited", actor, changes=changes)

    def close(self, issue: Issue, actor: Account, reason: StateReason | None = None) -> None:
        """Close an issue, or a pull request without merging it."""
        if actor is not issue.author:
            issue.repository.demand(actor, "triage", "close what others opened")
        if issue.state == "closed":
            raise GitHubRefused(f"{issue.repository.full_name}#{issue.number} is closed already.")
        issue.state = "closed"
        issue.closed_at = issue.repository.platform.now()
        issue.closed_by = actor
        if not isinstance(issue, PullRequest):
            issue.state_reason = reason or "completed"
        self.tell(issue, "closed", actor)

    def reopen(self, issue: Issue, actor: Account) -> None:
        """Open a closed issue again; `Branches` says whether a pull request may be."""
        if actor is not issue.author:
            issue.repository.demand(actor, "triage", "reopen what others opened")
        if issue.state == "open":
            raise GitHubRefused(f"{issue.repository.full_name}#{issue.number} is open already.")
        issue.state = "open"
        issue.closed_at = issue.closed_by = None
        if not isinstance(issue, PullRequest):
            issue.state_reason = "reopened"
        self.tell(issue, "reopened", actor)

    def lock(self, issue: Issue, actor: Account, reason: str | None = None) -> None:
        """Lock a conversation: only those who may write here can go on."""
        issue.repository.demand(actor, "triage", "lock a conversation")
        issue.locked, issue.active_lock_reason = True, reason
        self.tell(issue, "locked", actor)

    def unlock(self, issue: Issue, actor: Account) -> None:
        """Let everybody comment again."""
        issue.repository.demand(actor, "triage", "unlock a conversation")
        issue.locked, issue.active_lock_reason = False, None
        self.tell(issue, "unlocked", actor)

    def set_labels(
        self, repository: Repository, issue: Issue, actor: Account, names: tuple[str, ...]
    ) -> None:
        """Make these the labels of an issue; a label that is new to the repository is created."""
        wanted = [find_label(repository, name) for name in dict.fromkeys(names)]
        for label in [each for each in issue.labels if each not in wanted]:
            issue.labels.remove(label)
            self.tell(issue, "unlabeled", actor, label=label_json(repository, label))
        for label in [each for each in wanted if each not in issue.labels]:
            issue.labels.append(label)
            self.tell(issue, "labeled", actor, label=label_json(repository, label))

    def comment(self, issue: Issue, actor: Account, body: str) -> Comment:
        """Comment on an issue or a pull request."""
        repository = issue.repository
        repository.demand(actor, "read", "comment")
        check_unlocked(issue, actor)
        check_body(body, "IssueComment")
        if not body.strip():
            raise invalid("IssueComment", "body", "missing_field", "body cannot be blank")
        now = repository.platform.now()
        comment = Comment(repository.platform.next_id(), issue, actor, body, now, now)
        issue.comments.append(comment)
        issue.updated_at = now
        self._tell_comment(comment, "created", actor)
        return comment

    def edit_comment(self, comment: Comment, actor: Account, body: str) -> None:
        """Change what a comment says."""
        if actor is not comment.author:
            comment.issue.repository.demand(actor, "write", "edit the comments of others")
        check_present(comment)
        check_body(body, "IssueComment")
        before, comment.body = comment.body, body
        comment.updated_at = comment.issue.repository.platform.now()
        self._tell_comment(comment, "edited", actor, changes={"body": {"from": before}})

    def delete_comment(self, comment: Comment, actor: Account) -> None:
        """Take a comment away."""
        if actor is not comment.author:
            comment.issue.repository.demand(actor, "write", "delete the comments of others")
        check_present(comment)
        comment.issue.comments.remove(comment)
        self._tell_comment(comment, "deleted", actor)

    def react(self, target: Issue | Comment, actor: Account, content: str) -> tuple[Reaction, bool]:
        """Add a reaction; return it, and whether it is new. GitHub sends no event for it."""
        issue = target.issue if isinstance(target, Comment) else target
        repository = issue.repository
        repository.demand(actor, "read", "react")
        check_unlocked(issue, actor)
        known: dict[str, Content] = {name: name for name in CONTENTS}
        if content not in known:
            raise invalid("Reaction", "content", message=f"content {content!r} is not a reaction")
        for reaction in target.reactions:
            if reaction.account is actor and reaction.content == content:
                return reaction, False
        platform = repository.platform
        reaction = Reaction(platform.next_id(), actor, known[content], platform.now())
        target.reactions.append(reaction)
        return reaction, True

    def tell(self, issue: Issue, action: str, actor: Account, **extra: Any) -> None:
        """Announce an event of an issue, or of the pull request that it is."""
        repository = issue.repository
        issue.updated_at = repository.platform.now()
        if isinstance(issue, PullRequest):
            event = "pull_request"
            payload = {"number": issue.number, "pull_request": whole_pull_json(issue), **extra}
        else:
            event, payload = "issues", {"issue": issue_json(issue), **extra}
        self._announce(Happening(event, action, actor, repository.owner, payload, repository))

    def _tell_comment(self, comment: Comment, action: str, actor: Account, **extra: Any) -> None:
        repository = comment.issue.repository
        payload = {"issue": issue_json(comment.issue), "comment": comment_json(comment), **extra}
        happening = Happening("issue_comment", action, actor, repository.owner, payload, repository)
        self._announce(happening)


def find_label(repository: Repository, name: str) -> Label:
    """Return a label of a repository, created if it is new."""
    if not 0 < len(name) <= 50:
        raise invalid("Label", "name", message="name must be 1 to 50 characters long")
    known = {label.name.lower(): label for label in repository.labels.values()}
    if (label := known.get(name.lower())) is None:
        label = repository.labels[name] = Label(repository.platform.next_id(), name)
    return label


def check_title(title: str) -> None:
    """Refuse a title that is blank or over 256 characters."""
    if not title.strip():
        raise invalid("Issue", "title", "missing_field")
    if len(title) > 256:
        raise invalid("Issue", "title", message="title is too long (maximum is 256 characters)")


def check_body(body: str, resource: str) -> None:
    """Refuse a text that is longer than GitHub stores."""
    if len(body) > MAXIMUM_BODY:
        raise invalid(resource, "body", message="body is too long (maximum is 65536 characters)")


def check_unlocked(issue: Issue, actor: Account) -> None:
    """Refuse those who may not write here while the conversation is locked."""
    if issue.locked and not issue.repository.allows(actor, "write"):
        message = "Unable to create comment because issue is locked."
        raise GitHubRefused(message, status=403)


def check_present(comment: Comment) -> None:
    """Refuse to touch a comment that was deleted."""
    if comment not in comment.issue.comments:
        raise GitHubRefused("Not Found", status=404)
