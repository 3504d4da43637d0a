"""PostgreSQL's LISTEN and NOTIFY as the bell of all processes."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any

import structlog
from psycopg import AsyncConnection, OperationalError
from sqlalchemy import Connection, text

from bot.store.bell import Bell, Heard
from bot.store.database import Database
from bot.store.sessions import open_session

log = structlog.get_logger(__name__)

CHANNEL = "orbits"
MOST_BYTES = 7_999  # https://www.postgresql.org/docs/current/sql-notify.html
MOST_NOTIFICATIONS = 8
"""With more than these it is said once that everybody should look at everything."""

ASK_SECONDS = 10.0
"""After so long a silence it is asked whether anybody is still there."""

AGAIN_AFTER_SECONDS = (0.0, 0.1, 0.5, 1.0, 2.0, 5.0)

_NOTIFY = text("SELECT pg_notify(:channel, said) FROM unnest(CAST(:said AS text[])) AS said")


class PostgresBell(Bell):
    """Rings with the commit, and is heard on a connection of its own, opened anew when cut."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def ring(self, connection: Connection, words: Sequence[str]) -> None:
        """Ring when the transaction of `connection` commits; the words hold no spaces."""
        said = list(_packed(words))
        if not 0 < len(said) <= MOST_NOTIFICATIONS:
            said = [""]
        connection.execute(_NOTIFY, {"channel": CHANNEL, "said": said})

    async def hear(self, heard: Heard) -> None:
        """Call `heard` for each ring, until cancelled; with no words after each connection."""
        cuts = 0
        while True:
            try:
                # Nobody else's limit for sessions that say nothing is meant for this one.
                session = await open_session(self._database, "bell", idle_session_timeout="0")
                try:
                    await session.execute(f"LISTEN {CHANNEL}")
                    cuts = 0
                    heard(())
                    await _listen(session, heard)
                finally:
                    await session.close()
            except (OperationalError, TimeoutError) as error:
                log.warning("bell_cut", problem=str(error).strip())
            await asyncio.sleep(AGAIN_AFTER_SECONDS[min(cuts, len(AGAIN_AFTER_SECONDS) - 1)])
            cuts += 1


async def _listen(session: AsyncConnection[Any], heard: Heard) -> None:
    """Tell of what is rung until the connection is cut, which raises."""
    while True:
        async for notification in session.notifies(timeout=ASK_SECONDS):
            heard(tuple(notification.payload.split()))
        async with asyncio.timeout(ASK_SECONDS):
            await session.execute("SELECT 1")


def _packed(words: Sequence[str]) -> Iterator[str]:
    """Put as many words as there is room for into each notification."""
    packed: list[str] = []
    size = 0
    for word in words:
        length = len(word.encode()) + 1
        if packed and size + length > MOST_BYTES:
            yield " ".join(packed)
            packed, size = [], 0
        packed.append(word)
        size += length
    if packed:
        yield " ".join(packed)
