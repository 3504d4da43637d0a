"""The least that deserves the name of a durable step journal: one thread, one commit for all.

`PlainJournal` is what the engine is compared with. It promises as much as the engine does of
one step, and nothing else: `await journal.step(...)` returns when the step's row has reached the
disk. There is one future a step, one writing thread that commits together whatever waits, and
the engine's own columns; a workflow is an asyncio task that writes a run's row at its beginning
and updates it at its end. There is no fencing, no replay, no identity, no secondary index.
"""

import asyncio
import json
import secrets
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple, Protocol

Values = tuple[Any, ...]
Item = tuple[str, Values]
"""What is to be written: the name of a statement, and the values of one row."""

STEP_COLUMNS = (
    "run_id",
    "name",
    "kind",
    "fingerprint",
    "state",
    "result",
    "failure",
    "started_at",
    "finished_at",
)
RUN_COLUMNS = ("id", "kind", "arguments", "state", "result", "failure", "started_at", "finished_at")


class Tables(Protocol):
    """One kind of database, used by one thread."""

    def write(self, items: Sequence[Item]) -> None:
        """Write all in one transaction; on return it is on the disk."""

    def moment(self, at: datetime) -> Any:
        """Answer a time as the driver writes it fastest."""


class GroupCommit:
    """The thread: it hands over all that waits in one call, and then tells those who wait."""

    def __init__(self, write: Callable[[Sequence[Item]], None]) -> None:
        self._write = write
        self._waiting: SimpleQueue[tuple[Item, asyncio.Future[None]] | None] = SimpleQueue()
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._work)
        self._thread.start()

    def close(self) -> None:
        """End the thread; nobody may wait any more."""
        self._waiting.put(None)
        self._thread.join()

    def written(self, item: Item) -> "asyncio.Future[None]":
        """Hand in `item`; the future is done when it is durable."""
        written: asyncio.Future[None] = self._loop.create_future()
        self._waiting.put((item, written))
        return written

    def _work(self) -> None:
        while (first := self._waiting.get()) is not None:
            batch = [first]
            try:
                while (more := self._waiting.get_nowait()) is not None:
                    batch.append(more)
            except Empty:
                pass
            self._write([item for item, _ in batch])
            self._loop.call_soon_threadsafe(_tell, [written for _, written in batch])


class RunOf(NamedTuple):
    """A run that began: its id, and when."""

    run_id: str
    started_at: Any


class PlainJournal:
    """Runs and steps with the engine's columns, as fast as the database takes them."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._thread = GroupCommit(tables.write)
        self.close = self._thread.close

    def now(self) -> Any:
        """Answer the time as a row holds it."""
        return self._tables.moment(datetime.now(UTC))

    async def begin(self, kind: str, arguments: str) -> RunOf:
        """Write that a run began."""
        run = RunOf(secrets.token_hex(12), self.now())
        row = (run.run_id, kind, arguments, "running", None, None, run.started_at, None)
        await self._thread.written(("begin", row))
        return run

    async def step(self, run: RunOf, name: str, started_at: Any, result: object) -> None:
        """Write what a step answered."""
        row = (
            run.run_id,
            name,
            "function",
            "",
            "succeeded",
            json.dumps(result),
            None,
            started_at,
            self.now(),
        )
        await self._thread.written(("step", row))

    async def end(self, run: RunOf, result: object) -> None:
        """Write that a run succeeded."""
        row = ("succeeded", json.dumps(result), self.now(), run.run_id)
        await self._thread.written(("end", row))


def _tell(written: "list[asyncio.Future[None]]") -> None:
    for future in written:
        if not future.done():
            future.set_result(None)
