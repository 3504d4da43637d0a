"""What becomes of pull requests: opened, pushed to, merged, closed, queued."""

from dataclasses import dataclass, field

from bot.simulated.github import merging
from bot.simulated.github.accounts import Account
from bot.simulated.github.branches import Branches, Move
from bot.simulated.github.conversations import Conversations, check_body, check_title
from bot.simulated.github.git import NOWHERE
from bot.simulated.github.merging import Words, unmergeable
from bot.simulated.github.pulls import Method, PullRequest, Size
from bot.simulated.github.refusals import GitHubRefused, impossible, invalid
from bot.simulated.github.repositories import Repository


@dataclass(frozen=True)
class PullDraft:
    """A pull request to be, of a branch that exists."""

    title: str
    branch: str
    base: str
    body: str = ""
    draft: bool = False
    head_owner: Account | None = None


@dataclass(frozen=True)
class MergeRequest:
    """How somebody asks to merge; with `sha`, only if that is still the head."""

    method: Method = "merge"
    words: Words = field(default_factory=Words)
    sha: str | None = None


class PullRequests:
    """Carries out what happens to pull requests, and keeps them true when branches move."""

    def __init__(self, branches: Branches, conversations: Conversations) -> None:
        self._branches = branches
        self._conversations = conversations

    async def open(self, repository: Repository, actor: Account, asked: PullDraft) -> PullRequest:
        """Open a pull request; refused without commits, or if the branch has one already."""
        repository.demand(actor, "read", "open a pull request")
        check_title(asked.title)
        check_body(asked.body, "PullRequest")
        async with repository.lock:
            pull = await self._drafted(repository, actor, asked)
            pull.number = repository.next_number()
            repository.issues[pull.number] = pull
            await refresh(pull)
        self._conversations.tell(pull, "opened", actor)
        return pull

    async def merge(self, pull: PullRequest, actor: Account, asked: MergeRequest) -> str:
        """Merge a pull request and return the commit that the base is now at."""
        repository = as_repository(pull)
        repository.demand(actor, "write", "merge")
        async with repository.lock:
            base = await repository.head(pull.base)
            _check_mergeable(pull, asked)
            commit = await _merge_commit(pull, base, actor, asked)
            self._mark_merged(pull, actor, commit)
            pull.landed_on = base
            await self._branches.move(Move(repository, actor, pull.base, base, commit))
            if repository.settings.delete_branch_on_merge and not pull.from_fork:
                gone = Move(repository, actor, pull.branch, pull.head_sha, NOWHERE)
                await self._branches.move(gone)
        self._conversations.tell(pull, "closed", actor)
        return commit

    async def reopen(self, pull: PullRequest, actor: Account) -> None:
        """Reopen a pull request; refused once it is merged, or when its branch is gone."""
        repository = as_repository(pull)
        if pull.merged:
            raise impossible("PullRequest", f"{repository.full_name}#{pull.number} is merged.")
        head = await repository.git.resolve(pull.head_reference.removeprefix("refs/"))
        if head is None:
            raise impossible("PullRequest", f"The branch {pull.branch} was deleted.")
        async with repository.lock:
            pull.head_sha = head
            await refresh(pull)
        self._conversations.reopen(pull, actor)

    def mark_ready(self, pull: PullRequest, actor: Account, *, ready: bool = True) -> None:
        """Turn a draft into a pull request that can be merged, or back."""
        if actor is not pull.author:
            pull.repository.demand(actor, "write", "change what others opened")
        if pull.draft is not ready:
            raise impossible("PullRequest", "It is so already.")
        pull.draft = not ready
        action = "ready_for_review" if ready else "converted_to_draft"
        self._conversations.tell(pull, action, actor)

    async def change_base(self, pull: PullRequest, actor: Account, base: str) -> None:
        """Ask for the merge into another branch."""
        repository = as_repository(pull)
        if actor is not pull.author:
            repository.demand(actor, "write", "change what others opened")
        if await repository.git.resolve(f"heads/{base}") is None:
            raise invalid("PullRequest", "base")
        changes = {"base": {"ref": {"from": pull.base}, "sha": {"from": pull.base_sha}}}
        async with repository.lock:
            pull.base = base
            pull.base_sha = await repository.head(base)
            await refresh(pull)
        self._conversations.tell(pull, "edited", actor, changes=changes)

    async def branch_moved(self, move: Move) -> None:
        """Bring the pull requests from and into a branch up to date with it."""
        for pull in [each for each in move.repository.pulls if each.state == "open"]:
            if pull.branch == move.branch and not pull.from_fork:
                await self.head_moved(pull, move.actor, move.after)
            elif pull.base == move.branch and move.after != NOWHERE:
                await self._base_moved(pull, move)

    async def head_moved(self, pull: PullRequest, actor: Account, after: str) -> None:
        """Take a push to a pull request's branch in; a deleted branch closes it."""
        if after == NOWHERE:
            self._conversations.close(pull, actor)
            return
        before, pull.head_sha = pull.head_sha, after
        pull.base_sha = await pull.repository.head(pull.base)
        await refresh(pull)
        self._conversations.tell(pull, "synchronize", actor, before=before, after=after)

    def landed(self, pull: PullRequest, actor: Account, commit: str) -> None:
        """Note that a commit on the base brought the pull request in, and announce it."""
        self._mark_merged(pull, actor, commit)
        self._conversations.tell(pull, "closed", actor)

    async def _base_moved(self, pull: PullRequest, move: Move) -> None:
        if await move.repository.git.reaches(pull.head_sha, move.after):
            self.landed(pull, move.actor, move.after)

    def _mark_merged(self, pull: PullRequest, actor: Account, commit: str) -> None:
        now = pull.repository.platform.now()
        pull.state, pull.merged, pull.merge_commit_sha = "closed", True, commit
        pull.merged_at = pull.closed_at = now
        pull.merged_by = pull.closed_by = actor

    async def _drafted(
        self, repository: Repository, actor: Account, asked: PullDraft
    ) -> PullRequest:
        base_sha = await repository.git.resolve(f"heads/{asked.base}")
        if base_sha is None:
            raise invalid("PullRequest", "base")
        now = repository.platform.now()
        pull = PullRequest(
            repository=repository,
            number=0,
            id=repository.platform.next_id(),
            author=actor,
            title=asked.title,
            body=asked.body,
            created_at=now,
            updated_at=now,
            base=asked.base,
            base_sha=base_sha,
            branch=asked.branch,
            head_owner=asked.head_owner,
            draft=asked.draft,
        )
        pull.head_sha = await _head_of(pull)
        await _check_news(pull, repository)
        return pull


async def refresh(pull: PullRequest) -> None:
    """Measure a pull request against its base as it is now, and merge it for a test."""
    repository, git = pull.repository, pull.repository.git
    base = await repository.head(pull.base)
    pull.merge_base = await git.merge_base(base, pull.head_sha) or base
    pull.size = await _size(pull, base)
    pull.merge_commit_sha = await merging.tested(pull, base)
    pull.mergeable = pull.merge_commit_sha is not None
    pull.tested_against = base
    kept = {"head": pull.head_sha, "merge": pull.merge_commit_sha}
    await git.point_all({f"refs/pull/{pull.number}/{k}": sha for k, sha in kept.items() if sha})


async def refresh_if_outdated(pull: PullRequest) -> None:
    """Do what GitHub does when an open pull request is looked at after its base moved."""
    if pull.state == "open" and await pull.repository.head(pull.base) != pull.tested_against:
        async with pull.repository.lock:
            await refresh(pull)


def as_repository(pull: PullRequest) -> Repository:
    """Return the repository of a pull request with all that is in it."""
    if not isinstance(pull.repository, Repository):
        raise TypeError(f"{pull!r} lies in no repository")
    return pull.repository


def _check_mergeable(pull: PullRequest, asked: MergeRequest) -> None:
    pull.repository.settings.demand_method(asked.method)
    if pull.merged:
        raise unmergeable(pull, "it is merged already")
    if pull.state == "closed":
        raise unmergeable(pull, "it is closed")
    if pull.draft:
        raise unmergeable(pull, "it is a draft")
    if asked.sha and asked.sha != pull.head_sha:
        message = "Head branch was modified. Review and try the merge again."
        raise GitHubRefused(message, status=409)


async def _merge_commit(pull: PullRequest, base: str, actor: Account, asked: MergeRequest) -> str:
    if asked.method == "merge":
        return await merging.merged(pull, base, actor, asked.words)
    if asked.method == "squash":
        return await merging.squashed(pull, base, asked.words)
    if asked.method == "rebase":
        return await merging.rebased(pull, base, actor)
    raise GitHubRefused(f"{asked.method!r} is no way to merge: merge, squash or rebase.")


async def _head_of(pull: PullRequest) -> str:
    sha = await pull.repository.git.resolve(pull.head_reference.removeprefix("refs/"))
    if sha is None:
        raise invalid("PullRequest", "head")
    return sha


async def _check_news(pull: PullRequest, repository: Repository) -> None:
    if await repository.git.count(f"{pull.base_sha}..{pull.head_sha}") == 0:
        raise impossible("PullRequest", f"No commits between {pull.base} and {pull.branch}")
    for other in repository.pulls:
        same = (other.head_reference, other.base) == (pull.head_reference, pull.base)
        if same and other.state == "open":
            raise impossible("PullRequest", f"A pull request already exists for {pull.label}.")


async def _size(pull: PullRequest, base: str) -> Size:
    git = pull.repository.git
    counted = await git.text("diff-tree", "-r", "-M", "--numstat", pull.merge_base, pull.head_sha)
    rows = [line.split("\t") for line in counted.splitlines()]
    return Size(
        commits=await git.count(f"{base}..{pull.head_sha}"),
        additions=sum(int(row[0]) for row in rows if row[0] != "-"),
        deletions=sum(int(row[1]) for row in rows if row[1] != "-"),
        changed_files=len(rows),
    )
