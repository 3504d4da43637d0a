"""One notice on its way out: noted before and after, so that nothing is said twice."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import structlog

from bot.engine.clock import Clock
from bot.failures import DoorFailed, Limited
from bot.outbox import ledger, outcomes
from bot.outbox.outcomes import Failure, Outcome
from bot.outbox.patience import REFUSED_ATTEMPTS
from bot.outbox.rendering import Draft, Render, draft
from bot.outbox.target import Way, Ways
from bot.store.database import Database
from bot.store.tables import Notice

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Desk:
    """What notices are sent with."""

    database: Database
    ways: Ways
    clock: Clock
    renderers: Mapping[str, Render]


class Sending:
    """The turn of one notice. It makes one write at most."""

    def __init__(self, desk: Desk, row: Notice) -> None:
        self._desk = desk
        self._row = row
        self._way: Way = desk.ways.of(row.account)
        self._refusals = REFUSED_ATTEMPTS
        self._written: str | None = None

    async def send(self) -> None:
        """Bring it up to date there, and note what became of it; raises where the store fails."""
        try:
            outcome = await self._brought()
        except Limited as error:
            outcome = await self._limited(error)
        except Exception as error:  # noqa: BLE001 (a bug in a renderer must not stop the others)
            outcome = self._failed(error)
        note = partial(ledger.settle, self._row, outcome, self._written)
        await self._desk.database.write(note)

    async def _brought(self) -> Outcome:
        desk = self._desk
        ready = await desk.database.read(
            lambda session: draft(session, self._row.key, desk.renderers, desk.ways)
        )
        self._row, self._refusals = ready.row, ready.target.refusals
        if not ready.is_news:
            return outcomes.no_news(ready, desk.clock.now())
        if await self._is_said(ready):
            return outcomes.told(ready.rendered, self._row.number, desk.clock.now())
        if self._row.number is None and not ready.target.worth_making(ready.rendered.words):
            return outcomes.nothing_there(ready.rendered, desk.clock.now())
        row, now = self._row, desk.clock.now()
        begin = partial(ledger.begin, row.key, row.number, now, self._way.pace.settles)
        self._written = await desk.database.write(begin)
        return await self._write(ready)

    async def _is_said(self, ready: Draft) -> bool:
        """Look what is there, where a write whose answer was lost may have been done."""
        row, target, door = self._row, ready.target, self._way.door
        if row.number is None and (target.looks_first or row.underway):
            row.number = await target.find(door)
        if row.number is None or not row.underway:
            return False
        return await target.says(door, row.number, ready.rendered.words)

    async def _write(self, ready: Draft) -> Outcome:
        target, words, number = ready.target, ready.rendered.words, self._row.number
        door, clock = self._way.door, self._desk.clock
        if number is None:
            number = await target.create(door, words)
            if not target.said_when_made:
                return outcomes.made(number, clock.now())
        else:
            try:
                await target.change(door, number, words)
            except DoorFailed as error:
                if not error.gone:
                    raise
                return outcomes.gone(self._row, self._failure(error), clock.now())
        return outcomes.told(ready.rendered, number, clock.now())

    async def _limited(self, error: Limited) -> Outcome:
        """Let the whole account be silent: all is meant that we send for it."""
        now = self._desk.clock.now()
        log.warning("outbox_limited", account=self._row.account, problem=str(error))
        await self._desk.database.write(partial(ledger.limit, self._row.account, error.after, now))
        return outcomes.limited(self._row, now, began=self._written is not None)

    def _failed(self, error: Exception) -> Outcome:
        outcome = outcomes.failed(self._row, self._failure(error), self._desk.clock.now())
        told = log.warning if isinstance(error, DoorFailed) else log.exception
        told("notice_not_told", notice=self._row.key, problem=str(error), given_up=outcome.given_up)
        return outcome

    def _failure(self, error: Exception) -> Failure:
        return Failure(error, self._refusals, began=self._written is not None)
