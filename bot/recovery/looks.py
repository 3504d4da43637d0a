"""Looks again and again for what was missed, at the pace that each look has and GitHub allows."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import structlog
from sqlmodel import Session

from bot.engine.clock import Clock
from bot.github.failures import GitHubFailed, RetryLater
from bot.store.database import Database
from bot.store.tables import Look

log = structlog.get_logger(__name__)

SOON = timedelta(minutes=5)
"""When to look again for what could not be seen, or is too young to tell."""

Looking = Callable[[datetime | None, datetime], Awaitable[datetime | None]]
"""Looks, given until when all is known and what time it is.

Answers until when all is known now; `None` where it could not see everything.
"""


@dataclass(frozen=True)
class Kind:
    """One kind of look."""

    name: str
    every: timedelta
    look: Looking


class Looks:
    """Looks for what was missed: one kind after the other, so that each finds what is left."""

    def __init__(self, database: Database, clock: Clock, *kinds: Kind) -> None:
        self._database = database
        self._clock = clock
        self._kinds = kinds

    async def work(self) -> None:
        """Look at once, unless GitHub told to wait, and then whenever it is time; for ever."""
        begun = False
        while True:
            due_at = self._clock.now() + SOON
            try:
                if not begun:
                    await self._database.write(self._begin)
                    begun = True
                due_at = min([await self._look_if_due(kind) for kind in self._kinds])
            except Exception:
                log.exception("recovery_failed", what="the store could not be asked")
            await self._clock.sleep_until(due_at)

    def _begin(self, session: Session) -> None:
        now = self._clock.now()
        for kind in self._kinds:
            row = session.get(Look, kind.name) or Look(name=kind.name)
            if not row.told_to_wait:
                row.due_at = now
            session.add(row)

    async def _look_if_due(self, kind: Kind) -> datetime:
        """Answer when that look is due the next time."""
        before = await self._database.read(lambda session: session.get_one(Look, kind.name))
        now = self._clock.now()
        if before.due_at > now:
            return before.due_at
        after = await self._looked(kind, before, now)
        await self._database.write(partial(_note, after))
        return after.due_at

    async def _looked(self, kind: Kind, before: Look, now: datetime) -> Look:
        """Answer the look as it is after one more."""
        after = Look(name=kind.name, known_until=before.known_until, due_at=now + SOON)
        bound = log.bind(looking=kind.name)
        try:
            known_until = await kind.look(before.known_until, now)
            if known_until is not None:
                after.known_until, after.due_at = known_until, now + kind.every
        except RetryLater as limited:
            bound.info("recovery_waits", problem=str(limited))
            after.due_at, after.told_to_wait = self._clock.now() + limited.after, True
        except GitHubFailed as failed:
            bound.warning("recovery_put_off", problem=str(failed))
        except Exception:  # noqa: BLE001 (a bug in one look must not stop the other)
            bound.exception("recovery_failed")
        return after


def _note(look: Look, session: Session) -> None:
    session.merge(look)
