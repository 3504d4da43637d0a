"""What landed on a branch between two looks: which merges and which pushes, from its commits."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.github.answers import Commit, CommitsBetween

MOST_COMMITS = 250
"""So many steps a branch is followed back; each may cost a request."""

YOUNG = timedelta(minutes=5)
"""GitHub may still be telling of what is younger."""


@dataclass(frozen=True)
class Trail:
    """The commits that a branch was at, one after the other, the newest first.

    `whole`: the last of them was made on what was known before.
    """

    commits: tuple[Commit, ...]
    whole: bool

    def without_young(self, now: datetime) -> "Trail":
        """Answer what is old enough that GitHub has told of it, if it ever will."""
        commits = list(self.commits)
        while commits and now - YOUNG < commits[0].committed_at <= now:
            del commits[0]
        return Trail(tuple(commits), self.whole)


@dataclass(frozen=True)
class Stretch:
    """Commits one after the other that no pull request brought, pushed in one go or in many.

    `before` is what they were made on.
    """

    newest: Commit
    before: str


def trail(between: CommitsBetween, head: str) -> Trail:
    """Follow a branch back from its head by first parents, through what was not known before.

    So a merge is one step, whatever it merged, and a rebase as many as it has commits.
    """
    commits = {commit.sha: commit for commit in between.commits}
    followed: list[Commit] = []
    at = commits.get(head)
    while at is not None and len(followed) < MOST_COMMITS:
        followed.append(at)
        at = commits.get(at.parents[0]) if at.parents else None
    return Trail(tuple(followed), whole=at is None and between.complete)


def stretches(way: Trail, accounted_for: Collection[str], known: str) -> Iterator[Stretch]:
    """Yield what was pushed, the newest first; merges and what was handled are `accounted_for`.

    `known` is where the branch was before; a forced push may have thrown it away.
    """
    newest: Commit | None = None
    for commit in way.commits:
        if commit.sha in accounted_for:
            if newest is not None:
                yield Stretch(newest, commit.sha)
            newest = None
        else:
            newest = newest or commit
    if newest is not None:
        yield Stretch(newest, known if way.whole else _below(way.commits))


def _below(commits: Sequence[Commit]) -> str:
    last = commits[-1]
    return last.parents[0] if last.parents else last.sha
