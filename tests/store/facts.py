"""Waiting for a fact of the database, such as a session that the server has noticed."""

import asyncio
from collections.abc import Callable

SOON_SECONDS = 10


async def until(fact: Callable[[], bool]) -> None:
    """Wait until something is so; fail where it is not soon."""
    async with asyncio.timeout(SOON_SECONDS):
        while not await asyncio.to_thread(fact):  # noqa: ASYNC110 (the database has no event for it)
            await asyncio.sleep(0.005)
