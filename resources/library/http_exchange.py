"""One HTTP request and what came of it, bounded in time by its caller and in size by itself."""

import asyncio
import ipaddress
import re
import socket
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit

import httptools

LARGEST_BODY = 64 * 1024
"""How much of a body is read; what comes after it is not waited for."""
LARGEST_HEAD = 64 * 1024
PIECE = 16 * 1024

_CONTROL = re.compile(r"[\x00-\x20\x7f]")

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class NoAnswer(Exception):
    """There was no answer that could be read; the message says why, in a few words."""


@dataclass(frozen=True)
class Request:
    """What is asked; only `private` ones may go to addresses that the internet cannot reach."""

    url: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    private: bool = True


@dataclass
class Answer:
    """What was answered; header names are lower-case, the body may be the beginning of one."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def text(self) -> str:
        """The body as text, whatever it is."""
        return self.body.decode(errors="replace")


def is_address(url: str) -> bool:
    """Answer whether a text is an address that can be asked, with no password in it."""
    try:
        parts = urlsplit(url)
        whole = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return whole and url.isascii() and not _CONTROL.search(url) and "@" not in parts.netloc


async def ask(request: Request) -> Answer:
    """Answer what came back; raises `NoAnswer`. No redirect is followed, and no proxy used."""
    url = urlsplit(request.url)
    try:
        async with _connected(url, private=request.private) as (reader, writer):
            writer.write(_written(request, url))
            return await _read(reader)
    except ssl.SSLError as error:
        raise NoAnswer(f"no secure connection: {error.reason or error}") from error
    except httptools.HttpParserError as error:
        raise NoAnswer(f"it does not speak HTTP: {error}") from error
    except OSError as error:
        raise NoAnswer(f"{error.strerror or error}") from error


@asynccontextmanager
async def _connected(url: SplitResult, *, private: bool) -> AsyncIterator[Connection]:
    host = url.hostname or ""
    secure = url.scheme == "https"
    addresses = await _addresses(host, url.port or (443 if secure else 80), private=private)
    context = ssl.create_default_context() if secure else None
    reader, writer = await _first_that_connects(addresses, context, host if secure else None)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()  # a secure connection would take its time to part


async def _first_that_connects(
    addresses: list[tuple[str, int]], context: ssl.SSLContext | None, name: str | None
) -> Connection:
    for number, (address, port) in enumerate(addresses, start=1):
        try:
            return await asyncio.open_connection(address, port, ssl=context, server_hostname=name)
        except OSError:
            if number == len(addresses):
                raise
    raise NoAnswer("its name leads to no address")


async def _addresses(host: str, port: int, *, private: bool) -> list[tuple[str, int]]:
    """Answer where a host is; what is asked is one of these, whatever its name means later."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as error:
        raise NoAnswer(f"its name cannot be looked up: {error}") from error
    allowed = [place[:2] for *_, place in found if _may_be_asked(str(place[0]), private=private)]
    if not allowed:
        raise NoAnswer("its address is one that may not be asked")
    return [(str(address), int(number)) for address, number in allowed]


def _may_be_asked(address: str, *, private: bool) -> bool:
    """Refuse what gives credentials to whoever asks (link-local), and what is no one's."""
    place = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(place, ipaddress.IPv6Address) and place.ipv4_mapped is not None:
        place = place.ipv4_mapped
    if place.is_link_local or place.is_multicast or place.is_unspecified:
        return False
    return private or place.is_global


def _written(request: Request, url: SplitResult) -> bytes:
    path = (url.path or "/") + (f"?{url.query}" if url.query else "")
    headers = {
        "Host": url.netloc.rpartition("@")[2],
        "User-Agent": "orbits",
        "Accept": "*/*",
        **request.headers,
        "Connection": "close",
    }
    if request.method != "GET":
        headers["Content-Length"] = str(len(request.body))
    if any(_CONTROL.search(value.replace(" ", "")) for value in headers.values()):
        raise NoAnswer("a header is to be sent that is not one line of text")
    lines = [f"{request.method} {path} HTTP/1.1", *(f"{k}: {v}" for k, v in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode() + request.body


class _Heard:
    """Gathers what the parser finds; an interim answer is forgotten when the real one begins."""

    def __init__(self) -> None:
        self.answer = Answer()
        self.parser = httptools.HttpResponseParser(self)
        self.headed = self.complete = False

    def on_message_begin(self) -> None:
        self.answer = Answer()
        self.headed = self.complete = False

    def on_header(self, name: bytes, value: bytes) -> None:
        self.answer.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        self.answer.status = self.parser.get_status_code()
        self.headed = True

    def on_body(self, piece: bytes) -> None:
        self.answer.body = (self.answer.body + piece)[:LARGEST_BODY]

    def on_message_complete(self) -> None:
        self.complete = self.answer.status >= 200

    @property
    def enough(self) -> bool:
        return self.complete or len(self.answer.body) == LARGEST_BODY

    @property
    def ends_with_the_connection(self) -> bool:
        lengths = {"content-length", "transfer-encoding"}
        return self.headed and self.answer.status >= 200 and not lengths & set(self.answer.headers)


async def _read(reader: asyncio.StreamReader) -> Answer:
    heard, total = _Heard(), 0
    while not heard.enough:
        piece = await reader.read(PIECE)
        total += len(piece)
        if not piece and heard.ends_with_the_connection:
            break
        if not piece:
            how = "in the middle of" if total else "without"
            raise NoAnswer(f"the connection was closed {how} an answer")
        heard.parser.feed_data(piece)
        if total > LARGEST_HEAD and not heard.headed:
            raise NoAnswer("the head of its answer has no end")
    return heard.answer
