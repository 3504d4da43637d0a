"""Repositories and their code: branches, commits, comparisons, trees, files, collaborators."""

import base64
from collections.abc import Sequence
from urllib.parse import quote

from bot.simulated.github.history import (
    ChangedFile,
    changed_files,
    log,
    merge_files,
    one_commit,
    tree_entries,
)
from bot.simulated.github.platform import node_id
from bot.simulated.github.pulls import PullRequest
from bot.simulated.github.refusals import GitHubRefused, not_found
from bot.simulated.github.repositories import Repository
from bot.simulated.github.rest.endpoints import Answer, Call, Family, Json
from bot.simulated.github.rest.paging import cut, page
from bot.simulated.github.rest.versions import shown_pull
from bot.simulated.github.shapes.accounts import account_json
from bot.simulated.github.shapes.pulls import pull_json
from bot.simulated.github.shapes.repositories import (
    commit_json,
    file_json,
    tree_entry_json,
    whole_repository_json,
)

family = Family()
MAXIMUM_FILES = 300
MERGE_SETTINGS = {
    *("allow_merge_commit", "allow_squash_merge", "allow_rebase_merge"),
    *("allow_auto_merge", "delete_branch_on_merge"),
}
REPOSITORY = "/repos/{owner}/{repo}"


@family.on("GET", REPOSITORY, "metadata")
async def get_repository(call: Call) -> Answer:
    """Get a repository; how it merges is told to those alone who may write to it.

    https://docs.github.com/en/rest/repos/repos#get-a-repository
    """
    repository = call.repository
    whole = whole_repository_json(repository, call.actor)
    if not call.caller.may("contents", "write", "write", repository):
        whole = {name: value for name, value in whole.items() if name not in MERGE_SETTINGS}
    return Answer(whole)


@family.on("GET", REPOSITORY + "/branches", "contents")
async def list_branches(call: Call) -> Answer:
    """List branches by name."""
    branches = await call.repository.git.branches()
    return page(call, sorted(branches.items()), lambda each: _branch_json(call.repository, *each))


@family.on("GET", REPOSITORY + "/branches/{branch:path}", "contents")
async def get_branch(call: Call) -> Answer:
    """Get a branch with its head commit."""
    repository, name = call.repository, call.path["branch"]
    if (sha := (await repository.git.branches()).get(name)) is None:
        raise GitHubRefused("Branch not found", status=404)
    commit = commit_json(repository, await one_commit(repository.git, sha))
    return Answer({**_branch_json(repository, name, sha), "commit": commit})


@family.on("GET", REPOSITORY + "/git/ref/heads/{branch:path}", "contents")
async def get_reference(call: Call) -> Answer:
    """Get where a branch is."""
    repository, name = call.repository, f"refs/heads/{call.path['branch']}"
    if (sha := await repository.git.resolve(name.removeprefix("refs/"))) is None:
        if not await repository.git.branches():
            raise GitHubRefused("Git Repository is empty.", status=409)
        raise not_found()
    target = {"sha": sha, "type": "commit", "url": f"{repository.url}/git/commits/{sha}"}
    return Answer(
        {
            "ref": name,
            "node_id": node_id("Ref", repository.id),
            "url": f"{repository.url}/git/{name}",
            "object": target,
        }
    )


@family.on("GET", REPOSITORY + "/commits", "contents")
async def list_commits(call: Call) -> Answer:
    """List commits, newest first, from a branch or commit, perhaps only of one path."""
    repository = call.repository
    start = await _commit(call, call.query.get("sha") or repository.default_branch)
    only = ["--", call.query["path"]] if call.query.get("path") else []
    span = [f"--{name}={call.query[name]}" for name in ("since", "until") if name in call.query]
    commits = await log(repository.git, *span, start, *only)
    return page(call, commits, lambda commit: commit_json(repository, commit))


@family.on("GET", REPOSITORY + "/commits/{sha}/pulls", "pull_requests")
async def list_pulls_of_commit(call: Call) -> Answer:
    """List the merged pull requests that brought a commit, or the open ones that would."""
    repository, sha = call.repository, await call.repository.commit_named(call.path["sha"])
    found = []
    for pull in reversed(repository.pulls):
        mine = await repository.git.text("rev-list", f"{pull.merge_base}..{pull.head_sha}")
        if sha in await _landed(pull) or (
            sha in mine.split() and (pull.merged or pull.state == "open")
        ):
            found.append(pull)
    return page(call, found, lambda pull: shown_pull(call, pull_json(pull)))


@family.on("GET", REPOSITORY + "/compare/{basehead:path}", "contents")
async def compare(call: Call) -> Answer:
    """Compare two commits by their merge base: at most 300 files, on the first page alone."""
    before, dots, after = call.path["basehead"].partition("...")
    if not dots:
        raise not_found()
    repository, git = call.repository, call.repository.git
    base, head = await _commit(call, before), await _commit(call, after)
    if (middle := await git.merge_base(base, head)) is None:
        raise GitHubRefused(f"No common ancestor between {before} and {after}.", status=404)
    commits = await log(git, "--reverse", "--topo-order", f"{base}..{head}")
    chosen, headers = cut(call, commits)
    files = await changed_files(git, middle, head) if call.query.get("page", "1") == "1" else []
    ahead, behind = len(commits), await git.count(f"{head}..{base}")
    return Answer(
        {
            "url": call.url,
            "html_url": f"{repository.html_url}/compare/{before}...{after}",
            "base_commit": commit_json(repository, await one_commit(git, base)),
            "merge_base_commit": commit_json(repository, await one_commit(git, middle)),
            "status": _comparison(ahead, behind),
            "ahead_by": ahead,
            "behind_by": behind,
            "total_commits": ahead,
            "commits": [commit_json(repository, commit) for commit in chosen],
            "files": _files_json(repository, files, head),
        },
        headers=headers,
    )


@family.on("GET", REPOSITORY + "/git/commits/{sha}", "contents")
async def get_git_commit(call: Call) -> Answer:
    """Get a commit as git has it."""
    repository = call.repository
    commit = await one_commit(repository.git, await _commit(call, call.path["sha"]))
    shape = commit_json(repository, commit)
    return Answer({**shape["commit"], "sha": commit.sha, "parents": shape["parents"]})


@family.on("GET", REPOSITORY + "/git/trees/{sha:path}", "contents")
async def get_tree(call: Call) -> Answer:
    """Get a tree, by its own name or a commit's; with `recursive` all that is below."""
    repository = call.repository
    name = call.path["sha"]
    commit = await repository.git.resolve(name)
    tree = await repository.git.tree(commit) if commit else name
    if len(tree) != 40 or not await repository.git.is_tree(tree):
        raise not_found()
    recursive = "recursive" in call.query
    entries = await tree_entries(repository.git, tree, recursive=recursive)
    return Answer(
        {
            "sha": tree,
            "url": f"{repository.url}/git/trees/{tree}",
            "tree": [tree_entry_json(repository, entry) for entry in entries],
            "truncated": False,
        }
    )


@family.on("GET", REPOSITORY + "/contents/{path:path}", "contents")
@family.on("GET", REPOSITORY + "/contents", "contents")
async def get_contents(call: Call) -> Answer:
    """Get a file with its content, or list a directory."""
    repository, path = call.repository, call.path.get("path", "").strip("/")
    commit = await _commit(call, call.query.get("ref") or repository.default_branch)
    content = await repository.git.blob(commit, path) if path else None
    if content is None:
        return Answer(await _directory(repository, commit, path))
    if "raw" in call.headers.get("accept", ""):
        return Answer(content)
    sha = await repository.git.text("rev-parse", f"{commit}:{path}")
    encoded = base64.encodebytes(content).decode()
    facts = {"type": "file", "encoding": "base64", "size": len(content), "content": encoded}
    return Answer({**facts, **_content_json(repository, path, sha, commit)})


@family.on("GET", REPOSITORY + "/collaborators/{login}/permission", "metadata")
async def get_permission(call: Call) -> Answer:
    """Tell what somebody may do; `permission` folds five roles into four words."""
    repository = call.repository
    if (account := call.world.platform.account(call.path["login"])) is None:
        raise not_found()
    role = repository.role_of(account)
    folded = {None: "none", "maintain": "write", "triage": "read"}.get(role, role)
    user = {**account_json(account, call.world.platform), "role_name": role or "none"}
    return Answer({"permission": folded, "role_name": role or "none", "user": user})


@family.on("GET", REPOSITORY + "/commits/{ref:path}", "contents")
async def get_commit(call: Call) -> Answer:
    """Get a commit with its files, at most 300 a page."""
    repository = call.repository
    commit = await one_commit(repository.git, await repository.commit_named(call.path["ref"]))
    files = await merge_files(repository.git, commit)
    added, removed = (sum(f.additions for f in files), sum(f.deletions for f in files))
    stats = {"total": added + removed, "additions": added, "deletions": removed}
    shapes = _files_json(repository, files, commit.sha)
    return Answer({**commit_json(repository, commit), "stats": stats, "files": shapes})


async def _landed(pull: PullRequest) -> list[str]:
    """Return the commits that a merge put on the base; a rebase puts several there."""
    if not pull.merged or pull.merge_commit_sha is None:
        return []
    if not pull.landed_on:
        return [pull.merge_commit_sha]
    span = f"{pull.landed_on}..{pull.merge_commit_sha}"
    return (await pull.repository.git.text("rev-list", "--first-parent", span)).split()


def _files_json(repository: Repository, files: Sequence[ChangedFile], sha: str) -> list[Json]:
    return [file_json(repository, file, sha) for file in files[:MAXIMUM_FILES]]


def _branch_json(repository: Repository, name: str, sha: str) -> Json:
    commit = {"sha": sha, "url": f"{repository.url}/commits/{sha}"}
    return {"name": name, "commit": commit, "protected": False}


def _comparison(ahead: int, behind: int) -> str:
    if ahead and behind:
        return "diverged"
    return "ahead" if ahead else "behind" if behind else "identical"


async def _directory(repository: Repository, commit: str, path: str) -> list[Json]:
    tree = f"{commit}:{path}"
    if not await repository.git.is_tree(tree):
        raise not_found()
    entries = await tree_entries(repository.git, tree, recursive=False)
    kinds = {"tree": "dir", "blob": "file"}
    return [
        {
            "type": kinds.get(entry.kind, entry.kind),
            "size": entry.size or 0,
            **_content_json(repository, f"{path}/{entry.path}".lstrip("/"), entry.sha, commit),
        }
        for entry in entries
    ]


def _content_json(repository: Repository, path: str, sha: str, commit: str) -> Json:
    where = quote(path)
    return {
        "name": path.rpartition("/")[2],
        "path": path,
        "sha": sha,
        "url": f"{repository.url}/contents/{where}?ref={commit}",
        "html_url": f"{repository.html_url}/blob/{commit}/{where}",
        "git_url": f"{repository.url}/git/blobs/{sha}",
        "download_url": f"{repository.html_url}/raw/{commit}/{where}",
    }


async def _commit(call: Call, name: str) -> str:
    if (sha := await call.repository.git.resolve(name)) is None:
        raise GitHubRefused(f"No commit found for the ref {name}", status=404)
    return sha
