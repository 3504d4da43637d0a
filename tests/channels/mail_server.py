"""A mail server that speaks as much SMTP as a client needs to hand a mail in (RFC 5321)."""

import asyncio
import base64
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from types import TracebackType
from typing import Self


@dataclass
class MailHost:
    """Takes mail on a port of its own. `refuses` are answers by the word that they answer.

    Where it `hangs_up`, it takes a mail, and the connection breaks before its answer.
    """

    offers: tuple[str, ...] = ("AUTH PLAIN LOGIN",)
    refuses: dict[str, str] = field(default_factory=dict)
    hangs_up: bool = False
    taken: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    port: int = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._talk, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.close()
        await self._server.wait_closed()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._conversation(reader, writer)
        finally:
            writer.close()

    async def _conversation(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        writer.write(b"220 mail.test ready\r\n")
        while line := (await reader.readline()).decode().strip():
            word = line.split()[0].upper()
            if word == "QUIT":
                writer.write(b"221 bye\r\n")
                await writer.drain()
                return
            if word == "DATA" and word not in self.refuses:
                writer.write(b"354 go on\r\n")
                self._take(await reader.readuntil(b"\r\n.\r\n"))
                if self.hangs_up:
                    return
            writer.write(f"{self._answer(word, line)}\r\n".encode())
            await writer.drain()

    def _answer(self, word: str, line: str) -> str:
        if word in self.refuses:
            return self.refuses[word]
        if word == "EHLO":
            lines = ["mail.test", *self.offers]
            return "\r\n".join(
                f"250{'-' if number < len(lines) else ' '}{each}"
                for number, each in enumerate(lines, start=1)
            )
        if word == "AUTH":
            self.logins.append(base64.b64decode(line.rsplit(maxsplit=1)[-1]).decode())
            return "235 welcome"
        if word == "RCPT":
            self.recipients.append(line.partition("<")[2].rstrip(">"))
        return "250 fine"

    def _take(self, lines: bytes) -> None:
        whole = lines.removesuffix(b".\r\n")
        self.taken.append(message_from_bytes(whole, policy=policy.default))
