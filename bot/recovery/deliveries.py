"""Deliveries that GitHub could not hand over, taken in from its own log of them."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

import structlog

from bot.engine.clock import Clock
from bot.github.delivery import DeliveryAttempt
from bot.github.door import GitHub
from bot.github.events import handles
from bot.github.failures import AppNeeded, GitHubFailed, NotFound
from bot.inbox import Inbox
from bot.recovery.counts import Missed, count
from bot.store.database import Database

log = structlog.get_logger(__name__)

REMEMBERED = timedelta(days=3)
"""So long GitHub remembers deliveries."""

OVERLAP = timedelta(minutes=15)
"""So much of what was seen is seen again: clocks differ, and attempts take their time."""

EXACTNESS = timedelta(seconds=1)
"""GitHub tells times without fractions of seconds."""

MOST_ATTEMPTS = 20_000
"""So many attempts are looked at, the newest; what is older shows on its branch."""


class MissedDeliveries:
    """Looks into GitHub's log of the App's deliveries for those that never got in.

    A delivery that arrives meanwhile is the same one: it carries the same GUID.
    """

    def __init__(self, github: GitHub, inbox: Inbox, database: Database, clock: Clock) -> None:
        self._github = github
        self._inbox = inbox
        self._database = database
        self._clock = clock
        self._listed = True

    async def look(self, known_until: datetime | None, now: datetime) -> datetime | None:
        """Take in what was missed, the oldest first; answer from when on to look the next time.

        `None` where something is left. The first look of all takes nothing in: what happened
        before the bot was there is none of its business. Raises `GitHubFailed`, `RetryLater`.
        """
        if known_until is None or not self._listed:
            return now - EXACTNESS
        try:
            attempts = await self._attempts(max(known_until, now - REMEMBERED))
        except AppNeeded as needed:
            self._listed = False
            log.info("deliveries_not_listed", problem=str(needed))
            return now - EXACTNESS
        guids = {attempt.guid.lower() for attempt in attempts}
        lost = missed(attempts, await self._inbox.known(guids))
        # Not as soon as one fails: the others can be had.
        done = [await self._recover(attempt) for attempt in lost]
        return max(known_until, now - OVERLAP) if all(done) else None

    async def _attempts(self, since: datetime) -> list[DeliveryAttempt]:
        """Answer the attempts since then at what matters, the newest first."""
        seen, attempts = 0, []
        async for attempt in self._github.deliveries(since):
            seen += 1
            if seen > MOST_ATTEMPTS:
                log.warning("deliveries_left_out", since=since.isoformat(), looked_at=MOST_ATTEMPTS)
                break
            # A ping is answered and not taken in.
            if handles(attempt.event, attempt.action) and attempt.event != "ping":
                attempts.append(attempt)
        return attempts

    async def _recover(self, attempt: DeliveryAttempt) -> bool:
        """Take a delivery in as GitHub keeps it; answer whether it is done with."""
        bound = log.bind(delivery=attempt.guid, delivered=attempt.event, action=attempt.action)
        try:
            record = await self._github.delivery(attempt.id)
        except NotFound:
            bound.warning("delivery_forgotten", tried_at=attempt.delivered_at.isoformat())
            return True
        except GitHubFailed as failed:
            bound.warning("delivery_not_recovered", problem=str(failed))
            return not failed.passing
        received = record.received(self._clock.now())
        if await self._inbox.take_in(received):
            what = f"{attempt.event} {received.repository or ''} {attempt.guid}"
            await self._database.write(
                lambda session: count(session, Missed.DELIVERY, what, self._clock.now())
            )
            bound.warning(
                "delivery_recovered",
                repository=received.repository,
                answered=attempt.status_code,
                tried_at=attempt.delivered_at.isoformat(),
            )
        return True


def missed(
    attempts: Iterable[DeliveryAttempt], known: Mapping[str, datetime | None]
) -> list[DeliveryAttempt]:
    """Answer the deliveries that never got in, each by its newest attempt, the oldest first.

    `attempts` come the newest first; `known` are those that got in, with when they were put
    aside. Of such a one a later attempt is somebody's wish to have it handled again.
    """
    newest: dict[str, DeliveryAttempt] = {}
    for attempt in attempts:
        newest.setdefault(attempt.guid.lower(), attempt)
    lost = []
    for guid, attempt in newest.items():
        put_aside_at = known.get(guid)
        again = put_aside_at is not None and attempt.delivered_at > put_aside_at
        if not attempt.succeeded and (guid not in known or again):
            lost.append(attempt)
    return lost[::-1]
