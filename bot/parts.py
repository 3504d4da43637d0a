"""What a process is made of, whether it takes deliveries in, works on them, or does both."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from enum import StrEnum
from importlib import import_module

from bot.engine.clock import Clock, SystemClock
from bot.engine.dispatch import Dispatch
from bot.engine.happenings import Listener
from bot.engine.pace import Pace
from bot.engine.polling import Polling
from bot.inbox import Inbox
from bot.settings import Settings, StoreSettings, load_fleet
from bot.store import schema
from bot.store.database import Database
from bot.store.seat import FileSeat, Seat, seat_of
from bot.terraform_state.passwords import Passwords
from resources.fleet import Fleet


class Role(StrEnum):
    """What a process does about the work that waits in its database."""

    STARTING = "starting"
    STANDING_BY = "standing by"
    WORKING = "working"
    UNABLE = "unable to work"
    TAKING_IN = "taking deliveries in"


@dataclass
class Parts:
    """The parts of one process.

    `works` while it works on the database; `unable` from a failure to do so until it succeeds.
    """

    settings: Settings
    database: Database
    seat: Seat
    inbox: Inbox
    fleet: Fleet
    clock: Clock
    listeners: tuple[Listener, ...] = ()
    works: bool = False
    unable: bool = False
    only_takes_in: bool = False
    """Whether others work: a web process beside workers that share a queue."""
    address: str | None = None
    """Where this process answers on its machine, as far as it does."""

    @property
    def public_address(self) -> str | None:
        """Where the bot answers, for the tools that its runs start; `None` is not known."""
        return self.settings.public_url or self.address

    @property
    def role(self) -> Role:
        """What the process does just now."""
        if self.works:
            return Role.WORKING
        if self.seat.stands_by:
            return Role.STANDING_BY
        if self.only_takes_in:
            return Role.TAKING_IN
        return Role.UNABLE if self.unable else Role.STARTING


@contextlib.asynccontextmanager
async def opened(
    settings: Settings,
    *,
    fleet: Fleet | None = None,
    clock: Clock | None = None,
    listeners: Iterable[Listener] = (),
) -> AsyncIterator[Parts]:
    """Open what the settings name; the database is brought to this release's schema."""
    clock = clock or SystemClock()
    database = Database(settings.database_url)
    await asyncio.to_thread(schema.upgrade, database.engine)
    async with database:
        yield Parts(
            settings=settings,
            database=database,
            # Where many share the work, there is room for all of them.
            seat=FileSeat(None) if settings.is_distributed else _seat(database, settings),
            inbox=Inbox(database, clock),
            fleet=fleet or load_fleet(settings.stacks),
            clock=clock,
            listeners=tuple(listeners),
        )


def passwords_of(settings: Settings) -> Passwords:
    """Answer what makes passwords of runs: alike in all processes of one bot."""
    own = settings.github_private_key
    secrets = (settings.github_webhook_secret, *([] if own is None else [own]))
    return Passwords("\n".join(secret.get_secret_value() for secret in secrets))


def _seat(database: Database, settings: Settings) -> Seat:
    pace = settings.pace
    return seat_of(database, heartbeat=pace.heartbeat, expiry=pace.expiry)


def dispatch_of(database: Database, settings: StoreSettings, pace: Pace | None = None) -> Dispatch:
    """Answer how a process tells and hears of runs: in the store itself, or by the queue."""
    if not settings.is_distributed:
        return Polling(database)
    # The queue's library is loaded only where there is a queue.
    jobs = import_module("bot.engine.jobs")
    tempo = pace or Pace()
    patience = jobs.Patience(heartbeat=tempo.heartbeat, stalled_after=tempo.expiry)
    dispatch: Dispatch = jobs.Jobs(settings.database_url, patience)
    return dispatch
