"""Deliveries between GitHub and their handlers: stored once, handled until that has worked.

A delivery is taken in before it is acknowledged. Handling is at least once and in the order of
arrival; what GitHub or the network prevents is tried again, and what is malformed is put aside.
"""

import json
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any

import structlog
from sqlalchemy import Connection, Dialect, func, text
from sqlmodel import Session, col, or_, select

from bot.alarm import Alarm
from bot.engine.clock import Clock
from bot.github.delivery import ReceivedDelivery
from bot.github.events import Event, MalformedEvent, parse
from bot.github.failures import GitHubFailed, RetryLater
from bot.states import State
from bot.store.database import Database
from bot.store.prepared import Prepared, Row
from bot.store.retention import MOST_PARAMETERS
from bot.store.tables import Delivery

log = structlog.get_logger(__name__)

Handle = Callable[[Event], Awaitable[bool]]
"""Handles an event; answers whether there was anything to handle it."""

LONGEST_WAIT = timedelta(minutes=5)
MOST_ATTEMPTS = 100

_TABLE: Any = Delivery.__table__  # type: ignore[attr-defined]
_KNOWN_ON_SQLITE = "SELECT guid, state FROM delivery WHERE guid IN (SELECT value FROM json_each(?))"
_KNOWN_ON_POSTGRESQL = "SELECT guid, state FROM delivery WHERE guid = ANY(%s)"


class Inbox:
    """The deliveries of one store, and who handles them."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._arrival = Alarm()
        self._insert = _insert(database.engine.dialect)

    async def take_in(self, received: ReceivedDelivery) -> bool:
        """Store a delivery, and answer whether it is new; durable on return.

        One that was put aside before is let through again: somebody asked for it.
        """
        new: bool = await self._database.write_together(self._store, received)
        self._arrival.ring()
        return new

    def _store(self, connection: Connection, received: Sequence[ReceivedDelivery]) -> list[bool]:
        """Store what has come, and answer of each delivery whether it is new."""
        ours = {each.guid: each for each in received}
        known = _states(connection, list(ours))
        # In one order everywhere: two processes that hear of the same wait, and do not lock up.
        due = [guid for guid in sorted(ours) if known.get(guid, State.FAILED) == State.FAILED]
        self._insert.execute(connection, [_row(ours[guid]) for guid in due])
        # Of one that came twice at once the last one is stored, and only that one is new.
        return [each.guid not in known and ours[each.guid] is each for each in received]

    async def known(self, guids: Collection[str]) -> dict[str, datetime | None]:
        """Answer which of these were taken in, each with when it was put aside, if it was."""
        return await self._database.read(lambda session: _known(session, list(guids)))

    async def expects(self, repository: str, events: Collection[str]) -> bool:
        """Answer whether such an event of a repository was taken in, and not tried yet."""
        chosen = select(Delivery.guid).where(
            col(Delivery.state) == State.QUEUED,
            col(Delivery.attempts) == 0,
            col(Delivery.event).in_(events),
            func.lower(col(Delivery.repository)) == repository.lower(),
        )
        return await self._database.read(lambda session: session.exec(chosen).first() is not None)

    async def work(self, handle: Handle) -> None:
        """Hand deliveries to `handle`, one at a time, for ever."""
        async for _ in self._arrival.rounds():
            try:
                while await self.handle_next(handle):
                    pass
            except Exception:
                log.exception("inbox_failed", what="the store could not be asked for deliveries")

    async def handle_next(self, handle: Handle) -> bool:
        """Handle the oldest delivery that is due; answer whether there was one."""
        now = self._clock.now()
        delivery = await self._database.read(
            lambda session: session.exec(
                select(Delivery)
                .where(
                    col(Delivery.state) == State.QUEUED,
                    or_(col(Delivery.not_before).is_(None), col(Delivery.not_before) <= now),
                )
                .order_by(col(Delivery.received_at), col(Delivery.guid))
                .limit(1)
            ).first()
        )
        if delivery is None:
            return False
        outcome = await self._handled(delivery, handle)
        await self._database.write(lambda session: _settle(session, delivery.guid, outcome))
        return True

    async def _handled(self, delivery: Delivery, handle: Handle) -> Delivery:
        """Answer the delivery as it is after one more attempt at it."""
        after = Delivery(**delivery.model_dump())
        after.attempts += 1
        after.handled_at = self._clock.now()
        bound = log.bind(delivery=delivery.guid, delivered=delivery.event)
        try:
            event = parse(delivery.event, delivery.payload)
            handled = event is not None and await handle(event)
            after.state = State.SUCCEEDED if handled else State.SKIPPED
        except MalformedEvent as error:
            bound.warning("delivery_malformed", problem=str(error))
            after.state, after.problem = State.FAILED, str(error)
        except (RetryLater, GitHubFailed) as error:
            bound.info("delivery_waits", problem=str(error))
            self._put_off(after, error)
        except Exception as error:  # noqa: BLE001 (a bug in a handler must not stop the others)
            bound.exception("delivery_failed")
            self._put_off(after, error)
        return after

    def _put_off(self, delivery: Delivery, error: Exception) -> None:
        wait = error.after if isinstance(error, RetryLater) else _backoff(delivery.attempts)
        delivery.problem = f"{type(error).__name__}: {error}"
        delivery.not_before = self._clock.now() + wait
        if delivery.attempts >= MOST_ATTEMPTS:
            delivery.state = State.FAILED
            log.error("delivery_given_up", delivery=delivery.guid, problem=delivery.problem)


def _backoff(attempts: int) -> timedelta:
    return min(timedelta(seconds=2 ** min(attempts, 10)), LONGEST_WAIT)


def _insert(dialect: Dialect) -> Prepared:
    """Answer what stores a delivery, or lets one through again that was put aside."""
    # Both have "ON CONFLICT"; only the one that is in use is loaded.
    inserting = import_module(f"sqlalchemy.dialects.{dialect.name}").insert(_TABLE)
    names = [column.name for column in _TABLE.columns]
    again = inserting.on_conflict_do_update(
        index_elements=["guid"],
        set_={name: inserting.excluded[name] for name in names if name != "guid"},
        where=text("delivery.state = 'failed'"),
    )
    return Prepared(again, dialect, names)


def _states(connection: Connection, guids: list[str]) -> dict[str, str]:
    """Answer how those of some deliveries stand that were taken in before."""
    if connection.dialect.name == "sqlite":
        found = connection.exec_driver_sql(_KNOWN_ON_SQLITE, (json.dumps(guids),))
    else:
        found = connection.exec_driver_sql(_KNOWN_ON_POSTGRESQL, (guids,))
    return {row[0]: row[1] for row in found.fetchall()}


def _row(received: ReceivedDelivery) -> Row:
    return {
        "guid": received.guid,
        "event": received.event,
        "action": received.action,
        "repository": received.repository,
        "payload": received.payload,
        "state": State.QUEUED,
        "attempts": 0,
        "problem": None,
        "received_at": received.received_at,
        "not_before": None,
        "handled_at": None,
    }


def _known(session: Session, guids: list[str]) -> dict[str, datetime | None]:
    known: dict[str, datetime | None] = {}
    for start in range(0, len(guids), MOST_PARAMETERS):
        some = guids[start : start + MOST_PARAMETERS]
        chosen = select(Delivery.guid, Delivery.state, Delivery.handled_at)
        for guid, state, handled_at in session.exec(chosen.where(col(Delivery.guid).in_(some))):
            known[guid] = handled_at if state == State.FAILED else None
    return known


def _settle(session: Session, guid: str, outcome: Delivery) -> None:
    delivery = session.get_one(Delivery, guid)
    delivery.state = outcome.state
    delivery.attempts = outcome.attempts
    delivery.problem = outcome.problem
    delivery.not_before = outcome.not_before
    delivery.handled_at = outcome.handled_at
