"""A web server on this machine that answers what it is told to, byte for byte."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager


class WebServer:
    """Answers each request for a path with the next of its answers, and the last one for ever.

    `None` is no answer at all, until the asker goes away.
    """

    def __init__(self) -> None:
        self._answers: dict[str, list[bytes | None]] = {}
        self.asked: list[str] = []
        self.bodies: list[bytes] = []
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def answers(self, path: str, *answers: bytes | None) -> str:
        """Say what is answered to that path, and answer its address."""
        self._answers[path] = list(answers)
        return f"{self.url}{path}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            self.asked.append(head)
            fields = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:-2])
            self.bodies.append(await reader.readexactly(int(fields.get("content-length", 0))))
            answers = self._answers[head.split()[1]]
            answer = answers.pop(0) if len(answers) > 1 else answers[0]
            if answer is None:
                await reader.read()
            else:
                writer.write(answer)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def web_server() -> AsyncIterator[WebServer]:
    web = WebServer()
    server = await asyncio.start_server(web.serve, "127.0.0.1", 0)
    web.port = server.sockets[0].getsockname()[1]
    async with server:
        yield web


def said(status: str, text: str = "", headers: Sequence[str] = ()) -> bytes:
    """Answer the bytes of an answer."""
    lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(text)}", "", text]
    return "\r\n".join(lines).encode()
