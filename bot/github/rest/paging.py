"""Lists, page after page."""

from collections.abc import AsyncIterator, Mapping
from typing import TypeVar

from bot.github.failures import GitHubFailed
from bot.github.wire import Wire

T = TypeVar("T")

PAGE = 100
MOST_PAGES = 1000
"""Of a list without end nothing is believed."""


async def pages(
    wire: Wire,
    model: type[T],
    path: str,
    params: Mapping[str, str | int] | None = None,
    *,
    installation: int | None = None,
) -> AsyncIterator[T]:
    """Yield each page of a list, as GitHub's `Link` headers lead through it.

    Raises `GitHubFailed` rather than cut a list.
    https://docs.github.com/en/rest/using-the-rest-api/using-pagination-in-the-rest-api
    """
    asked: Mapping[str, str | int] = {**(params or {}), "per_page": PAGE}
    for _ in range(MOST_PAGES):
        page = await wire.page(model, path, asked, installation)
        yield page.found
        if page.following is None:
            return
        asked = page.following
    raise GitHubFailed("GET", path, 200, f"The list has more than {MOST_PAGES} pages.")
