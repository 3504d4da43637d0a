"""What works on the database: runs, deliveries, notices and sweeps, built once and kept going."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from functools import partial

import structlog

from bot.engine.control.control import Control
from bot.engine.engine import Engine
from bot.engine.journal.queue import RunQueue
from bot.engine.logs.masking import Masks
from bot.github.door import GitHub
from bot.handlers.everything import HANDLERS
from bot.handlers.registry import Bot
from bot.outbox.budget import Pace
from bot.outbox.targets import only_github
from bot.outbox.writer import Outbox
from bot.parts import Parts, dispatch_of
from bot.recovery.recovery import recovery
from bot.rollouts.plans.plan_change import PlanChange
from bot.rollouts.plans.records import Plans
from bot.rollouts.records import Rollouts
from bot.rollouts.reports import Reports
from bot.rollouts.rollout import RollOut
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
    outbox = _outbox(parts, github, pace or Pace())
    queue = RunQueue(dispatch, settings.limits)
    new_leg = partial(_new_leg, settings.deployments_at_once)
    rollouts = Rollouts(parts.database, parts.clock, queue, new_leg, outbox.wake)
    control = Control(parts.database, parts.clock, dispatch, limits=settings.limits)
    new_plan = partial(_new_plan, settings.deployments_at_once)
    plans = Plans(
        parts.database, parts.clock, queue, control, parts.fleet.services, new_plan, outbox.wake
    )
    secrets = Secrets(EnvironmentSecrets(), FileSecrets(), hear=masks.add)
    engine = Engine(
        parts.database,
        seat=parts.seat,
        clock=parts.clock,
        given=(rollouts, plans, parts.fleet, secrets),
        listeners=parts.listeners,
        pace=settings.pace,
        dispatch=dispatch,
        masks=masks,
    )
    async with github, engine:
        bot = Bot(github, parts.fleet, rollouts, plans, engine, control, parts.clock)
        async with _going(parts, bot, outbox):
            log.info("working", database=parts.database.name, dispatch=settings.dispatch)
            yield bot


def _new_leg(at_once: int, rollout_id: str, leg: int) -> RollOut:
    return RollOut(rollout_id=rollout_id, leg=leg, at_once=at_once)


def _new_plan(at_once: int, key: str, attempt: int, tenants: Sequence[str]) -> PlanChange:
    return PlanChange(key=key, attempt=attempt, tenants=tuple(tenants), at_once=at_once)


def _outbox(parts: Parts, github: GitHub, pace: Pace) -> Outbox:
    renderers = Reports(parts.clock, pace).renderers
    return Outbox(parts.database, only_github(github, pace), parts.clock, renderers)


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
async def _going(parts: Parts, bot: Bot, outbox: Outbox) -> AsyncIterator[None]:
    """Keep what one process does for all of them going, in whichever has the seat for it."""
    parts.works, parts.unable = True, False
    # In a group: where it ends, which it should not, the whole work ends, and begins anew.
    try:
        async with asyncio.TaskGroup() as group:
            conducting = group.create_task(_conduct(parts, bot, outbox), name="conductor")
            try:
                yield
            finally:
                conducting.cancel()
    finally:
        parts.works = False


async def _conduct(parts: Parts, bot: Bot, outbox: Outbox) -> None:
    """Handle deliveries, tell GitHub and make sweeps, whenever this process has the seat."""
    if not parts.settings.is_distributed:
        # Who works on the runs is alone on the database already.
        await _conducted(parts, bot, outbox)
    tempo = parts.settings.pace
    seat = seat_of(parts.database, "schedule", tempo.heartbeat, tempo.expiry)
    while True:
        await seat.take()
        log.info("conducting", database=parts.database.name)
        try:
            conducted = asyncio.create_task(_conducted(parts, bot, outbox))
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


async def _conducted(parts: Parts, bot: Bot, outbox: Outbox) -> None:
    """Do so until cancelled."""
    keep = timedelta(days=parts.settings.keep_days)
    forget = partial(forget_the_old, parts.database, keep, parts.clock)
    scheduler = schedule(bot.rollouts, bot.plans, outbox, forget)
    scheduler.start()
    try:
        async with asyncio.TaskGroup() as going:
            going.create_task(outbox.work(), name="outbox")
            going.create_task(
                parts.inbox.work(lambda event: HANDLERS.handle(event, bot)),
                name="inbox",
            )
            looks = recovery(bot, parts.inbox, parts.database)
            going.create_task(looks.work(), name="recovery")
    finally:
        scheduler.shutdown(wait=False)
