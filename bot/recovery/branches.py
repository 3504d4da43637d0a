"""Branches that moved and nobody told of it: their merges and pushes are rolled out after all."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import structlog

from bot.github.answers import Commit
from bot.github.failures import GitHubFailed
from bot.github.shapes import PullRequest
from bot.handlers.landed import (
    Pushed,
    Tracked,
    deploy_merge,
    deploy_push,
    merged_with,
    tracked_branches,
)
from bot.handlers.registry import Bot
from bot.inbox import Inbox
from bot.recovery import heads
from bot.recovery.counts import Missed, count
from bot.recovery.landings import Stretch, Trail, stretches, trail
from bot.store.database import Database

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class _Moved:
    """A branch that moved from one commit, up to which all is handled."""

    tracked: Tracked
    known: str
    head: str


class MovedBranches:
    """Compares every tracked branch with what was handled of it.

    It asks one thing a branch, and more only where it moved. What it finds is begun as if GitHub
    had told of it, in the order in which it landed; what began before begins no second time.
    """

    def __init__(self, bot: Bot, inbox: Inbox, database: Database) -> None:
        self._bot = bot
        self._inbox = inbox
        self._database = database

    async def look(self, known_until: datetime | None, now: datetime) -> datetime | None:
        """Roll out what landed unheard; answer `now` if every branch is handled up to its head.

        Of a branch that was never seen before only its head is noted: nothing is rolled out
        because the bot came. Raises `RetryLater`.
        """
        del known_until
        tracked = await tracked_branches(self._bot)
        await self._database.write(partial(heads.forget_all_but, tracked=tracked))
        # Not as soon as one cannot be seen: the others can.
        seen = [await self._look_at(each, now) for each in tracked.values()]
        return now if all(seen) else None

    async def _look_at(self, tracked: Tracked, now: datetime) -> bool:
        try:
            return await self._catch_up(tracked, now)
        except GitHubFailed as failed:
            log.warning(
                "branch_not_seen",
                repository=tracked.repository,
                branch=tracked.branch,
                problem=str(failed),
            )
            return not failed.passing

    async def _catch_up(self, tracked: Tracked, now: datetime) -> bool:
        head = await self._bot.github.head_of(tracked.repository, tracked.branch)
        known = await self._database.read(partial(heads.head_of, tracked=tracked))
        if head is None or head == known:
            return True
        if known is None:
            await self._note(tracked, head, now)
            return True
        if await self._inbox.expects(tracked.repository, ("pull_request", "push")):
            return False
        upto = await self._handle(_Moved(tracked, known, head), now)
        if upto is not None:
            await self._note(tracked, upto, now)
        return upto == head

    async def _handle(self, moved: _Moved, now: datetime) -> str | None:
        """Roll out what landed, and answer up to where; `None` where all of it is too young."""
        tracked = moved.tracked
        between = await self._bot.github.commits_between(
            tracked.repository, moved.known, moved.head
        )
        if between is None or not between.commits:
            await self._begin_anew(moved)
            return moved.head
        way = trail(between, moved.head).without_young(now)
        if not way.commits:
            return None
        if not way.whole:
            log.warning("branch_moved_far", repository=tracked.repository, branch=tracked.branch)
        await self._roll_out(moved, way)
        return way.commits[0].sha

    async def _begin_anew(self, moved: _Moved) -> None:
        """Begin what a branch is at now that was put back, or onto another history."""
        pulls = await merged_with(*_where(moved.tracked), moved.head, self._bot)
        merge = next((pull for pull in pulls if pull.merge_commit_sha == moved.head), None)
        if merge is not None:
            await self._merge(moved, merge, all_paths=True)
        else:
            await self._push(moved, _put_back(moved))

    async def _roll_out(self, moved: _Moved, way: Trail) -> None:
        """Begin what the commits of a branch brought, the oldest first."""
        shas = [commit.sha for commit in way.commits]
        done = await self._database.read(
            partial(heads.rolled_out, tracked=moved.tracked, shas=shas)
        )
        merges = await self._merges(moved.tracked, [c for c in way.commits if c.sha not in done])
        pushes = {
            stretch.newest.sha: stretch
            for stretch in stretches(way, done | merges.keys(), moved.known)
        }
        newest_merge = next((sha for sha in shas if sha in merges), None)
        for sha in reversed(shas):
            if sha in pushes:
                await self._push(moved, _pushed(moved.tracked, pushes[sha]))
            elif (pull := merges.get(sha)) is not None and pull.merge_commit_sha == sha:
                # What is older than the list goes along with the newest.
                all_paths = sha == newest_merge and not way.whole
                await self._merge(moved, pull, all_paths=all_paths)

    async def _merges(self, tracked: Tracked, commits: Sequence[Commit]) -> dict[str, PullRequest]:
        """Answer which of the commits a pull request brought to the branch, and which one."""
        found = {}
        for commit in commits:
            pulls = await merged_with(*_where(tracked), commit.sha, self._bot)
            # It may be part of one that was rebased, and merged itself before into a branch.
            pulls = tuple(each for each in pulls if each.merge_commit_sha == commit.sha) or pulls
            if pulls:
                found[commit.sha] = pulls[0]
        return found

    async def _merge(self, moved: _Moved, pull: PullRequest, *, all_paths: bool) -> None:
        repository = pull.base.repo.full_name if pull.base.repo else moved.tracked.repository
        # A list does not tell who merged it.
        whole = await self._bot.github.pull_request(repository, pull.number)
        begun = await deploy_merge(repository, whole, self._bot, all_paths=all_paths)
        if begun is not None:
            await self._recovered(moved, f"#{pull.number}", str(whole.merge_commit_sha))

    async def _push(self, moved: _Moved, pushed: Pushed) -> None:
        if await deploy_push(pushed, self._bot) is not None:
            await self._recovered(moved, "push", pushed.after)

    async def _recovered(self, moved: _Moved, what: str, sha: str) -> None:
        repository, branch = _where(moved.tracked)
        now = self._bot.clock.now()
        words = f"{what} {repository}@{sha[:7]}"
        await self._database.write(partial(count, missed=Missed.BRANCH, what=words, now=now))
        log.warning("merge_recovered", repository=repository, branch=branch, sha=sha, what=what)

    async def _note(self, tracked: Tracked, sha: str, now: datetime) -> None:
        await self._database.write(partial(heads.note, tracked=tracked, sha=sha, now=now))


def _where(tracked: Tracked) -> tuple[str, str]:
    return tracked.repository, tracked.branch


def _pushed(tracked: Tracked, stretch: Stretch) -> Pushed:
    newest = stretch.newest
    who = newest.author or "ghost"
    return Pushed(*_where(tracked), stretch.before, newest.sha, newest.title, who)


def _put_back(moved: _Moved) -> Pushed:
    return Pushed(*_where(moved.tracked), moved.known, moved.head, moved.head[:7], "ghost")
