"""A line between two places that a test may cut."""

import asyncio
from contextlib import suppress
from types import TracebackType
from typing import Self


class Proxy:
    """Hands over what comes to it, to be used as an async context; it counts what it lets in."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._server: asyncio.Server
        self._lines: list[asyncio.StreamWriter] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = 0
        self.connections = 0
        self.closed = False

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._meet, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.close()
        self.cut()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        """Lose every connection, on both sides, and what is on its way."""
        for line in self._lines:
            line.transport.abort()
        self._lines = []

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        if self.closed:
            writer.transport.abort()
            return
        there, back = await asyncio.open_connection("127.0.0.1", self._to)
        self._lines += [writer, back]
        for source, target in ((reader, back), (there, writer)):
            task = asyncio.create_task(_hand_over(source, target))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)


async def _hand_over(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while piece := await source.read(65536):
            target.write(piece)
            await target.drain()
    target.close()
