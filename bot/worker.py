"""What works on the database: runs, deliveries, reports and sweeps, built once and kept going."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta

import structlog

from bot.engine.engine import Engine
from bot.github.door import GitHub
from bot.handlers import pull_request
from bot.handlers.registry import Bot
from bot.parts import Parts
from bot.rollouts.records import Rollouts
from bot.rollouts.reporter import Pace, Reporter
from bot.schedule import schedule

log = structlog.get_logger(__name__)

AGAIN_AFTER = timedelta(seconds=5)


@contextlib.asynccontextmanager
async def working(
    parts: Parts, *, github: GitHub | None = None, pace: Pace | None = None
) -> AsyncIterator[Bot]:
    """Work on the database, once no other process of this machine does."""
    github = github or GitHub(
        str(parts.settings.github_api_url).rstrip("/"),
        parts.settings.app_key,
        clock=parts.clock.now,
    )
    reporter = Reporter(parts.database, github, parts.clock, pace)
    rollouts = Rollouts(parts.database, parts.clock, reporter.wake)
    engine = Engine(
        parts.database,
        seat=parts.seat,
        clock=parts.clock,
        given=(rollouts, parts.fleet),
        listeners=parts.listeners,
    )
    async with github, engine:
        bot = Bot(github, parts.fleet, rollouts, engine, parts.settings.deployments_at_once)
        async with _going(parts, bot, reporter):
            log.info("working", database=parts.database.name)
            yield bot


async def work(parts: Parts, *, github: GitHub | None = None, pace: Pace | None = None) -> None:
    """Work until cancelled. What makes it stop otherwise is logged, and it begins anew."""
    while True:
        try:
            async with working(parts, github=github, pace=pace) as bot:
                await bot.engine.lost.wait()
        except Exception:
            parts.unable = True
            log.exception("work_stopped", again_in_seconds=AGAIN_AFTER.total_seconds())
            await asyncio.sleep(AGAIN_AFTER.total_seconds())


@contextlib.asynccontextmanager
async def _going(parts: Parts, bot: Bot, reporter: Reporter) -> AsyncIterator[None]:
    """Keep deliveries handled, reports told and sweeps made."""
    scheduler = schedule(bot.rollouts, reporter)
    # In a group: one that ends, which none of them should, ends them all, and they begin anew.
    async with asyncio.TaskGroup() as going:
        tasks = [
            going.create_task(reporter.work(), name="reporter"),
            going.create_task(
                parts.inbox.work(lambda event: pull_request.handlers.handle(event, bot)),
                name="inbox",
            ),
        ]
        scheduler.start()
        parts.works, parts.unable = True, False
        try:
            yield
        finally:
            parts.works = False
            scheduler.shutdown(wait=False)
            for task in tasks:
                task.cancel()
