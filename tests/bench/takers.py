"""Applications that take webhooks in and promise less than the bot: nothing, or one plain table."""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from bot.github.signature import signs
from tests.bench.group_commit import GroupCommit, Item
from tests.bench.plain_tables import sqlite_connection
from tests.bench.sending import PATH, SECRET

Answer = Callable[[Request], Awaitable[JSONResponse]]


async def answer_bare(request: Request) -> JSONResponse:
    """Read a delivery and forget it."""
    await request.body()
    return _answer(202)


async def answer_signed(request: Request) -> JSONResponse:
    """Read a delivery, look at its signature, and forget it."""
    return _answer(202 if await _signed_body(request) is not None else 401)


def application(answer: Answer) -> Starlette:
    """Answer an application with the webhook's route alone."""
    return Starlette(routes=[Route(PATH, answer, methods=["POST"])])


@contextlib.asynccontextmanager
async def plain_application(path: Path) -> AsyncIterator[Starlette]:
    """Offer the physical limit: a signature, sqlite3, and one commit for all that wait."""
    table = _Table(path)
    thread = GroupCommit(table.write)

    async def answer(request: Request) -> JSONResponse:
        body = await _signed_body(request)
        if body is None:
            return _answer(401)
        guid = request.headers["x-github-delivery"]
        now = datetime.now(UTC).isoformat(" ")
        await thread.written((guid, (guid, "pull_request", body, "queued", now)))
        return _answer(202)

    try:
        yield application(answer)
    finally:
        thread.close()


class _Table:
    """A table of deliveries with the index by which they are worked off, `synchronous=FULL`."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite_connection(path)
        self._connection.execute(
            "CREATE TABLE delivery (guid TEXT PRIMARY KEY, event TEXT, payload BLOB, state TEXT, "
            "received_at TEXT)"
        )
        self._connection.execute(
            "CREATE INDEX waiting ON delivery (received_at) WHERE state = 'queued'"
        )

    def write(self, items: Sequence[Item]) -> None:
        """Write all in one transaction; on return it is on the disk."""
        rows = [values for _, values in items]
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.executemany("INSERT INTO delivery VALUES (?, ?, ?, ?, ?)", rows)
        self._connection.execute("COMMIT")


async def _signed_body(request: Request) -> bytes | None:
    body = await request.body()
    right = signs(SECRET, body, request.headers.get("x-hub-signature-256"))
    return body if right else None


def _answer(status: int) -> JSONResponse:
    return JSONResponse({"message": "Taken in."}, status_code=status)
