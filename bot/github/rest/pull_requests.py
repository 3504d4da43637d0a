"""Pull requests: one, the open ones, and those that brought a commit."""

from bot.github.rest.paging import pages
from bot.github.rest.paths import path_of
from bot.github.shapes import PullRequest
from bot.github.wire import Wire


class PullRequests:
    """Pull requests, as they are now."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def get(self, repository: str, number: int) -> PullRequest:
        """Answer a pull request as it is now."""
        return await self._wire.ask(PullRequest, "GET", path_of(repository, "pulls", number))

    async def all_open(self, repository: str) -> tuple[PullRequest, ...]:
        """Answer the open pull requests, the oldest first.

        One that moves to an earlier page while the list is read may be missing.
        """
        path = path_of(repository, "pulls")
        params = {"state": "open", "sort": "created", "direction": "asc"}
        found: dict[int, PullRequest] = {}
        async for page in pages(self._wire, tuple[PullRequest, ...], path, params):
            found |= {pull.number: pull for pull in page}
        return tuple(found.values())

    async def of_commit(self, repository: str, sha: str) -> tuple[PullRequest, ...]:
        """Answer the merged pull requests that brought a commit; none for one pushed directly.

        They may have been merged into any branch: compare their `base`.
        https://docs.github.com/en/rest/commits/commits#list-pull-requests-associated-with-a-commit
        """
        path = path_of(repository, "commits", sha, "pulls")
        found: list[PullRequest] = []
        async for page in pages(self._wire, tuple[PullRequest, ...], path):
            found += [pull for pull in page if pull.merged]
        return tuple(found)
