"""The one writer of what should be said outside: account by account, each at its own pace."""

import asyncio
from collections.abc import Mapping
from functools import partial

import structlog

from bot.alarm import Alarm
from bot.engine.clock import Clock
from bot.outbox import ledger, marking
from bot.outbox.budget import next_turn
from bot.outbox.rendering import Render
from bot.outbox.sending import Desk, Sending
from bot.outbox.target import Ways
from bot.store.database import Database
from bot.store.tables import Notice

log = structlog.get_logger(__name__)

ACCOUNTS_AT_ONCE = 20


class Outbox:
    """Tells what is due, one write after the other in each account.

    The outcome of the work never depends on whether it could be told. One process does this at
    a time, whichever conducts; any may mark notices as due. `renderers` are those of sources, by
    what stands before their colon.
    """

    def __init__(
        self,
        database: Database,
        ways: Ways,
        clock: Clock,
        renderers: Mapping[str, Render],
    ) -> None:
        self._desk = Desk(database, ways, clock, renderers)
        self._alarm = Alarm()
        self._busy: set[str] = set()
        self._places = asyncio.Semaphore(ACCOUNTS_AT_ONCE)

    def wake(self) -> None:
        """Look for what is due, now; what others mark is seen within a second in any case."""
        self._alarm.ring()

    async def work(self) -> None:
        """Tell what is due, for ever."""
        swept = False
        async with asyncio.TaskGroup() as group:
            async for _ in self._alarm.rounds():
                try:
                    if not swept:
                        await self.sweep()
                    swept = True
                    for account in await self._idle_accounts():
                        self._busy.add(account)
                        group.create_task(self._serve(account), name=f"outbox {account}")
                except Exception:
                    log.exception("outbox_failed")

    async def sweep(self) -> None:
        """Mark what has not told its end as due: nothing stays open because a mark was lost."""
        await self._desk.database.write(marking.sweep)

    async def write_due(self) -> None:
        """Tell, once, what may be told without waiting for more than the pause between writes."""
        accounts = await self._idle_accounts()
        self._busy.update(accounts)
        async with asyncio.TaskGroup() as group:
            for account in accounts:
                group.create_task(self._serve(account))

    async def _idle_accounts(self) -> list[str]:
        now = self._desk.clock.now()
        due = await self._desk.database.read(partial(ledger.accounts, now))
        ways = self._desk.ways
        return [each for each in due if each not in self._busy and ways.leads_to(each)]

    async def _serve(self, account: str) -> None:
        """Give the notices of one account their turns, until none may be written soon."""
        turns = 0
        try:
            async with self._places:
                while await self._next_turn(account):
                    turns += 1
        except Exception:
            log.exception("outbox_failed", account=account)
        finally:
            self._busy.discard(account)
        if turns:
            # What came while the last one was being told has not been looked at.
            self.wake()

    async def _next_turn(self, account: str) -> bool:
        """Give one notice its turn, or wait for it a moment; answer whether to look again."""
        database, clock = self._desk.database, self._desk.clock
        now, pace = clock.now(), self._desk.ways.of(account).pace
        stands = await database.read(partial(ledger.standing, account, now, pace.per_hour))
        turn = next_turn(stands.waiting, stands.times, now, pace)
        if turn is None or turn.at - now > pace.between:
            return False
        if turn.at > now:
            await clock.sleep_until(turn.at)
        else:
            row = await database.read(lambda session: session.get_one(Notice, turn.key))
            await Sending(self._desk, row).send()
        return True
