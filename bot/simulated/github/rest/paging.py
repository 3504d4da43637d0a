"""Lists by pages, with the Link header that leads through them."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from urllib.parse import urlencode

from bot.simulated.github.refusals import GitHubRefused
from bot.simulated.github.rest.endpoints import Answer, Call

Item = TypeVar("Item")


def page(call: Call, items: Sequence[Item], shape: Callable[[Item], Any]) -> Answer:
    """Answer with the page of a list that was asked for; only its items are shaped."""
    chosen, headers = cut(call, items)
    return Answer([shape(item) for item in chosen], headers=headers)


def counted_page(
    call: Call, name: str, items: Sequence[Item], shape: Callable[[Item], Any]
) -> Answer:
    """Answer with a page inside an object that also tells how many there are."""
    chosen, headers = cut(call, items)
    shapes = [shape(item) for item in chosen]
    return Answer({"total_count": len(items), name: shapes}, headers=headers)


def cut(call: Call, items: Sequence[Item]) -> tuple[list[Item], dict[str, str]]:
    """Return the items of the asked page and the Link header."""
    size = min(max(1, _number(call, "per_page", 30)), 100)
    number = max(1, _number(call, "page", 1))
    last = max(1, -(-len(items) // size))
    links = []
    if number < last:
        links += [_link(call, number + 1, "next"), _link(call, last, "last")]
    if number > 1:
        links += [_link(call, 1, "first"), _link(call, number - 1, "prev")]
    start = (number - 1) * size
    return list(items[start : start + size]), {"Link": ", ".join(links)} if links else {}


def _link(call: Call, number: int, relation: str) -> str:
    query = urlencode({**call.query, "page": number})
    return f'<{call.url}?{query}>; rel="{relation}"'


def _number(call: Call, name: str, default: int) -> int:
    word = call.query.get(name, str(default))
    if not word.lstrip("-").isdecimal():
        raise GitHubRefused(f"{name} must be a number.", status=400)
    return int(word)
