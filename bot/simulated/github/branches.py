"""Pushes: branches move, and everybody who watches them is told."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.simulated.github.accounts import Account
from bot.simulated.github.git import NOWHERE, Changes, Draft
from bot.simulated.github.happenings import Announce, Happening
from bot.simulated.github.history import Commit, log, touched_paths
from bot.simulated.github.platform import stamp
from bot.simulated.github.refusals import GitHubRefused
from bot.simulated.github.repositories import Repository
from bot.simulated.github.shapes.accounts import Json, author_json

MAXIMUM_COMMITS = 2048


@dataclass(frozen=True)
class Move:
    """A branch that went from one commit to another; `NOWHERE` is where it is not."""

    repository: Repository
    actor: Account
    branch: str
    before: str
    after: str


Watcher = Callable[[Move], Awaitable[None]]


class Branches:
    """Moves branches, announces the pushes, and lets watchers draw their conclusions."""

    def __init__(self, announce: Announce) -> None:
        self._announce = announce
        self.watchers: list[Watcher] = []

    async def push(
        self, repository: Repository, actor: Account, branch: str, changes: Changes, message: str
    ) -> str:
        """Commit changes on a branch, push them, and return the commit.

        A branch that does not exist yet begins at the default branch.
        """
        repository.demand(actor, "write", "push")
        check_branch_name(branch)
        async with repository.lock:
            before = await repository.git.resolve(f"heads/{branch}")
            parent = before or await repository.git.resolve(f"heads/{repository.default_branch}")
            draft = Draft(message, actor.signature, actor.signature)
            after = await repository.git.commit_changes(parent, changes, draft)
            await self.move(Move(repository, actor, branch, before or NOWHERE, after))
        return after

    async def create(self, repository: Repository, actor: Account, branch: str, sha: str) -> None:
        """Push a commit that exists as a new branch."""
        repository.demand(actor, "write", "create branches")
        check_branch_name(branch)
        async with repository.lock:
            if await repository.git.resolve(f"heads/{branch}"):
                raise GitHubRefused(f"{repository.full_name} has a branch {branch} already.")
            await self.move(Move(repository, actor, branch, NOWHERE, sha))

    async def force(self, repository: Repository, actor: Account, branch: str, sha: str) -> None:
        """Push a commit that exists over a branch, whatever was there."""
        repository.demand(actor, "write", "push")
        async with repository.lock:
            before = await repository.head(branch)
            await self.move(Move(repository, actor, branch, before, sha))

    async def delete(self, repository: Repository, actor: Account, branch: str) -> None:
        """Delete a branch; never the default one."""
        repository.demand(actor, "write", "delete branches")
        if branch == repository.default_branch:
            raise GitHubRefused(f"{branch} is the default branch and stays.")
        async with repository.lock:
            before = await repository.head(branch)
            await self.move(Move(repository, actor, branch, before, NOWHERE))

    async def move(self, move: Move) -> None:
        """Move a branch and tell everybody; the caller holds the repository's lock."""
        repository, reference = move.repository, f"refs/heads/{move.branch}"
        if move.after == NOWHERE:
            await repository.git.remove(reference)
        else:
            await repository.git.point(reference, move.after, move.before)
        repository.pushed_at = repository.platform.now()
        payload = await _push_json(move)
        self._announce(Happening("push", None, move.actor, repository.owner, payload, repository))
        for watcher in self.watchers:
            await watcher(move)


async def _push_json(move: Move) -> Json:
    repository = move.repository
    commits, forced = await _pushed_commits(move)
    new = await _distinct(move) if commits else set()
    shapes = await asyncio.gather(*(_commit_json(repository, commit, new) for commit in commits))
    return {
        "ref": f"refs/heads/{move.branch}",
        "before": move.before,
        "after": move.after,
        "created": move.before == NOWHERE,
        "deleted": move.after == NOWHERE,
        "forced": forced,
        "base_ref": None,
        "compare": f"{repository.html_url}/compare/{move.before[:12]}...{move.after[:12]}",
        "commits": list(shapes),
        "head_commit": shapes[-1] if shapes else None,
        "pusher": {"name": move.actor.login, "email": move.actor.signature.email},
    }


async def _pushed_commits(move: Move) -> tuple[list[Commit], bool]:
    git = move.repository.git
    if move.after == NOWHERE:
        return [], False
    if move.before == NOWHERE:
        default = await git.resolve(f"heads/{move.repository.default_branch}")
        fresh = default is None or move.branch == move.repository.default_branch
        span, forced = (move.after if fresh else f"{default}..{move.after}"), False
    else:
        span = f"{move.before}..{move.after}"
        forced = not await git.reaches(move.before, move.after)
    newest_first = await log(git, f"--max-count={MAXIMUM_COMMITS}", "--topo-order", span)
    return newest_first[::-1], forced


async def _distinct(move: Move) -> set[str]:
    git, since = move.repository.git, [] if move.before == NOWHERE else [f"^{move.before}"]
    others = (f"--exclude={move.branch}", "--branches")
    listed = await git.text("rev-list", move.after, *since, "--not", *others)
    return set(listed.split())


async def _commit_json(repository: Repository, commit: Commit, new: set[str]) -> Json:
    parent = commit.parents[0] if commit.parents else None
    return {
        "id": commit.sha,
        "tree_id": commit.tree,
        "distinct": commit.sha in new,
        "message": commit.message,
        "timestamp": stamp(commit.committed_at),
        "url": f"{repository.html_url}/commit/{commit.sha}",
        "author": author_json(commit.author, repository.platform),
        "committer": author_json(commit.committer, repository.platform),
        **await touched_paths(repository.git, parent, commit.sha),
    }


def check_branch_name(name: str) -> None:
    """Refuse a name that git would refuse, in the same manner for every git."""
    odd = any(letter in " ~^:?*[\\" or ord(letter) < 33 for letter in name)
    parts = name.split("/")
    if odd or ".." in name or any(not part or part[0] in ".-" for part in parts) or "@{" in name:
        raise GitHubRefused(f"{name!r} cannot be the name of a branch.")
