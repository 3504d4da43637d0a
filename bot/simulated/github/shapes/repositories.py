"""Repositories, commits and files as JSON."""

from urllib.parse import quote

from bot.simulated.github.accounts import Account
from bot.simulated.github.codebase import ROLES, Codebase
from bot.simulated.github.git import Signature
from bot.simulated.github.history import ChangedFile, Commit, TreeEntry
from bot.simulated.github.platform import node_id, stamp
from bot.simulated.github.shapes.accounts import Json, account_json, maybe_account_json


def repository_json(repository: Codebase) -> Json:
    """Return a repository as it stands in lists and webhooks."""
    return {
        "id": repository.id,
        "node_id": node_id("Repository", repository.id),
        "name": repository.name,
        "full_name": repository.full_name,
        "private": repository.private,
        "owner": account_json(repository.owner, repository.platform),
        "html_url": repository.html_url,
        "description": repository.settings.description,
        "fork": False,
        "url": repository.url,
        "created_at": stamp(repository.created_at),
        "updated_at": stamp(repository.pushed_at),
        "pushed_at": stamp(repository.pushed_at),
        "git_url": f"{repository.html_url}.git",
        "clone_url": f"{repository.html_url}.git",
        "ssh_url": f"git@{repository.platform.address.split('//')[-1]}:{repository.full_name}.git",
        "homepage": None,
        "size": 1,
        "archived": repository.settings.archived,
        "is_template": repository.settings.is_template,
        "disabled": False,
        "has_issues": repository.has_issues,
        "visibility": "private" if repository.private else "public",
        "default_branch": repository.default_branch,
    }


def whole_repository_json(repository: Codebase, viewer: Account) -> Json:
    """Return a repository with what its viewer may do and how it merges."""
    permissions = {
        {"read": "pull", "write": "push"}.get(role, role): repository.allows(viewer, role)
        for role in ROLES
    }
    return {
        **repository_json(repository),
        "permissions": permissions,
        "allow_merge_commit": repository.settings.allow_merge_commit,
        "allow_squash_merge": repository.settings.allow_squash_merge,
        "allow_rebase_merge": repository.settings.allow_rebase_merge,
        "allow_auto_merge": False,
        "delete_branch_on_merge": repository.settings.delete_branch_on_merge,
    }


def fork_json(repository: Codebase, owner: Account) -> Json:
    """Return the fork that a person works in; it is seen only as a pull request's head."""
    full_name = f"{owner.login}/{repository.name}"
    return {
        **repository_json(repository),
        "id": repository.id * 100000 + owner.id,
        "full_name": full_name,
        "owner": account_json(owner, repository.platform),
        "fork": True,
        "html_url": f"{repository.platform.address}/{full_name}",
        "url": f"{repository.platform.api}/repos/{full_name}",
        "clone_url": f"{repository.platform.address}/{full_name}.git",
    }


def commit_json(repository: Codebase, commit: Commit) -> Json:
    """Return a commit as lists show it."""
    platform = repository.platform
    url = f"{repository.url}/commits/{commit.sha}"
    author = platform.account_of_email(commit.author.email)
    committer = platform.account_of_email(commit.committer.email)
    return {
        "sha": commit.sha,
        "node_id": node_id("Commit" + commit.sha, repository.id),
        "commit": git_commit_json(repository, commit),
        "url": url,
        "html_url": f"{repository.html_url}/commit/{commit.sha}",
        "comments_url": f"{url}/comments",
        "author": maybe_account_json(author, platform),
        "committer": maybe_account_json(committer, platform),
        "parents": [
            {
                "sha": sha,
                "url": f"{repository.url}/commits/{sha}",
                "html_url": f"{repository.html_url}/commit/{sha}",
            }
            for sha in commit.parents
        ],
    }


def git_commit_json(repository: Codebase, commit: Commit) -> Json:
    """Return what git itself knows of a commit."""
    return {
        "author": {**_person(commit.author), "date": stamp(commit.authored_at)},
        "committer": {**_person(commit.committer), "date": stamp(commit.committed_at)},
        "message": commit.message,
        "tree": {"sha": commit.tree, "url": f"{repository.url}/git/trees/{commit.tree}"},
        "url": f"{repository.url}/git/commits/{commit.sha}",
        "comment_count": 0,
        "verification": {
            "verified": False,
            "reason": "unsigned",
            "signature": None,
            "payload": None,
            "verified_at": None,
        },
    }


def file_json(repository: Codebase, file: ChangedFile, sha: str) -> Json:
    """Return one changed file of a commit, a comparison or a pull request."""
    path = quote(file.path)
    shape: Json = {
        "sha": file.blob,
        "filename": file.path,
        "status": file.status,
        "additions": file.additions,
        "deletions": file.deletions,
        "changes": file.additions + file.deletions,
        "blob_url": f"{repository.html_url}/blob/{sha}/{path}",
        "raw_url": f"{repository.html_url}/raw/{sha}/{path}",
        "contents_url": f"{repository.url}/contents/{path}?ref={sha}",
    }
    if file.patch:
        shape["patch"] = file.patch
    if file.previous_path:
        shape["previous_filename"] = file.previous_path
    return shape


def tree_entry_json(repository: Codebase, entry: TreeEntry) -> Json:
    """Return one entry of a git tree."""
    kind = "trees" if entry.kind == "tree" else "blobs"
    size = {} if entry.size is None else {"size": entry.size}
    return {
        "path": entry.path,
        "mode": entry.mode,
        "type": entry.kind,
        "sha": entry.sha,
        **size,
        "url": f"{repository.url}/git/{kind}/{entry.sha}",
    }


def _person(signature: Signature) -> Json:
    return {"name": signature.name, "email": signature.email}
