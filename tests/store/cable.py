"""A cable between the store and PostgreSQL that can be cut at the worst moment."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import make_url

SOCKET = ".s.PGSQL.5432"
COMMIT = b"COMMIT\0"
_ENDS = re.compile(rb"(COMMIT|ROLLBACK)\0")


class Cable:
    """Carries bytes both ways; told to, it loses the answer to the next message, and is cut.

    Which message tells a piece of it: `COMMIT`, or what a statement says that is not within
    a transaction, so that it is one by itself.
    """

    def __init__(self, server: Path) -> None:
        self._server = server
        self.loses_answer_to: bytes | None = None
        self.answers_lost = 0

    async def carry(self, here: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        """Carry what a client says to the server, and its answers back, until one hangs up."""
        answers, there = await asyncio.open_unix_connection(self._server / SOCKET)
        returning = asyncio.create_task(_copy(answers, back))
        within = False
        try:
            while said := await here.read(65_536):
                there.write(said)
                await there.drain()
                if self._loses(said, within=within):
                    await self._lose_answer(returning, answers)
                    break
                within = b"BEGIN" in said or (within and not _ENDS.search(said))
        except ConnectionError:
            pass
        finally:
            returning.cancel()
            there.close()
            back.close()

    def _loses(self, said: bytes, *, within: bool) -> bool:
        piece = self.loses_answer_to
        return piece is not None and piece in said and (piece == COMMIT or not within)

    async def _lose_answer(
        self, returning: "asyncio.Task[None]", answers: asyncio.StreamReader
    ) -> None:
        self.loses_answer_to = None
        self.answers_lost += 1
        returning.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await returning
        await answers.read(1)


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while said := await source.read(65_536):
            target.write(said)
            await target.drain()
    target.close()


@contextlib.asynccontextmanager
async def cable_to(url: str) -> AsyncIterator[tuple[Cable, str]]:
    """Lay a cable to a server on a socket of this machine; answer the address at its near end."""
    parsed = make_url(url)
    with TemporaryDirectory(prefix="orbits-cable-") as folder:
        cable = Cable(Path(str(parsed.query["host"])))
        near = await asyncio.start_unix_server(cable.carry, Path(folder) / SOCKET)
        async with near:
            yield cable, parsed.set(query={"host": folder}).render_as_string(hide_password=False)
