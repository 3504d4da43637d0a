"""Runs read by their ids: what is asked for while one read goes on is read at once by the next."""

import asyncio
from collections.abc import Sequence

from sqlmodel import Session, col, select

from bot.store.database import Database
from bot.store.tables import Run

AT_A_TIME = 500
"""How many ids one question holds."""


class Lookup:
    """The runs of one store, each as it stands after it is asked for."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._one_by_one = asyncio.Lock()
        self._asked: set[str] = set()
        self._next: asyncio.Task[dict[str, Run]] | None = None

    async def run(self, run_id: str) -> Run | None:
        """Answer the run of that id."""
        self._asked.add(run_id)
        if self._next is None:
            self._next = asyncio.create_task(self._read(), name="look-up-runs")
            self._next.add_done_callback(_heard)
        # Others wait for it, too.
        runs = await asyncio.shield(self._next)
        return runs.get(run_id)

    async def _read(self) -> dict[str, Run]:
        async with self._one_by_one:
            asked, self._asked, self._next = list(self._asked), set(), None
            return await self._database.read(lambda session: _runs(session, asked))


def _heard(reading: "asyncio.Task[dict[str, Run]]") -> None:
    """Take note of a failure, though all who asked may be gone."""
    if not reading.cancelled():
        reading.exception()


def _runs(session: Session, ids: Sequence[str]) -> dict[str, Run]:
    found: dict[str, Run] = {}
    for start in range(0, len(ids), AT_A_TIME):
        some = select(Run).where(col(Run.id).in_(ids[start : start + AT_A_TIME]))
        found |= {run.id: run for run in session.exec(some)}
    return found
