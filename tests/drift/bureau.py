"""Where issues of drift live in tests: a simulated GitHub, the rows, the outbox, and the world."""

import shutil
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import httpx
from sqlmodel import Session, col, delete, select
from starlette.applications import Starlette

from bot.drift import fixes, rows
from bot.drift.hand import Hand, Sight
from bot.drift.looking import new_look
from bot.drift.mending import new_fix
from bot.drift.reconciling import reconcile
from bot.drift.records import Drifts
from bot.drift.reports import DriftReports
from bot.drift.wanted import desired_of
from bot.drift.watching import watch
from bot.engine.control.control import Control
from bot.engine.dispatch import Dispatch
from bot.engine.engine import Engine
from bot.engine.journal.asking import RunQueue
from bot.engine.polling import Polling
from bot.github.auth import AppKey
from bot.github.delivery import ReceivedDelivery
from bot.github.door import GitHub
from bot.github.events import parse
from bot.github.wire import Patience
from bot.handlers.everything import HANDLERS
from bot.handlers.registry import Bot
from bot.outbox.announcement import Announcement
from bot.outbox.budget import Pace
from bot.outbox.rendering import Render, Rendered
from bot.outbox.target import Way, Ways
from bot.outbox.targets import ON_GITHUB
from bot.outbox.writer import Outbox
from bot.rollouts.plans.plan_change import PlanChange
from bot.rollouts.plans.records import Plans
from bot.rollouts.records import Rollouts
from bot.rollouts.rollout import RollOut
from bot.simulated.github import Issue, Repository, SimulatedGitHub, User
from bot.simulated.github.apps import App, Level
from bot.store.database import Database
from bot.store.tables import Deployed, Drift, Notice, Run, Tenant
from bot.web.webhook import webhook_route
from resources.fleet import Desired, Fleet, Service
from resources.model.resource import Difference, Resource
from tests.openapi import validate_request
from tests.outbox.office import START, Died, LeapingClock, Road

NAME = "agency/backend"
TENANTS = ("acme", "globex")
SECRET = "a secret of this test"
PERMISSIONS: dict[str, Level] = {
    "checks": "write",
    "contents": "read",
    "deployments": "write",
    "issues": "write",
    "pull_requests": "read",
}
FAST = Pace(between=timedelta(0), per_minute=10_000, per_hour=100_000)
"""How fast GitHub is written to has tests of its own."""

ROUNDS = 8
"""A drift that comes and goes is closed when six looks in a row have found nothing."""

MOST_ROUNDS = 200

World = dict[str, dict[str, str]]
"""By tenant what somebody changed by hand: a path, and what is there now."""


def _stack(desired: Desired) -> Resource:
    raise NotImplementedError(f"nobody brings anything about for {desired.tenant} here")


FLEET = Fleet((Service("backend", NAME),), _stack)


@dataclass
class Bureau:
    """What the tests act on; a crash leaves of the bot only what its database has."""

    github: SimulatedGitHub
    repository: Repository
    app: App
    maya: User
    clock: LeapingClock
    folder: Path
    taken_in: list[ReceivedDelivery]
    world: World = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    """Tenants that cannot be looked at."""
    heard: int = 0
    _running: AsyncExitStack = field(default_factory=AsyncExitStack)

    @property
    def store(self) -> Path:
        return self.folder / "orbits.db"

    @property
    def copy(self) -> Path:
        return self.folder / "backup.db"

    # The process

    async def begin(self) -> None:
        """Start the bot on the database."""
        self.database = await self._running.enter_async_context(Database(f"sqlite:///{self.store}"))
        self.road = Road(self.github.asgi, self.clock)
        door = GitHub(
            self.github.platform.api,
            AppKey(str(self.app.id), self.app.private_key),
            clock=self.clock.now,
            transport=self.road,
            patience=Patience(pauses=(0.0,)),
        )
        self.door = await self._running.enter_async_context(door)
        database, clock = self.database, self.clock
        dispatch: Dispatch = Polling(database)
        queue = RunQueue(dispatch)
        rollouts = Rollouts(database, clock, queue, _new_leg)
        control = Control(database, clock, dispatch)
        plans = Plans(database, clock, queue, control, FLEET.services, _new_plan)
        self.drifts = Drifts(database, clock, queue, FLEET, new_look, new_fix)
        engine = Engine(database, clock=clock)
        self.bot = Bot(self.door, FLEET, rollouts, plans, self.drifts, engine, control, clock)
        self.outbox = self._outbox()

    async def crash(self) -> None:
        """Drop everything that the process knows, and begin anew."""
        await self._running.aclose()
        await self.begin()

    async def end(self) -> None:
        await self._running.aclose()

    def back_up(self) -> None:
        """Copy the store as it is now."""
        with closing(sqlite3.connect(self.store)) as now, closing(sqlite3.connect(self.copy)) as to:
            now.backup(to)

    async def restore(self) -> None:
        """Put the store back to what was copied: what GitHub told since is not told again."""
        if not self.copy.exists():
            return
        await self._running.aclose()
        for left in self.folder.glob("orbits.db*"):
            left.unlink()
        shutil.copy(self.copy, self.store)
        await self.begin()

    # What happens

    async def looks(self, tenant: str, *, may_fix: bool = False) -> None:
        """Let a look find what is there, or fail."""
        differences = tuple(
            Difference(path=path, desired="as it was", observed=observed)
            for path, observed in self.world.get(tenant, {}).items()
        )
        problem = "the host is down" if tenant in self.broken else ""
        sight = Sight(() if problem else differences, problem, timedelta(hours=1))

        def see(hand: Hand) -> None:
            desired = desired_of(hand.session, tenant)
            if desired is not None:
                watched = watch(hand.session, tenant, sight.every, hand.now)
                rows.seen(hand, watched, desired, sight, may_fix=may_fix)

        await self.drifts.change(see)

    async def carries_out(self) -> None:
        """Let repairs that were begun be done: the world is as desired again."""
        fixing = await self.database.read(_fixing)
        for tenant, run_id in fixing:
            self.world.pop(tenant, None)
            await self.drifts.change(partial(_end_fix, tenant, run_id))
            await self.looks(tenant)

    async def hears(self) -> None:
        """Let the bot handle what GitHub told since."""
        await self.github.deliveries_settled()
        while self.heard < len(self.taken_in):
            await self._handle(self.taken_in[self.heard])
            self.heard += 1

    async def hears_again(self) -> None:
        """Let the bot handle once more all that GitHub ever told of issues, the newest first."""
        for delivery in reversed(self.taken_in):
            if delivery.event == "issues":
                await self._handle(delivery)

    async def writes(self, time: timedelta = timedelta(minutes=1)) -> None:
        """Let the outbox write what is due within a time; where it dies it begins anew."""
        end = self.clock.now() + time
        for _ in range(MOST_ROUNDS):
            try:
                await self.outbox.write_due()
            except* Died:
                await self.crash()
            soon = await self.database.read(self._next)
            if soon is None or soon > end:
                return
            await self.clock.sleep_until(soon)
        raise AssertionError("it writes for ever")

    async def settles(self) -> None:
        """Let everything that is to follow follow: looks, repairs, events and words."""
        self.github.outages.end()
        self.broken.clear()
        for _ in range(ROUNDS):
            self.clock.pass_by(timedelta(hours=2))
            await self.hears()
            for tenant in TENANTS:
                await self.looks(tenant)
            await self.carries_out()
            await self.writes(timedelta(minutes=30))
        await reconcile(self.drifts, self.door)
        await self.writes()

    # What can be seen

    def issues(self, tenant: str | None = None) -> list[Issue]:
        """Answer the issues of the bot, of one tenant or of all, the oldest first."""
        key = f"<!-- orbits: drift {tenant}" if tenant else ""
        return [
            each
            for each in self.repository.issues.values()
            if each.author is self.app.bot and each.body.startswith(key)
        ]

    def remarks(self, issue: Issue) -> list[str]:
        """Answer what the bot said under an issue."""
        return [each.body for each in issue.comments if each.author is self.app.bot]

    async def row(self, tenant: str) -> Drift | None:
        return await self.database.read(lambda session: session.get(Drift, tenant))

    @property
    def written(self) -> int:
        """How often GitHub took a write."""
        taken = [each for each in self.github.requests if each.status < 400]
        return sum(each.method != "GET" and "access_tokens" not in each.path for each in taken)

    async def _handle(self, delivery: ReceivedDelivery) -> None:
        event = parse(delivery.event, delivery.payload)
        if event is not None:
            await HANDLERS.handle(event, self.bot)

    def _outbox(self) -> Outbox:
        nobody_hears = Way(None, FAST, {Announcement.kind: Announcement})
        ways = Ways(Way(self.door, FAST, ON_GITHUB), {"alerts": nobody_hears})
        renderers: dict[str, Render] = {
            **DriftReports(FLEET.services).renderers,
            "drift-alert": _silence,
            "umbrella-alert": _silence,
            "watch-alert": _silence,
        }
        return Outbox(self.database, ways, self.clock, renderers)

    def _next(self, session: Session) -> datetime | None:
        """Answer when there may be something to write next."""
        due = select(Notice).where(col(Notice.due).is_(True))
        times = [row.not_before or self.clock.now() for row in session.exec(due)]
        return min(times, default=None)


@asynccontextmanager
async def opened(folder: Path, store: Path, keys: tuple[str, str]) -> AsyncIterator[Bureau]:
    """Open a bureau on a copy of an empty store; whatever it asks is as GitHub describes it."""
    shutil.copy(store, folder / "orbits.db")
    clock, taken_in = LeapingClock(), list[ReceivedDelivery]()

    async def take_in(delivery: ReceivedDelivery) -> bool:
        taken_in.append(delivery)
        return True

    web = Starlette(routes=[webhook_route((SECRET,), take_in, clock.now)])
    transport = httpx.ASGITransport(web)
    site = SimulatedGitHub(
        folder / "github", clock=clock.now, transport=transport, new_keys=lambda: keys
    )
    organization = site.organization("agency")
    repository = await organization.create_repository("backend", {"src/app.py": "1\n"})
    maya = site.user("maya")
    repository.allow(maya, "admin")
    app = site.register_app(
        "orbits",
        webhook_url="http://bot.test/webhooks/github",
        webhook_secret=SECRET,
        permissions=PERMISSIONS,
        events=("issues", "issue_comment"),
    )
    app.install_on(organization)
    bureau = Bureau(site, repository, app, maya, clock, folder, taken_in)
    async with site:
        await bureau.begin()
        try:
            await bureau.database.write(_clients)
            yield bureau
        finally:
            await bureau.end()
    for request in site.requests:
        validate_request(request.method, request.path, request.query, request.json)


def _clients(session: Session) -> None:
    for tenant in TENANTS:
        session.add(Tenant(name=tenant, created_at=START))
        sha = "a1b2c3d4" * 5
        session.add(Deployed(tenant=tenant, service="backend", revision=sha, updated_at=START))


def _silence(_: Session, __: str, ___: object, ____: object) -> Rendered:
    return Rendered(None)


def _fixing(session: Session) -> list[tuple[str, str]]:
    found = session.exec(select(Drift).where(col(Drift.fixing)))
    return [(row.tenant, row.fix_run_id or "") for row in found]


def _end_fix(tenant: str, run_id: str, hand: Hand) -> None:
    fixes.end(hand.session, tenant, run_id)
    hand.session.exec(delete(Run).where(col(Run.id) == run_id))


def _new_leg(rollout_id: str, leg: int) -> RollOut:
    return RollOut(rollout_id=rollout_id, leg=leg, at_once=1)


def _new_plan(key: str, attempt: int, tenants: Sequence[str]) -> PlanChange:
    return PlanChange(key=key, attempt=attempt, tenants=tuple(tenants), at_once=1)
