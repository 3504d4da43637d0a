"""Issues: made, changed, looked at, and ours found among those of a repository."""

from collections.abc import Sequence
from typing import Literal

from pydantic import JsonValue

from bot.github.failures import GitHubFailed, IssuesDisabled, NotFound
from bot.github.issue import IssueRequest
from bot.github.rest.paging import pages
from bot.github.rest.paths import path_of
from bot.github.rest.people import People
from bot.github.shapes import IssueSeen, Narrow, Repository
from bot.github.wire import Wire

MOST_LOOKED_AT = 1000
"""Of our own issues in a repository so many are looked at, the newest ones."""


class _Numbered(Narrow):
    number: int


class Issues:
    """Issues of ours."""

    def __init__(self, wire: Wire, people: People) -> None:
        self._wire = wire
        self._people = people

    async def create(self, repository: str, issue: IssueRequest) -> int:
        """Open an issue and answer its number; raises `IssuesDisabled`."""
        path = path_of(repository, "issues")
        try:
            return (await self._wire.ask(_Numbered, "POST", path, body=issue.new())).number
        except GitHubFailed as failed:
            if failed.status == 410:
                raise IssuesDisabled("POST", path, repository) from None
            raise

    async def edit(self, repository: str, number: int, changes: dict[str, JsonValue]) -> None:
        """Change these fields of an issue; of labels all of them."""
        path = path_of(repository, "issues", number)
        await self._wire.ask(_Numbered, "PATCH", path, body=changes)

    async def get(self, repository: str, number: int) -> IssueSeen:
        """Answer an issue as it is now; raises `NotFound` for one that is not there any more.

        GitHub leads from one that was transferred to where it is, as it leads from a repository
        that was renamed: only in the latter it is still the same issue of ours.
        """
        path = path_of(repository, "issues", number)
        seen = await self._wire.ask(IssueSeen, "GET", path)
        if seen.number == number and await self._is_in(repository, seen):
            return seen
        raise NotFound("GET", path, 301, "The issue was transferred to another repository.")

    async def ours(
        self, repository: str, label: str, state: Literal["open", "all"] = "all"
    ) -> Sequence[IssueSeen]:
        """Answer our own issues with a label, the newest first, up to a thousand.

        Who made them is compared here: not every GitHub finds an App's own by its login.
        """
        me = await self._people.me()
        path = path_of(repository, "issues")
        params = {"labels": label, "state": state, "sort": "created", "direction": "desc"}
        found: list[IssueSeen] = []
        seen = 0
        async for page in pages(self._wire, tuple[IssueSeen, ...], path, params):
            found += [
                issue
                for issue in page
                if issue.user is not None
                and issue.user.login == me.login
                and not issue.is_pull_request
            ]
            seen += len(page)
            if seen >= MOST_LOOKED_AT:
                break
        return found

    async def _is_in(self, repository: str, seen: IssueSeen) -> bool:
        if _is_at(seen, repository):
            return True
        now = await self._wire.ask(Repository, "GET", path_of(repository))
        return _is_at(seen, now.full_name)


def _is_at(seen: IssueSeen, repository: str) -> bool:
    return seen.repository_url.lower().endswith(f"/repos/{repository.lower()}")
