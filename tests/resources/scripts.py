"""Scripts that behave badly, and ways to see what became of them."""

import asyncio
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from resources.executors import Script


def python(program: str, *arguments: str, **options: object) -> Script:
    argv = (sys.executable, "-IS", "-c", program, *arguments)
    return Script.model_validate({"argv": argv, **options})


def shell(program: str, *arguments: str, **options: object) -> Script:
    return Script.model_validate({"argv": ("sh", "-c", program, *arguments), **options})


def gone(pid: int) -> bool:
    """Wait until no process with that id runs; what waits to be buried counts as gone."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        listed = subprocess.run(
            ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False
        )
        if listed.stdout.strip()[:1] in {"", "Z"}:
            return True
    return False


STUBBORN = """
import os, signal, socket, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if sys.argv[2:]:
    os.setsid()
there = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
there.sendall(b"here")
there.recv(1)
"""
"""It ignores TERM, may escape into a session of its own, and holds a line to its witness."""


class Witness:
    """Knows whether a process lives, wherever it runs: by the line that it holds."""

    def __init__(self) -> None:
        self._came = asyncio.Event()
        self._left = asyncio.Event()
        self._server: asyncio.Server
        self._line: asyncio.StreamWriter
        self.port = 0

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

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(4)
        self._came.set()
        self._line = writer
        try:
            await reader.read()
        except ConnectionError:
            pass
        finally:
            self._left.set()
            writer.close()

    async def arrival(self) -> None:
        """Wait until the process is there."""
        async with asyncio.timeout(30):
            await self._came.wait()

    async def departure(self) -> None:
        """Wait until it is there no more."""
        await self.arrival()
        async with asyncio.timeout(10):
            await self._left.wait()

    async def dismiss(self) -> None:
        """Let the process end."""
        self._line.write(b".")

    @property
    def sees_it(self) -> bool:
        return self._came.is_set() and not self._left.is_set()

    def script(self, then: str = "wait", *, escapes: bool = False, **options: object) -> Script:
        """A shell with a grandchild in the background that is seen by this witness."""
        program = f'"{sys.executable}" -IS -c "$0" "$@" & {then}'
        escaping = ("escapes",) if escapes else ()
        return shell(program, STUBBORN, str(self.port), *escaping, **options)


def files_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]
