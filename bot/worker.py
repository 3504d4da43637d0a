"""What works on the database: runs, deliveries, notices and sweeps, built once and kept going."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from functools import partial

import structlog

from bot.alarm import Alarm
from bot.alerts.alerts import Alerts
from bot.alerts.mishaps import Mishaps, note
from bot.alerts.ways import pages_of, reachable, ways_of
from bot.drift.looking import new_look
from bot.drift.mending import new_fix
from bot.drift.policies import refresh
from bot.drift.reconciling import reconcile
from bot.drift.records import Drifts
from bot.drift.reports import DriftReports
from bot.engine.control.control import Control
from bot.engine.engine import Engine
from bot.engine.journal.asking import RunQueue
from bot.github.door import GitHub
from bot.github.fetching import GithubLogins
from bot.github.repositories import GithubRepositories
from bot.handlers.everything import HANDLERS
from bot.handlers.registry import Bot
from bot.outbox.budget import Pace
from bot.outbox.target import Way
from bot.outbox.targets import ON_GITHUB
from bot.outbox.writer import Outbox
from bot.parts import Parts, dispatch_of, passwords_of
from bot.recovery.recovery import recovery
from bot.rollouts.plans.plan_change import PlanChange
from bot.rollouts.plans.records import Plans
from bot.rollouts.records import Rollouts
from bot.rollouts.reports import Reports
from bot.rollouts.rollout import RollOut
from bot.schedule import Chores, forget_the_old, schedule
from bot.store.seat import seat_of
from bot.terraform_state.access import ServedStates
from resources.executors.admission import admitting
from resources.executors.machine import room_of_this_machine
from resources.masking import Masks
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
        str(settings.github_api_url).rstrip("/"), settings.credentials, clock=parts.clock.now
    )
    dispatch = dispatch_of(parts.database, settings, settings.pace)
    masks = Masks()
    outbox = _outbox(parts, github, pace)
    queue = RunQueue(dispatch, settings.limits)
    new_leg = partial(_new_leg, settings.deployments_at_once)
    rollouts = Rollouts(parts.database, parts.clock, queue, new_leg, outbox.wake)
    control = Control(parts.database, parts.clock, dispatch, limits=settings.limits)
    new_plan = partial(_new_plan, settings.deployments_at_once)
    plans = Plans(
        parts.database, parts.clock, queue, control, parts.fleet.services, new_plan, outbox.wake
    )
    drifts = Drifts(
        parts.database,
        parts.clock,
        queue,
        parts.fleet,
        new_look,
        new_fix,
        told=outbox.wake,
        at_once=settings.cycles_at_once,
        masks=masks,
    )
    secrets = Secrets(EnvironmentSecrets(), FileSecrets(), *parts.fleet.secrets, hear=masks.add)
    states = ServedStates(
        parts.database,
        passwords_of(settings),
        address=lambda: parts.public_address,
        mask=masks.add,
    )
    logins = GithubLogins(github, str(settings.github_api_url), masks.add)
    hosts = (GithubRepositories(github), logins)
    engine = Engine(
        parts.database,
        seat=parts.seat,
        clock=parts.clock,
        given=(rollouts, plans, drifts, parts.fleet, secrets, masks, states, *hosts),
        listeners=parts.listeners,
        pace=settings.pace,
        dispatch=dispatch,
        masks=masks,
    )
    with admitting(room_of_this_machine()):
        async with github, engine:
            bot = Bot(github, parts.fleet, rollouts, plans, drifts, engine, control, parts.clock)
            async with _going(parts, bot, outbox):
                log.info("working", database=parts.database.name, dispatch=settings.dispatch)
                yield bot


def _new_leg(at_once: int, rollout_id: str, leg: int) -> RollOut:
    return RollOut(rollout_id=rollout_id, leg=leg, at_once=at_once)


def _new_plan(at_once: int, key: str, attempt: int, tenants: Sequence[str]) -> PlanChange:
    return PlanChange(key=key, attempt=attempt, tenants=tuple(tenants), at_once=at_once)


def _outbox(parts: Parts, github: GitHub, pace: Pace | None) -> Outbox:
    """Answer what tells GitHub and channels; `pace` is that of all of them where it is given."""
    usual, addresses = pace or Pace(), parts.settings.addresses
    ways = ways_of(addresses, Way(github, usual, ON_GITHUB), parts.database, parts.clock, pace=pace)
    alerts = Alerts(reachable(addresses), pages_of(str(parts.settings.github_api_url)))
    drift = DriftReports(parts.fleet.services)
    usually = Reports(parts.clock, usual).renderers
    renderers = {**usually, **drift.renderers, **alerts.renderers}
    return Outbox(parts.database, ways, parts.clock, renderers)


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
            noting = group.create_task(_note_mishaps(parts, outbox), name="mishaps")
            try:
                yield
            finally:
                conducting.cancel()
                noting.cancel()
    finally:
        parts.works = False


async def _note_mishaps(parts: Parts, outbox: Outbox) -> None:
    """Write down what is logged as an error, so that it is alerted of, until cancelled."""
    mishaps = Mishaps()
    with mishaps.listening():
        async for _ in Alarm().rounds():
            if not (heard := mishaps.take()):
                continue
            try:
                await parts.database.write(partial(note, heard, parts.clock.now()))
                outbox.wake()
            except Exception as error:  # noqa: BLE001 (it is in the log all the same)
                log.warning("mishap_not_noted", problem=type(error).__name__)


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
    services = parts.fleet.services
    policies = partial(refresh, parts.database, bot.github, parts.clock, services)
    compare = partial(reconcile, bot.drifts, bot.github)
    scheduler = schedule(
        Chores(bot.rollouts, bot.plans, bot.drifts, outbox, policies, compare, forget)
    )
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
