"""Pull requests as JSON."""

from bot.simulated.github.accounts import Account
from bot.simulated.github.platform import node_id, stamp
from bot.simulated.github.pulls import PullRequest
from bot.simulated.github.shapes.accounts import Json, account_json, maybe_account_json
from bot.simulated.github.shapes.issues import association, issue_json
from bot.simulated.github.shapes.repositories import fork_json, repository_json

_SHARED_WITH_ISSUES = (
    "html_url",
    "comments_url",
    "number",
    "state",
    "locked",
    "title",
    "user",
    "body",
    "created_at",
    "updated_at",
    "closed_at",
    "labels",
    "milestone",
    "assignee",
    "assignees",
    "active_lock_reason",
    "draft",
)


def pull_json(pull: PullRequest) -> Json:
    """Return a pull request as lists show it: without its figures and without `merged`."""
    issue = issue_json(pull)
    return {
        "url": pull.pull_url,
        "id": pull.id,
        "node_id": node_id("PullRequest", pull.id),
        **{name: issue[name] for name in _SHARED_WITH_ISSUES},
        "diff_url": f"{pull.html_url}.diff",
        "patch_url": f"{pull.html_url}.patch",
        "issue_url": pull.url,
        "merged_at": stamp(pull.merged_at) if pull.merged_at else None,
        "merge_commit_sha": pull.merge_commit_sha,
        "requested_reviewers": [],
        "requested_teams": [],
        "commits_url": f"{pull.pull_url}/commits",
        "statuses_url": f"{pull.repository.url}/statuses/{pull.head_sha}",
        "head": _head(pull),
        "base": {
            **_branch(pull.repository.owner, pull, pull.base, pull.base_sha),
            "repo": repository_json(pull.repository),
        },
        "author_association": association(pull.repository, pull.author),
        "auto_merge": None,
    }


def whole_pull_json(pull: PullRequest) -> Json:
    """Return a pull request as it is got alone, and as webhooks carry it."""
    platform = pull.repository.platform
    return {
        **pull_json(pull),
        "merged": pull.merged,
        "mergeable": None if pull.merged else pull.mergeable,
        "rebaseable": None if pull.merged else pull.mergeable,
        "mergeable_state": _mergeable_state(pull),
        "merged_by": maybe_account_json(pull.merged_by, platform),
        "comments": len(pull.comments),
        "review_comments": 0,
        "maintainer_can_modify": False,
        "commits": pull.size.commits,
        "additions": pull.size.additions,
        "deletions": pull.size.deletions,
        "changed_files": pull.size.changed_files,
    }


def brief_pull_json(pull: PullRequest) -> Json:
    """Return a pull request as check runs mention it."""
    repository = pull.repository
    where = {"id": repository.id, "url": repository.url, "name": repository.name}
    return {
        "id": pull.id,
        "number": pull.number,
        "url": pull.pull_url,
        "head": {"ref": pull.branch, "sha": pull.head_sha, "repo": where},
        "base": {"ref": pull.base, "sha": pull.base_sha, "repo": where},
    }


def _head(pull: PullRequest) -> Json:
    owner = pull.head_owner or pull.repository.owner
    shape = (
        fork_json(pull.repository, owner) if pull.from_fork else repository_json(pull.repository)
    )
    return {**_branch(owner, pull, pull.branch, pull.head_sha), "repo": shape}


def _branch(owner: Account, pull: PullRequest, name: str, sha: str) -> Json:
    return {
        "label": f"{owner.login}:{name}",
        "ref": name,
        "sha": sha,
        "user": account_json(owner, pull.repository.platform),
    }


def _mergeable_state(pull: PullRequest) -> str:
    if pull.merged or pull.mergeable is None:
        return "unknown"
    if not pull.mergeable:
        return "dirty"
    return "draft" if pull.draft else "clean"
