"""Tests that await, without a plugin of the test runner."""

import asyncio
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import ParamSpec

P = ParamSpec("P")


def rehearsed(test: Callable[P, Coroutine[object, object, None]]) -> Callable[P, None]:
    """Let an async test be called like any other; its fixtures stay what they are.

    @rehearsed
    async def test_a_site_is_deployed(tmp_path: Path) -> None:
        await Rehearsal().do(SiteStack(tenant="acme", home=tmp_path))
    """

    @wraps(test)
    def called(*args: P.args, **kwargs: P.kwargs) -> None:
        asyncio.run(test(*args, **kwargs))

    return called
