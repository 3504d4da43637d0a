"""Puts a process together: what takes deliveries in, and how it comes to work on them.

Taking in needs little and is ready at once. What works (the engine, GitHub's client, the
reporter) stands in `bot.worker`, and is loaded while deliveries are taken in already.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from starlette.applications import Starlette

from bot.engine.clock import Clock, SystemClock
from bot.engine.happenings import Listener
from bot.inbox import Inbox
from bot.settings import Settings, load_fleet
from bot.store import schema
from bot.store.database import Database
from bot.web.health import health_routes
from bot.web.webhook import webhook_route
from resources.fleet import Fleet

Work = Callable[["Service"], Coroutine[Any, Any, None]]
"""Works until it is cancelled."""


@dataclass
class Service:
    """The parts of one process. `works` while this process works on the database."""

    settings: Settings
    database: Database
    inbox: Inbox
    fleet: Fleet
    clock: Clock
    listeners: tuple[Listener, ...] = ()
    works: bool = False


@contextlib.asynccontextmanager
async def service(
    settings: Settings,
    *,
    fleet: Fleet | None = None,
    clock: Clock | None = None,
    listeners: Iterable[Listener] = (),
) -> AsyncIterator[Service]:
    """Open what the settings name; the database is brought to this release's schema."""
    clock = clock or SystemClock()
    database = Database(settings.database_url)
    await asyncio.to_thread(schema.upgrade, database.engine)
    async with database:
        yield Service(
            settings=settings,
            database=database,
            inbox=Inbox(database, clock),
            fleet=fleet or load_fleet(settings.stacks),
            clock=clock,
            listeners=tuple(listeners),
        )


async def load_and_work(of: Service) -> None:
    """Load what works, without keeping deliveries waiting, and work until cancelled."""
    worker = await asyncio.to_thread(import_module, "bot.worker")
    await worker.work(of)


def web_app(of: Service, work: Work = load_and_work) -> Starlette:
    """Answer the web application; while it is served, this process works as well."""

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        worker = asyncio.create_task(work(of), name="worker")
        try:
            yield
        finally:
            worker.cancel()
            await asyncio.gather(worker, return_exceptions=True)

    secret = of.settings.github_webhook_secret.get_secret_value()
    return Starlette(
        routes=[
            webhook_route((secret,), of.inbox.take_in, of.clock.now),
            *health_routes(of.database, lambda: of.works),
        ],
        lifespan=lifespan,
    )
