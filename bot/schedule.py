"""What happens by the clock and not because somebody asked: sweeps that put right what was lost."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import timedelta

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot.engine.clock import Clock
from bot.outbox.writer import Outbox
from bot.rollouts.plans.records import Plans
from bot.rollouts.records import Rollouts
from bot.store.database import Database
from bot.store.retention import prune

log = structlog.get_logger(__name__)

SWEEP_EVERY = timedelta(seconds=30)
PRUNE_EVERY = timedelta(hours=1)


def schedule(
    rollouts: Rollouts, plans: Plans, outbox: Outbox, forget: Callable[[], Awaitable[None]]
) -> AsyncIOScheduler:
    """Answer a scheduler that is ready to start, in the running event loop."""
    scheduler = AsyncIOScheduler(
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
    )
    every = {"trigger": "interval", "seconds": SWEEP_EVERY.total_seconds(), "jitter": 5}
    scheduler.add_job(rollouts.end_abandoned, id="end-abandoned-rollouts", **every)
    scheduler.add_job(rollouts.thaw, id="thaw-rollouts", **every)
    scheduler.add_job(plans.sweep, id="sweep-plans", **every)
    scheduler.add_job(outbox.sweep, id="repair-outbox", **every)
    hourly = {"trigger": "interval", "seconds": PRUNE_EVERY.total_seconds(), "jitter": 300}
    scheduler.add_job(forget, id="prune", **hourly)
    return scheduler


async def forget_the_old(database: Database, older_than: timedelta, clock: Clock) -> None:
    """Delete finished runs with their logs, deliveries and notices, when their time has come."""
    pruned = await prune(database, older_than, clock.now())
    log.info("pruned", **asdict(pruned))
