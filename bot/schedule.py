"""What happens by the clock and not because somebody asked: sweeps that put right what was lost."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

import structlog
from apscheduler.events import EVENT_JOB_ERROR, JobExecutionEvent
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot.drift.records import Drifts
from bot.drift.watching import RANK
from bot.engine.clock import Clock
from bot.outbox.writer import Outbox
from bot.rollouts.plans.records import Plans
from bot.rollouts.records import Rollouts
from bot.store.database import Database
from bot.store.retention import prune, prune_routine

log = structlog.get_logger(__name__)

LOOK_EVERY = timedelta(seconds=5)
SWEEP_EVERY = timedelta(seconds=30)
READ_EVERY = timedelta(minutes=1)
LOOKS_KEPT = timedelta(days=1)
"""So long the runs of looks are kept that went well; what they found is in the rows."""

PRUNE_EVERY = timedelta(hours=1)
COMPARED_AFTER = timedelta(minutes=5)
"""After a start GitHub is left to what cannot wait."""


Chore = Callable[[], Awaitable[None]]


@dataclass(frozen=True)
class Chores:
    """What there is to do by the clock.

    `read_policies` and `compare_issues` ask GitHub, and leave off where it does not answer.
    """

    rollouts: Rollouts
    plans: Plans
    drifts: Drifts
    outbox: Outbox
    read_policies: Chore
    compare_issues: Chore
    forget: Chore


def schedule(chores: Chores) -> AsyncIOScheduler:
    """Answer a scheduler that is ready to start, in the running event loop."""
    rollouts, plans, drifts = chores.rollouts, chores.plans, chores.drifts
    scheduler = AsyncIOScheduler(
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
    )
    every = {"trigger": "interval", "seconds": SWEEP_EVERY.total_seconds(), "jitter": 5}
    scheduler.add_job(rollouts.end_abandoned, id="end-abandoned-rollouts", **every)
    scheduler.add_job(rollouts.thaw, id="thaw-rollouts", **every)
    scheduler.add_job(plans.sweep, id="sweep-plans", **every)
    scheduler.add_job(chores.outbox.sweep, id="repair-outbox", **every)
    scheduler.add_job(drifts.sweep, id="sweep-drifts", **every)
    often = {"trigger": "interval", "seconds": LOOK_EVERY.total_seconds()}
    scheduler.add_job(drifts.tick, id="look-for-drift", **often)
    at_once = {"next_run_time": datetime.now(UTC)}
    scheduler.add_job(drifts.learn_intervals, id="learn-intervals", **at_once)
    minutely = {"trigger": "interval", "seconds": READ_EVERY.total_seconds(), "jitter": 5}
    read = partial(_until_the_end, chores.read_policies)
    scheduler.add_job(read, id="read-policies", **minutely, **at_once)
    hourly = {"trigger": "interval", "seconds": PRUNE_EVERY.total_seconds(), "jitter": 300}
    compare = partial(_until_the_end, chores.compare_issues)
    soon = {"next_run_time": datetime.now(UTC) + COMPARED_AFTER}
    scheduler.add_job(compare, id="compare-issues", **hourly, **soon)
    scheduler.add_job(chores.forget, id="prune", **hourly)
    scheduler.add_listener(tell_of_failure, EVENT_JOB_ERROR)
    return scheduler


def tell_of_failure(event: JobExecutionEvent) -> None:
    """Log what failed as we log everything: what a library logs by itself alerts nobody."""
    if not isinstance(event.exception, asyncio.CancelledError):
        log.error("chore_failed", chore=event.job_id, exc_info=event.exception)


async def _until_the_end(work: Callable[[], Awaitable[None]]) -> None:
    """Do what may be underway when the scheduler ends: it would log the end as a failure."""
    with contextlib.suppress(asyncio.CancelledError):
        await work()


async def forget_the_old(database: Database, older_than: timedelta, clock: Clock) -> None:
    """Delete finished runs with their logs, deliveries and notices, when their time has come."""
    pruned = await prune(database, older_than, clock.now())
    log.info("pruned", **asdict(pruned))
    looks = await prune_routine(database, LOOKS_KEPT, clock.now(), RANK)
    log.info("pruned_looks", **asdict(looks))
