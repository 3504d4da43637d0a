"""What happens by the clock and not because somebody asked: sweeps that put right what was lost."""

from datetime import timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot.rollouts.records import Rollouts
from bot.rollouts.reporter import Reporter

SWEEP_EVERY = timedelta(seconds=30)


def schedule(rollouts: Rollouts, reporter: Reporter) -> AsyncIOScheduler:
    """Answer a scheduler that is ready to start, in the running event loop."""
    scheduler = AsyncIOScheduler(
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
    )
    every = {"trigger": "interval", "seconds": SWEEP_EVERY.total_seconds(), "jitter": 5}
    scheduler.add_job(rollouts.end_abandoned, id="end-abandoned-rollouts", **every)
    scheduler.add_job(reporter.sweep, id="repair-reports", **every)
    return scheduler
