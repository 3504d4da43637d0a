"""Issues, comments, labels and reactions as JSON."""

from bot.simulated.github.accounts import Account
from bot.simulated.github.codebase import Codebase
from bot.simulated.github.issues import CONTENTS, Comment, Issue, Label, Reaction
from bot.simulated.github.platform import Platform, node_id, stamp
from bot.simulated.github.pulls import PullRequest
from bot.simulated.github.shapes.accounts import Json, account_json, maybe_account_json


def issue_json(issue: Issue) -> Json:
    """Return an issue, or a pull request seen as an issue."""
    platform = issue.repository.platform
    assignees = [account_json(account, platform) for account in issue.assignees]
    shape: Json = {
        "url": issue.url,
        "repository_url": issue.repository.url,
        "labels_url": f"{issue.url}/labels{{/name}}",
        "comments_url": f"{issue.url}/comments",
        "events_url": f"{issue.url}/events",
        "html_url": issue.html_url,
        "id": issue.id,
        "node_id": node_id("Issue", issue.id),
        "number": issue.number,
        "title": issue.title,
        "user": account_json(issue.author, platform),
        "labels": [label_json(issue.repository, label) for label in issue.labels],
        "state": issue.state,
        "locked": issue.locked,
        "assignee": assignees[0] if assignees else None,
        "assignees": assignees,
        "milestone": None,
        "comments": len(issue.comments),
        "created_at": stamp(issue.created_at),
        "updated_at": stamp(issue.updated_at),
        "closed_at": stamp(issue.closed_at) if issue.closed_at else None,
        "closed_by": maybe_account_json(issue.closed_by, platform),
        "author_association": association(issue.repository, issue.author),
        "active_lock_reason": issue.active_lock_reason,
        "body": issue.body or None,
        "reactions": reaction_counts(issue.reactions, f"{issue.url}/reactions"),
        "state_reason": issue.state_reason,
    }
    if isinstance(issue, PullRequest):
        shape["draft"] = issue.draft
        shape["pull_request"] = {
            "url": issue.pull_url,
            "html_url": issue.html_url,
            "diff_url": f"{issue.html_url}.diff",
            "patch_url": f"{issue.html_url}.patch",
            "merged_at": stamp(issue.merged_at) if issue.merged_at else None,
        }
    return shape


def comment_json(comment: Comment) -> Json:
    """Return a comment."""
    repository = comment.issue.repository
    url = f"{repository.url}/issues/comments/{comment.id}"
    return {
        "url": url,
        "html_url": comment.html_url,
        "issue_url": comment.issue.url,
        "id": comment.id,
        "node_id": node_id("IssueComment", comment.id),
        "user": account_json(comment.author, repository.platform),
        "created_at": stamp(comment.created_at),
        "updated_at": stamp(comment.updated_at),
        "author_association": association(repository, comment.author),
        "body": comment.body,
        "reactions": reaction_counts(comment.reactions, f"{url}/reactions"),
        "performed_via_github_app": None,
    }


def label_json(repository: Codebase, label: Label) -> Json:
    """Return a label."""
    return {
        "id": label.id,
        "node_id": node_id("Label", label.id),
        "url": f"{repository.url}/labels/{label.name}",
        "name": label.name,
        "color": label.color,
        "default": False,
        "description": label.description,
    }


def reaction_json(reaction: Reaction, platform: Platform) -> Json:
    """Return one reaction."""
    return {
        "id": reaction.id,
        "node_id": node_id("Reaction", reaction.id),
        "user": account_json(reaction.account, platform),
        "content": reaction.content,
        "created_at": stamp(reaction.created_at),
    }


def reaction_counts(reactions: list[Reaction], url: str) -> Json:
    """Return how many there are of each reaction."""
    counts: Json = {name: sum(each.content == name for each in reactions) for name in CONTENTS}
    return {"url": url, "total_count": len(reactions), **counts}


def association(repository: Codebase, account: Account) -> str:
    """Return how an account belongs to a repository; this is not what it may do there."""
    if account is repository.owner:
        return "OWNER"
    return "COLLABORATOR" if account in repository.roles else "NONE"
