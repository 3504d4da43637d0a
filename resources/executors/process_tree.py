"""A process with all that it starts: fed, heard, and ended whole."""

import asyncio
import os
import signal
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from datetime import timedelta
from pathlib import Path
from typing import IO, Any
from uuid import uuid4

MARK = "ORBITS_SCRIPT"
"""A variable that every descendant inherits, so that one which left the group can be found."""

PROC = Path("/proc")
_ENDED = {"Z", "X"}
LINGER = timedelta(seconds=1)
POLL = timedelta(milliseconds=20)
UNKILLABLE = timedelta(seconds=5)


class _Pipe(asyncio.Protocol):
    """Hands over what a pipe brings, and knows when nothing goes through it any more."""

    def __init__(self, hear: Callable[[bytes], None]) -> None:
        self._hear = hear
        self.ended = asyncio.get_running_loop().create_future()

    def data_received(self, data: bytes) -> None:
        self._hear(data)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.ended.done():
            self.ended.set_result(None)


class ProcessTree:
    """A process that leads a session and group of its own, and its descendants.

    `watched`: the process is not the script but what watches over it, and takes it along when it
    ends; so only the others are asked to end. `orderly`: the process ends the others by itself,
    so it alone is asked.

    `mark` is what its processes are found by; without one, nobody but this object knows it.

    Its pipes are ours, not asyncio's: there `Process.wait()` does not return while an escaped
    child holds a pipe, however long ago the process itself ended.
    """

    def __init__(
        self, mark: str | None = None, *, watched: bool = False, orderly: bool = False
    ) -> None:
        self._mark = mark or uuid4().hex
        self._watched = watched
        self._orderly = orderly and not watched
        self._process: asyncio.subprocess.Process
        self._heard: _Pipe
        self._feeding: tuple[asyncio.WriteTransport, _Pipe] | None = None
        self._hearing: asyncio.ReadTransport | None = None

    async def start(
        self,
        argv: Sequence[str],
        *,
        cwd: Path | None,
        environment: Mapping[str, str],
        stdin: bytes,
        hear: Callable[[bytes], None],
    ) -> None:
        """Start a process that reads `stdin`; what it prints goes to `hear` as it comes.

        Raises OSError where it cannot be started.
        """
        try:
            with ExitStack() as theirs:
                given = await self._feed(stdin, theirs)
                heard = await self._listen(hear, theirs)
                await self._begin(
                    asyncio.create_subprocess_exec(
                        *argv,
                        cwd=cwd,
                        env={**environment, MARK: self._mark},
                        stdin=given,
                        stdout=heard,
                        stderr=heard,
                        start_new_session=True,
                    )
                )
        except BaseException:
            self.close()
            raise

    @property
    def pid(self) -> int:
        """The process that was started."""
        return self._process.pid

    async def wait(self) -> int:
        """Answer the exit status once the process ended and its output is heard.

        Output of a child that outlives it is waited for no longer than `LINGER`.
        """
        status = await self._process.wait()
        await asyncio.wait([self._heard.ended], timeout=LINGER.total_seconds())
        return status

    async def end(self, grace: timedelta) -> None:
        """Ask the tree to end, and after `grace` make every process of it."""
        try:
            self._ask()
            await self._group_gone(within=grace)
        finally:
            self._kill()
        with suppress(TimeoutError):
            async with asyncio.timeout(UNKILLABLE.total_seconds()):
                await self._process.wait()

    def close(self) -> None:
        """Let go of the pipes."""
        if self._hearing is not None:
            self._hearing.close()
        if self._feeding is not None and not self._feeding[1].ended.done():
            self._feeding[0].abort()

    async def _begin(self, start: Coroutine[Any, Any, asyncio.subprocess.Process]) -> None:
        starting = asyncio.ensure_future(start)
        try:
            self._process = await asyncio.shield(starting)
        except asyncio.CancelledError:
            self._process = await starting
            await self.end(timedelta(0))
            raise

    async def _feed(self, stdin: bytes, theirs: ExitStack) -> IO[bytes]:
        """Answer a pipe's end to read `stdin` from; it is written as fast as it is read."""
        given, ours = _pipe()
        theirs.enter_context(given)
        loop = asyncio.get_running_loop()
        self._feeding = await loop.connect_write_pipe(lambda: _Pipe(_ignore), ours)
        transport = self._feeding[0]
        transport.write(stdin)
        transport.write_eof()
        return given

    async def _listen(self, hear: Callable[[bytes], None], theirs: ExitStack) -> IO[bytes]:
        """Answer a pipe's end to print to."""
        ours, heard = _pipe()
        theirs.enter_context(heard)
        loop = asyncio.get_running_loop()
        self._hearing, self._heard = await loop.connect_read_pipe(lambda: _Pipe(hear), ours)
        return heard

    async def _group_gone(self, within: timedelta) -> None:
        """Wait until nobody of the group is alive; nobody tells, so it is asked again and again."""
        turns = int(within / POLL)
        for _ in range(turns):
            if not self._signal_group(0) or not _some_live_in(self._process.pid):
                return
            await asyncio.sleep(POLL.total_seconds())

    def _ask(self) -> None:
        if not self._orderly:
            self._signal_all(signal.SIGTERM)
            return
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)

    def _kill(self) -> None:
        """Kill whatever there is, again where something was begun in the meantime."""
        for _ in range(3):
            if not self._signal_all(signal.SIGKILL):
                break

    def _signal_all(self, number: int) -> bool:
        """Signal the group and what left it; answer whether there was anybody."""
        spared = self._watched and number == signal.SIGTERM
        reached = not spared and self._signal_group(number)
        for pid in processes_marked(self._mark):
            if spared and pid == self._process.pid:
                continue
            with suppress(ProcessLookupError, PermissionError):
                if not spared and os.getpgid(pid) == self._process.pid:
                    continue  # The group heard it: to some, a second one means "at once".
                os.kill(pid, number)
                reached = True
        return reached

    def _signal_group(self, number: int) -> bool:
        try:
            os.killpg(self._process.pid, number)
        except (ProcessLookupError, PermissionError):
            return False
        return True


def processes_marked(mark: str) -> Iterator[int]:
    """Answer the processes that bear a mark and have not ended; none where there is no /proc."""
    entry = f"{MARK}={mark}".encode()
    for environment in PROC.glob("[0-9]*/environ"):
        with suppress(OSError):
            if entry in environment.read_bytes():
                yield int(environment.parent.name)


def _some_live_in(group: int) -> bool:
    """Answer whether a process of a group has not ended yet, or that nobody can tell.

    In a container whose first process reaps no orphans, those that have ended stay for ever.
    https://www.kernel.org/doc/html/latest/filesystems/proc.html
    """
    if not PROC.is_dir():
        return True
    for told in PROC.glob("[0-9]*/stat"):
        with suppress(OSError):
            # The name in parentheses may hold anything.
            state, _, of_group = told.read_text().rpartition(")")[2].split()[:3]
            if int(of_group) == group and state not in _ENDED:
                return True
    return False


def _ignore(_: bytes) -> None:
    """Take nothing from the end of a pipe that is only written to."""


def _pipe() -> tuple[IO[bytes], IO[bytes]]:
    read, write = os.pipe()
    return os.fdopen(read, "rb", buffering=0), os.fdopen(write, "wb", buffering=0)
