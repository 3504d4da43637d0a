"""A merge queue of one: a group is built, its checks are asked for, and it lands or is dropped."""

from dataclasses import dataclass

from bot.simulated.github import merging
from bot.simulated.github.accounts import Account
from bot.simulated.github.branches import Branches, Move
from bot.simulated.github.git import NOWHERE
from bot.simulated.github.happenings import Announce, Happening
from bot.simulated.github.history import one_commit
from bot.simulated.github.merging import Words
from bot.simulated.github.pull_requests import PullRequests, as_repository
from bot.simulated.github.pulls import PullRequest
from bot.simulated.github.refusals import GitHubRefused
from bot.simulated.github.shapes.accounts import Json
from bot.simulated.github.shapes.repositories import git_commit_json


@dataclass(eq=False)
class MergeGroup:
    """Pull requests merged together on a branch of their own, waiting for checks on `head_sha`."""

    pulls: list[PullRequest]
    actor: Account
    base: str
    base_sha: str
    head_sha: str
    queue: "MergeQueue"

    async def lands(self) -> str:
        """Let the required checks be green: the base moves to the group."""
        return await self.queue.land(self)

    async def fails(self) -> None:
        """Let a required check fail: the group is given up."""
        await self.queue.drop(self)

    @property
    def branch(self) -> str:
        """The queue's own branch."""
        numbers = "-".join(str(pull.number) for pull in self.pulls)
        return f"gh-readonly-queue/{self.base}/pr-{numbers}-{self.base_sha}"


class MergeQueue:
    """Builds merge groups, and lands or drops them when it is told to."""

    def __init__(
        self, announce: Announce, branches: Branches, pull_requests: PullRequests, bot: Account
    ) -> None:
        self._announce = announce
        self._branches = branches
        self._pull_requests = pull_requests
        self._bot = bot

    async def queue(self, pulls: list[PullRequest], actor: Account) -> MergeGroup:
        """Merge pull requests on top of each other and ask for checks on the result."""
        first = pulls[0]
        repository = as_repository(first)
        repository.demand(actor, "write", "queue a pull request")
        async with repository.lock:
            base = tip = await repository.head(first.base)
            for pull in pulls:
                if pull.state == "closed" or pull.draft or pull.base != first.base:
                    raise merging.unmergeable(pull, "it is closed, a draft or of another base")
                tip = await merging.merged(pull, tip, actor, Words())
            group = MergeGroup(pulls, actor, first.base, base, tip, self)
            await self._branches.move(Move(repository, self._bot, group.branch, NOWHERE, tip))
        await self._tell(group, "checks_requested")
        return group

    async def land(self, group: MergeGroup) -> str:
        """Move the base to the group, as GitHub does once its required checks are green."""
        repository = as_repository(group.pulls[0])
        async with repository.lock:
            if await repository.head(group.base) != group.base_sha:
                raise GitHubRefused(f"{group.base} moved on: the group must be built anew.")
            for pull in group.pulls:
                self._pull_requests.landed(pull, self._bot, group.head_sha)
            move = Move(repository, self._bot, group.base, group.base_sha, group.head_sha)
            await self._branches.move(move)
            await self._remove(group)
        await self._tell(group, "destroyed", reason="merged")
        return group.head_sha

    async def drop(self, group: MergeGroup) -> None:
        """Give the group up, as GitHub does once a required check fails."""
        async with as_repository(group.pulls[0]).lock:
            await self._remove(group)
        await self._tell(group, "destroyed", reason="invalidated")

    async def _remove(self, group: MergeGroup) -> None:
        repository = as_repository(group.pulls[0])
        gone = Move(repository, self._bot, group.branch, group.head_sha, NOWHERE)
        await self._branches.move(gone)

    async def _tell(self, group: MergeGroup, action: str, **extra: str) -> None:
        repository = group.pulls[0].repository
        commit = await one_commit(repository.git, group.head_sha)
        payload: Json = {
            "merge_group": {
                "head_sha": group.head_sha,
                "head_ref": f"refs/heads/{group.branch}",
                "base_sha": group.base_sha,
                "base_ref": f"refs/heads/{group.base}",
                "head_commit": {**git_commit_json(repository, commit), "id": group.head_sha},
            },
            **extra,
        }
        happening = Happening(
            "merge_group", action, self._bot, repository.owner, payload, repository
        )
        self._announce(happening)
