"""A merged pull request as GitHub tells of it: as long as its own, and made of the same parts."""

import json
from typing import Any

_OF_A_REPOSITORY = (
    "archive assignees blobs branches clone collaborators comments commits compare contents "
    "contributors deployments downloads events forks git_commits git_refs git_tags hooks html "
    "issue_comment issue_events issues keys labels languages merges milestones mirror "
    "notifications pulls releases ssh stargazers statuses subscribers subscription svn tags teams "
    "trees"
)
_OF_A_USER = (
    "avatar events followers following gists html organizations received_events repos starred "
    "subscriptions"
)
_OF_A_PULL_REQUEST = (
    "comments commits diff html issue patch review_comment review_comments statuses"
)
_API = "https://api.github.com"
_DESCRIPTION = "The phone number is asked for, and kept with the address of a customer.\n" * 40


def merged_pull_request() -> bytes:
    """Answer the body of a `pull_request` event; it has some 20 KB, as GitHub's own have."""
    maya, repository = _user("maya"), _repository()
    pull_request = {
        **_addresses(f"{_API}/repos/agency/backend/pulls/7", _OF_A_PULL_REQUEST),
        "number": 7,
        "state": "closed",
        "title": "Remember the phone number",
        "body": _DESCRIPTION,
        "user": maya,
        "assignee": maya,
        "merged": True,
        "merged_by": maya,
        "merge_commit_sha": "c0ffee" * 6 + "c0ff",
        "head": {"ref": "phone", "sha": "a" * 40, "user": maya, "repo": repository},
        "base": {"ref": "main", "sha": "b" * 40, "user": maya, "repo": repository},
    }
    event = {
        "action": "closed",
        "number": 7,
        "pull_request": pull_request,
        "repository": repository,
        "sender": maya,
        "installation": {"id": 1},
    }
    return json.dumps(event).encode()


def _repository() -> dict[str, Any]:
    return {
        **_addresses(f"{_API}/repos/agency/backend", _OF_A_REPOSITORY),
        "id": 1,
        "name": "backend",
        "full_name": "agency/backend",
        "private": True,
        "owner": _user("agency"),
        "default_branch": "main",
    }


def _user(login: str) -> dict[str, Any]:
    return {
        **_addresses(f"{_API}/users/{login}", _OF_A_USER),
        "login": login,
        "id": 2,
        "type": "User",
    }


def _addresses(root: str, names: str) -> dict[str, str]:
    return {f"{name}_url": f"{root}/{name}{{/more}}" for name in names.split()}
