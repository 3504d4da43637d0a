"""GitHub as a sender of webhooks: signed deliveries, one after the other on kept connections.

It has a process of its own and costs it as little as it can: all that is sent is made beforehand
but for the GUID, and of an answer only its status and its length are read.
"""

import asyncio
import hashlib
import hmac
import re
import time
import uuid
from collections.abc import Iterator

from tests.bench.measuring import Sample
from tests.bench.pace import quantile
from tests.bench.payload import merged_pull_request

SECRET = "a secret of the benchmark, of nothing else"
PATH = "/webhooks/github"
CONNECTIONS = 16
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)


def send(port: int, seconds: float) -> Sample:
    """Deliver for about `seconds`, after a short warming up.

    Answers requests a second, and the median and the 99th percentile of how long one took, in
    ms. Raises where one is not answered 202.
    """
    return asyncio.run(_send(port, seconds))


async def _send(port: int, seconds: float) -> Sample:
    sender = _Sender()
    loop = asyncio.get_running_loop()
    connections = [
        (await loop.create_connection(lambda: _Connection(sender), "127.0.0.1", port))[1]
        for _ in range(CONNECTIONS)
    ]

    async def until(deadline: float) -> None:
        await asyncio.gather(*(each.deliver(deadline) for each in connections))

    await until(time.perf_counter() + seconds / 5)
    sender.seconds.clear()
    began = time.perf_counter()
    await until(began + seconds)
    took = time.perf_counter() - began
    for each in connections:
        each.close()
    return {
        "requests/s": len(sender.seconds) / took,
        "p50 ms": 1e3 * quantile(sender.seconds, 0.5),
        "p99 ms": 1e3 * quantile(sender.seconds, 0.99),
    }


class _Sender:
    """What all connections send, and how long each delivery took, in seconds."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        body = merged_pull_request()
        signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        lines = (
            f"POST {PATH} HTTP/1.1",
            "Host: 127.0.0.1",
            "User-Agent: GitHub-Hookshot/51ed0f9",
            "Accept: */*",
            "Content-Type: application/json",
            f"Content-Length: {len(body)}",
            "X-GitHub-Event: pull_request",
            f"X-Hub-Signature-256: sha256={signature}",
            "X-GitHub-Delivery: ",
        )
        self._before = "\r\n".join(lines).encode()
        self._after = b"\r\n\r\n" + body
        self._guids = _guids()

    def next_request(self) -> bytes:
        """Answer a delivery with a GUID that no other one has."""
        return self._before + next(self._guids) + self._after


def _guids() -> Iterator[bytes]:
    while True:
        yield str(uuid.uuid4()).encode()


class _Connection(asyncio.Protocol):
    """One connection, on which the next delivery waits for the answer to the one before."""

    def __init__(self, sender: _Sender) -> None:
        self._sender = sender
        self._answer = bytearray()
        self._deadline = self._began = 0.0
        self._done: asyncio.Future[None] | None = None
        self._transport: asyncio.Transport | None = None

    def deliver(self, deadline: float) -> "asyncio.Future[None]":
        """Begin to deliver; the future is done when what was sent before `deadline` is answered."""
        self._deadline = deadline
        self._done = asyncio.get_running_loop().create_future()
        self._send_next()
        return self._done

    def close(self) -> None:
        """Hang up."""
        self._open_transport.close()

    @property
    def _open_transport(self) -> asyncio.Transport:
        if self._transport is None:
            raise ConnectionError("the connection is not made")
        return self._transport

    def _send_next(self) -> None:
        request = self._sender.next_request()
        self._began = time.perf_counter()
        self._open_transport.write(request)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if not isinstance(transport, asyncio.Transport):
            raise TypeError("a connection can be written to")
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._answer += data
        head, end, body = self._answer.partition(b"\r\n\r\n")
        length = _LENGTH.search(head + b"\r\n")
        if not end or length is None or len(body) < int(length[1]):
            return
        now = time.perf_counter()
        self._sender.seconds.append(now - self._began)
        self._answer.clear()
        if not head.startswith(b"HTTP/1.1 202 "):
            self._fail(f"answered with {bytes(head.splitlines()[0])!r} and {bytes(body)!r}")
        elif now < self._deadline:
            self._send_next()
        elif self._done is not None and not self._done.done():
            self._done.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(f"the server has hung up: {exc}")

    def _fail(self, problem: str) -> None:
        if self._done is not None and not self._done.done():
            self._done.set_exception(ConnectionError(problem))
