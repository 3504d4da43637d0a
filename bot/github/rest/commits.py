"""Which commits lie between two others, and who made them."""

from pydantic import AwareDatetime

from bot.github.answers import Commit, CommitsBetween
from bot.github.failures import NotFound
from bot.github.rest.paths import path_of
from bot.github.shapes import Narrow, Sha
from bot.github.wire import Wire

PAGE = 100
MOST_PAGES = 10
"""So many pages of commits are read, the newest; a branch seldom gets so far in a week."""


class _Person(Narrow):
    date: AwareDatetime


class _Words(Narrow):
    message: str = ""
    committer: _Person


class _Author(Narrow):
    # GitHub sends an empty object for some of those that it does not know.
    login: str | None = None


class _Parent(Narrow):
    sha: Sha


class _Listed(Narrow):
    sha: Sha
    parents: tuple[_Parent, ...]
    commit: _Words
    author: _Author | None = None

    def told(self) -> Commit:
        return Commit(
            sha=self.sha,
            parents=tuple(parent.sha for parent in self.parents),
            title=self.commit.message.partition("\n")[0],
            author=self.author.login if self.author else None,
            committed_at=self.commit.committer.date,
        )


class _Comparison(Narrow):
    total_commits: int
    commits: tuple[_Listed, ...]


class Commits:
    """Commits, in the order in which GitHub compares them."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def between(self, repository: str, before: str, after: str) -> CommitsBetween | None:
        """Answer the commits of `after` that `before` has not, the oldest first.

        Of very many the newest alone are listed. `None` where either commit is gone, or both
        have nothing in common.
        https://docs.github.com/en/rest/commits/commits#compare-two-commits
        """
        path = path_of(repository, "compare", f"{before}...{after}")
        try:
            first = await self._page(path, 1)
        except NotFound:
            return None
        last = -(-first.total_commits // PAGE)
        oldest = max(2, last - MOST_PAGES + 2)
        listed = list(first.commits) if oldest == 2 else []
        for number in range(oldest, last + 1):
            listed += (await self._page(path, number)).commits
        return CommitsBetween(tuple(each.told() for each in listed), complete=oldest == 2)

    async def _page(self, path: str, number: int) -> _Comparison:
        params = {"per_page": PAGE, "page": number}
        return await self._wire.ask(_Comparison, "GET", path, params=params)
