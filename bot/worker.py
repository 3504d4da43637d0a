"""What works on the database: runs, deliveries, reports and sweeps, built once and kept going."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta

import structlog

from bot.app import Service
from bot.engine.engine import Engine
from bot.github.door import GitHub
from bot.handlers import pull_request
from bot.handlers.registry import Bot
from bot.rollouts.records import Rollouts
from bot.rollouts.reporter import Pace, Reporter
from bot.schedule import schedule

log = structlog.get_logger(__name__)

AGAIN_AFTER = timedelta(seconds=5)


@contextlib.asynccontextmanager
async def working(
    of: Service, *, github: GitHub | None = None, pace: Pace | None = None
) -> AsyncIterator[Bot]:
    """Work on the database, once no other process of this machine does."""
    github = github or GitHub(
        str(of.settings.github_api_url).rstrip("/"), of.settings.app_key, clock=of.clock.now
    )
    reporter = Reporter(of.database, github, of.clock, pace)
    rollouts = Rollouts(of.database, of.clock, reporter.wake)
    engine = Engine(of.database, clock=of.clock, given=(rollouts, of.fleet), listeners=of.listeners)
    async with github, engine:
        bot = Bot(github, of.fleet, rollouts, engine, of.settings.deployments_at_once)
        async with _going(of, bot, reporter):
            log.info("working", database=of.database.name)
            yield bot


async def work(of: Service, *, github: GitHub | None = None, pace: Pace | None = None) -> None:
    """Work until cancelled. What makes it stop otherwise is logged, and it begins anew."""
    while True:
        try:
            async with working(of, github=github, pace=pace):
                await asyncio.Event().wait()
        except Exception:
            log.exception("work_stopped", again_in_seconds=AGAIN_AFTER.total_seconds())
            await asyncio.sleep(AGAIN_AFTER.total_seconds())


@contextlib.asynccontextmanager
async def _going(of: Service, bot: Bot, reporter: Reporter) -> AsyncIterator[None]:
    """Keep deliveries handled, reports told and sweeps made."""
    tasks = [
        asyncio.create_task(reporter.work(), name="reporter"),
        asyncio.create_task(
            of.inbox.work(lambda event: pull_request.handlers.handle(event, bot)), name="inbox"
        ),
    ]
    scheduler = schedule(bot.rollouts, reporter)
    scheduler.start()
    of.works = True
    try:
        yield
    finally:
        of.works = False
        scheduler.shutdown(wait=False)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
