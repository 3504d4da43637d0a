"""One script on a host that is reached by SSH, over as many connections as it takes."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from math import ceil
from types import TracebackType
from typing import ClassVar, Self, TypeVar

from resources.errors import OrbitsError
from resources.executors.output import BoundedOutput
from resources.executors.remote_command import Ending, remote_command
from resources.executors.script import Script
from resources.executors.ssh_connection import (
    Connection,
    Host,
    NotConnected,
    RemoteProcess,
    ssh_error,
)

T = TypeVar("T")

CHUNK = 256 * 1024
ACKNOWLEDGED_EVERY = 1_000_000
UNHEARD = 64_000_000
"""How many bytes the host keeps for us; a script that printed more waits until we heard."""

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 3.0
TURN = timedelta(milliseconds=50)


class _Lost(Exception):
    """The connection broke before there was an answer."""


class RemoteScript:
    """A script that is begun, heard, ended and forgotten by its name; each of it may be repeated.

    To be used as an async context, which lets go of the connection. What is asked while the
    connection is lost is asked again over a new one, until there was none for `patience`.
    See `Remote`.
    """

    failures: ClassVar[tuple[type[OrbitsError], ...]] = (NotConnected,)
    left_alone: ClassVar[timedelta] = timedelta(seconds=30)

    def __init__(self, host: Host, at: str, patience: timedelta) -> None:
        self.machine = host
        self._at = at
        self._patience = patience
        self._connection: Connection | None = None

    async def __aenter__(self) -> Self:
        """Connect, which fails at once where it cannot be done."""
        try:
            self._connection = await self.machine.connect()
        except NotConnected as error:
            if not error.busy:
                raise
            await self._reconnect(error)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Let go of the connection."""
        self._let_go()

    async def start(self, script: Script, sent: bytes) -> None:
        """Begin the script, unless it goes on or has ended there already."""
        seconds = ceil((script.timeout + self.left_alone).total_seconds())
        words = ("start", self._at, len(sent), seconds, UNHEARD + script.kept)

        async def act(connection: Connection) -> None:
            process = await self._open(connection, *words)
            process.stdin.write(sent)
            process.stdin.write_eof()
            answer, complaint = await _all_of(process)
            if answer != b"started\n":
                said = complaint.decode(errors="replace").strip() or "it would not"
                raise NotConnected(
                    f"{self.machine} cannot run scripts: {said}. It needs a `sh`, the usual "
                    "programs, and a home folder that can be written to."
                )

        await self._insist(act)

    async def follow(self, output: BoundedOutput, kept: int) -> str:
        """Hear the script to its end, and answer how it ended."""

        async def act(connection: Connection) -> str:
            process = await self._open(connection, "attach", self._at, output.total)
            try:
                first = await _told(process)
                if first == Ending.VANISHED:
                    return first
                output.miss(int(first))
                await _hear(process, output, kept)
                ending = await _told(process)
                # To close a channel that is being closed over there may cost the connection.
                await process.wait_closed()
                return ending
            finally:
                process.close()

        return await self._insist(act)

    async def take(self, path: str) -> bytes | None:
        """Answer an output, or a byte more than may be taken; `None` where there is none."""

        async def act(connection: Connection) -> bytes | None:
            process = await self._open(connection, "take", self._at, path)
            content, told = await _all_of(process)
            if process.exit_status:
                return None
            # A channel that is closed too soon says nothing of what it has not brought.
            if told.split()[-1:] != [str(len(content)).encode()]:
                raise _Lost
            return content

        return await self._insist(act)

    async def end(self, grace: timedelta) -> None:
        """End it by a connection of its own: the other may be what is in trouble."""

        async def act(connection: Connection) -> None:
            await _all_of(await self._open(connection, "end", self._at, ceil(grace / TURN)))

        async with RemoteScript(self.machine, self._at, self.machine.within) as other:
            await other._insist(act)

    async def forget(self) -> None:
        """Remove what is left of a script that has ended, if that can be done at once."""
        for _ in range(2):
            with suppress(_Lost, EOFError, OSError, ssh_error(), NotConnected):
                connection = self._connection or await self.machine.connect()
                self._connection = connection
                await _all_of(await self._open(connection, "forget", self._at))
                return
            self._let_go()

    async def _open(
        self, connection: Connection, verb: str, at: str, *words: object
    ) -> RemoteProcess:
        return await connection.create_process(remote_command(verb, at, *words), encoding=None)

    async def _insist(self, act: Callable[[Connection], Awaitable[T]]) -> T:
        """Do it over this connection, or over another where this one is lost."""
        while True:
            if self._connection is None:
                await self._reconnect(None)
            if self._connection is None:
                raise RuntimeError("a connection was made, and is not there")
            try:
                return await act(self._connection)
            except (_Lost, EOFError, OSError):
                self._let_go()
            except ssh_error():
                self._let_go()

    async def _reconnect(self, error: NotConnected | None) -> None:
        """Try until there is a connection; raises the last reason why there is none."""
        loop = asyncio.get_running_loop()
        until, pause = loop.time() + self._patience.total_seconds(), FIRST_PAUSE
        while self._connection is None:
            if error is not None:
                if not error.again or loop.time() >= until:
                    raise error
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE)
            try:
                self._connection = await self.machine.connect()
            except NotConnected as failed:
                error = failed

    def _let_go(self) -> None:
        if self._connection is not None:
            self._connection.abort()
            self._connection = None


async def _told(process: RemoteProcess) -> str:
    """Answer what the program says of the script, which is not what the script prints."""
    while line := await process.stderr.readline():
        if line.startswith(b"=") and line.endswith(b"\n"):
            return line[1:-1].decode()
    raise _Lost


async def _hear(process: RemoteProcess, output: BoundedOutput, kept: int) -> None:
    """Take what is printed, and tell from time to time what need not be kept there any more."""
    acknowledged = output.total
    while piece := await process.stdout.read(CHUNK):
        output.take(piece)
        # Whoever attaches after us is to hear the end that is kept.
        heard = output.total - kept
        if heard >= acknowledged + ACKNOWLEDGED_EVERY:
            acknowledged = heard
            process.stdin.write(f"{heard}\n".encode())


async def _all_of(process: RemoteProcess) -> tuple[bytes, bytes]:
    """Answer all that a process prints until it ends."""
    try:
        printed, complaint = await process.stdout.read(), await process.stderr.read()
        await process.wait_closed()
        if process.exit_status is None:
            raise _Lost
        return printed, complaint
    finally:
        process.close()
