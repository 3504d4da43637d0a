"""What steps print, on its way into the store: masked, in batches, and never in a step's way."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import structlog
from sqlalchemy import Connection, func, insert
from sqlmodel import col, select

from bot.engine.clock import Clock
from bot.engine.logs.held_output import Bounds, HeldOutput, Piece, Room
from bot.store.database import Database
from bot.store.tables import Printed
from resources.masking import Masks

log = structlog.get_logger(__name__)


async def printed_by(
    database: Database, run_id: str, step: str | None = None, *, after: int = 0, most: int = 1_000
) -> list[Printed]:
    """Answer what a run, or one step of it, printed after the piece of that number, in order.

    To follow a run, ask again `after` the number of the last piece that was answered.
    """
    query = select(Printed).where(col(Printed.run_id) == run_id, col(Printed.number) > after)
    if step is not None:
        query = query.where(col(Printed.step) == step)
    query = query.order_by(col(Printed.number)).limit(most)
    return await database.read(lambda session: list(session.exec(query)))


class StepLogs:
    """What the steps of this process print, to be used as an async context.

    `take` only holds it; a task writes it, and an exit writes all there is. A step never fails
    and never waits because its output cannot be written: that is held, within bounds, until
    the store takes it again, and lost where the process ends before.
    """

    def __init__(
        self, database: Database, clock: Clock, masks: Masks, bounds: Bounds | None = None
    ) -> None:
        self._database = database
        self._clock = clock
        self._masks = masks
        self._bounds = bounds or Bounds()
        self._room = Room(self._bounds.held)
        self._open: dict[tuple[str, str], HeldOutput] = {}
        self._ended: list[tuple[tuple[str, str], HeldOutput]] = []
        self._numbers: dict[str, int] = {}
        self._due: float = 0
        self._some = asyncio.Event()
        self._urgent = asyncio.Event()
        self._settling: list[asyncio.Future[None]] = []
        self._failing = False
        self._closing = False
        self._working: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Begin to write."""
        self._working = asyncio.create_task(self._work())
        return self

    async def __aexit__(self, *problem: object) -> None:
        """Write all there is."""
        for run_id, step in list(self._open):
            self._end(run_id, step)
        self._closing = True
        self._wake()
        self._urgent.set()
        if self._working is not None:
            await self._working
        if lost := sum(ended.length for _, ended in self._ended):
            log.error("step_logs_lost", characters=lost)

    def take(self, run_id: str, step: str, text: str) -> None:
        """Hold what a step printed, to be written soon; on the event loop's thread."""
        if not text:
            return
        held = self._open.get((run_id, step))
        if held is None:
            held = HeldOutput(self._masks, self._room, self._bounds)
            self._open[run_id, step] = held
        held.take(text, self._clock.now())
        self._wake()
        if held.full and not self._failing:
            self._urgent.set()

    async def settle(self, run_id: str, step: str | None = None) -> None:
        """Write what a step, or every step of a run, printed: it has ended.

        Returns when it is durable, or when the store could not take it.
        """
        steps = (
            [key for key in self._open if key[0] == run_id] if step is None else [(run_id, step)]
        )
        ended = [self._end(*key) for key in steps]
        if not any(ended) or self._failing:
            return
        if self._working is None or self._working.done():
            raise RuntimeError("the step logs are not open: use them as an async context")
        settling = asyncio.get_running_loop().create_future()
        self._settling.append(settling)
        self._urgent.set()
        await settling

    def _end(self, run_id: str, step: str) -> bool:
        """Close the log of a step; answer whether there is anything to be written."""
        held = self._open.pop((run_id, step), None)
        if held is None:
            return False
        held.settle(self._clock.now())
        if not held.length:
            return False
        self._ended.append(((run_id, step), held))
        self._wake()
        return True

    def _wake(self) -> None:
        """See to it that all there is gets written in time."""
        if not self._some.is_set():
            self._due = asyncio.get_running_loop().time() + self._bounds.flush_every.total_seconds()
            self._some.set()

    async def _work(self) -> None:
        try:
            while not self._closing:
                await self._write(everything=await self._all_is_due())
            await self._write(everything=True)
        finally:
            self._tell(self._settling)

    async def _all_is_due(self) -> bool:
        """Wait until something is to be written; answer whether it is all there is."""
        await self._some.wait()
        try:
            async with asyncio.timeout_at(self._due):
                await self._urgent.wait()
        except TimeoutError:
            self._some.clear()
            return True
        return False

    async def _write(self, *, everything: bool) -> None:
        self._urgent.clear()
        settling, self._settling = self._settling, []
        open_ones = [item for item in self._open.items() if everything or item[1].full]
        runs: dict[str, list[tuple[str, HeldOutput]]] = {}
        for (run_id, step), held in [*self._ended, *open_ones]:
            if held.begin_writing():
                runs.setdefault(run_id, []).append((step, held))
        outcomes = await asyncio.gather(
            *(self._write_run(run_id, steps) for run_id, steps in runs.items()),
            return_exceptions=True,
        )
        if runs:
            self._note([outcome for outcome in outcomes if outcome is not None])
        self._ended = [(step, ended) for step, ended in self._ended if ended.length]
        live = {run_id for run_id, _ in self._open}
        self._numbers = {run: number for run, number in self._numbers.items() if run in live}
        self._tell(settling)

    async def _write_run(self, run_id: str, steps: list[tuple[str, HeldOutput]]) -> None:
        """Write what a run printed, or none of it, so that it stays in order."""
        pieces = [(step, piece) for step, held in steps for piece in held.begin_writing()]
        # The number is looked up again after a failure: another process may have used it.
        batch = _Batch(run_id, pieces, self._numbers.pop(run_id, None))
        self._numbers[run_id] = await self._database.write_together(_insert, batch)
        for _, held in steps:
            held.written()

    def _note(self, problems: Sequence[BaseException]) -> None:
        """Tell once that the store does not take what is printed, and once that it does again."""
        if problems:
            self._wake()
        if problems and not self._failing:
            # Only the first line: the others hold the statement, and what was to be written.
            reason = f"{type(problems[0]).__name__}: {problems[0]}".partition("\n")[0]
            log.warning("step_logs_wait", problem=reason, held=self._room.held)
        elif self._failing and not problems:
            log.info("step_logs_written_again")
        self._failing = bool(problems)

    def _tell(self, settling: list[asyncio.Future[None]]) -> None:
        for each in settling:
            if not each.done():
                each.set_result(None)


@dataclass(frozen=True, slots=True)
class _Batch:
    """What a run printed since it was written last; `number`: of the first piece, where known."""

    run_id: str
    pieces: Sequence[tuple[str, Piece]]
    number: int | None


def _insert(connection: Connection, batches: Sequence[_Batch]) -> list[int]:
    """Write batches, and answer for each the number that comes next in its run."""
    following = _following(connection, {each.run_id for each in batches if each.number is None})
    rows: list[dict[str, object]] = []
    answers: list[int] = []
    for batch in batches:
        first = batch.number or following.get(batch.run_id, 1)
        for number, (step, piece) in enumerate(batch.pieces, first):
            key = {"run_id": batch.run_id, "step": step, "number": number}
            rows.append({**key, "text": piece.text, "at": piece.at})
        answers.append(first + len(batch.pieces))
    connection.execute(insert(Printed), rows)
    return answers


def _following(connection: Connection, run_ids: set[str]) -> dict[str, int]:
    """Answer the number that comes next in each of the runs that printed before."""
    if not run_ids:
        return {}
    run_id = col(Printed.run_id)
    found = connection.execute(
        select(run_id, func.max(Printed.number)).where(run_id.in_(run_ids)).group_by(run_id)
    )
    return {run: newest + 1 for run, newest in found}
