"""What works on the database: runs, deliveries, reports and sweeps, built once and kept going."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial

import structlog

from bot.engine.engine import Engine
from bot.engine.journal.queue import RunQueue
from bot.engine.logs.masking import Masks
from bot.github.door import GitHub
from bot.handlers import pull_request
from bot.handlers.registry import Bot
from bot.parts import Parts, dispatch_of
from bot.rollouts.records import Rollouts
from bot.rollouts.reporter import Pace, Reporter
from bot.schedule import forget_the_old, schedule
from bot.store.seat import seat_of
from resources.secrets import EnvironmentSecrets, FileSecrets, Secrets

log = structlog.get_logger(__name__)

AGAIN_AFTER = timedelta(seconds=5)


@contextlib.asynccontextmanager
async def working(
    parts: Parts, *, github: GitHub | None = None, pace: Pace | None = None
) -> AsyncIterator[Bot]:
    """Work on the database: alone once no other process does, or as one of many."""
    settings = parts.settings
    github = github or GitHub(
        str(settings.github_api_url).rstrip("/"), settings.app_key, clock=parts.clock.now
    )
    dispatch = dispatch_of(parts.database, settings, settings.pace)
    masks = Masks()
    reporter = Reporter(parts.database, github, parts.clock, pace)
    queue = RunQueue(dispatch, settings.limits)
    rollouts = Rollouts(parts.database, parts.clock, queue, reporter.wake)
    secrets = Secrets(EnvironmentSecrets(), FileSecrets(), hear=masks.add)
    engine = Engine(
        parts.database,
        seat=parts.seat,
        clock=parts.clock,
        given=(rollouts, parts.fleet, secrets),
        listeners=parts.listeners,
        pace=settings.pace,
        dispatch=dispatch,
        masks=masks,
    )
    async with github, engine:
        bot = Bot(github, parts.fleet, rollouts, engine, settings.deployments_at_once)
        async with _going(parts, bot, reporter):
            log.info("working", database=parts.database.name, dispatch=settings.dispatch)
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
    """Keep what one process does for all of them going, in whichever has the seat for it."""
    parts.works, parts.unable = True, False
    # In a group: where it ends, which it should not, the whole work ends, and begins anew.
    try:
        async with asyncio.TaskGroup() as group:
            conducting = group.create_task(_conduct(parts, bot, reporter), name="conductor")
            try:
                yield
            finally:
                conducting.cancel()
    finally:
        parts.works = False


async def _conduct(parts: Parts, bot: Bot, reporter: Reporter) -> None:
    """Handle deliveries, tell reports and make sweeps, whenever this process has the seat."""
    if not parts.settings.is_distributed:
        # Who works on the runs is alone on the database already.
        await _conducted(parts, bot, reporter)
    tempo = parts.settings.pace
    seat = seat_of(parts.database, "schedule", tempo.heartbeat, tempo.expiry)
    while True:
        await seat.take()
        log.info("conducting", database=parts.database.name)
        try:
            conducted = asyncio.create_task(_conducted(parts, bot, reporter))
            lost = asyncio.create_task(seat.lost.wait())
            try:
                await asyncio.wait([conducted, lost], return_when=asyncio.FIRST_COMPLETED)
            finally:
                lost.cancel()
                conducted.cancel()
                ended = await asyncio.gather(conducted, return_exceptions=True)
            if not isinstance(ended[0], asyncio.CancelledError):
                await conducted
        finally:
            seat.leave()


async def _conducted(parts: Parts, bot: Bot, reporter: Reporter) -> None:
    """Do so until cancelled."""
    keep = timedelta(days=parts.settings.keep_days)
    forget = partial(forget_the_old, parts.database, keep, parts.clock)
    scheduler = schedule(bot.rollouts, reporter, forget)
    scheduler.start()
    try:
        async with asyncio.TaskGroup() as going:
            going.create_task(reporter.work(), name="reporter")
            going.create_task(
                parts.inbox.work(lambda event: pull_request.handlers.handle(event, bot)),
                name="inbox",
            )
    finally:
        scheduler.shutdown(wait=False)
