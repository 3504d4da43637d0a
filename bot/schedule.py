"""What happens by the clock and not because somebody asked: sweeps that put right what was lost."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot.engine.clock import Clock
from bot.rollouts.records import Rollouts
from bot.rollouts.reporter import Reporter
from bot.store.database import Database
from bot.store.retention import prune

log = structlog.get_logger(__name__)

SWEEP_EVERY = timedelta(seconds=30)
PRUNE_EVERY = timedelta(hours=1)


def schedule(
    rollouts: Rollouts, reporter: Reporter, forget: Callable[[], Awaitable[None]]
) -> AsyncIOScheduler:
    """Answer a scheduler that is ready to start, in the running event loop."""
    scheduler = AsyncIOScheduler(
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
    )
    every = {"trigger": "interval", "seconds": SWEEP_EVERY.total_seconds(), "jitter": 5}
    scheduler.add_job(rollouts.end_abandoned, id="end-abandoned-rollouts", **every)
    scheduler.add_job(reporter.sweep, id="repair-reports", **every)
    hourly = {"trigger": "interval", "seconds": PRUNE_EVERY.total_seconds(), "jitter": 300}
    scheduler.add_job(forget, id="prune", **hourly)
    return scheduler


async def forget_the_old(database: Database, older_than: timedelta, clock: Clock) -> None:
    """Delete finished runs with their logs, and handled deliveries, when their time has come."""
    pruned = await prune(database, older_than, clock.now())
    log.info("pruned", runs=pruned.runs, steps=pruned.steps, deliveries=pruned.deliveries)
