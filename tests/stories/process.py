"""The bot as one process: its web application, and what works behind it."""

import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial

import httpx
from starlette.applications import Starlette

from bot.app import web_app
from bot.demo.agency import Agency
from bot.drift.looking import new_look
from bot.drift.mending import new_fix
from bot.drift.policies import refresh
from bot.drift.reconciling import reconcile
from bot.drift.records import Drifts
from bot.engine.clock import Clock
from bot.engine.control.control import Control
from bot.engine.happenings import Listener
from bot.engine.journal.asking import RunQueue
from bot.engine.polling import Polling
from bot.github.door import GitHub
from bot.github.wire import Patience
from bot.orders.asked import Desk
from bot.outbox.budget import Pace
from bot.outbox.targets import only_github
from bot.outbox.writer import Outbox
from bot.parts import Parts, opened
from bot.rollouts.plans.plan_change import PlanChange
from bot.rollouts.plans.records import Plans
from bot.rollouts.records import Rollouts
from bot.rollouts.rollout import RollOut
from bot.schedule import Chores, forget_the_old, schedule
from bot.worker import work
from resources.fleet import Fleet

AT_ONCE = Pace(
    between=timedelta(0),
    per_minute=10_000,
    per_hour=10_000,
    per_tenant=timedelta(0),
    settles=timedelta(0),
)
NO_PAUSES = Patience(pauses=(0.0, 0.0, 0.0))


class Doorstep(httpx.AsyncBaseTransport):
    """Where GitHub delivers to; while no process of the bot is up, nobody answers."""

    web: Starlette | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.web is None:
            raise httpx.ConnectError("nobody listens there", request=request)
        return await httpx.ASGITransport(self.web).handle_async_request(request)


@dataclass(frozen=True)
class Process:
    """A process of the bot, as it is while it runs."""

    parts: Parts
    github: GitHub
    web: Starlette

    async def sweeps(self) -> None:
        """Do at once what the schedule does every half minute."""
        database, clock = self.parts.database, self.parts.clock
        rollouts = self._rollouts()
        outbox = Outbox(database, only_github(self.github, AT_ONCE), clock, {})
        keep = timedelta(days=self.parts.settings.keep_days)
        forget = partial(forget_the_old, database, keep, clock)
        drifts, services = self.drifts(), self.parts.fleet.services
        policies = partial(refresh, database, self.github, clock, services)
        plans = self._plans()
        compare = partial(reconcile, drifts, self.github)
        chores = Chores(rollouts, plans, drifts, outbox, policies, compare, forget)
        for job in schedule(chores).get_jobs():
            await job.func()

    def desk(self) -> Desk:
        """Answer what commands are carried out with."""
        fleet = self.parts.fleet
        rollouts, plans, control = self._rollouts(), self._plans(), self.control()
        return Desk(self.github, fleet, rollouts, plans, control, self.drifts())

    def drifts(self) -> Drifts:
        """Answer what looks for drift, and repairs it."""
        parts = self.parts
        return Drifts(
            parts.database,
            parts.clock,
            RunQueue(Polling(parts.database)),
            parts.fleet,
            new_look,
            new_fix,
            at_once=parts.settings.cycles_at_once,
        )

    def _rollouts(self) -> Rollouts:
        database, clock = self.parts.database, self.parts.clock
        return Rollouts(database, clock, RunQueue(Polling(database)), _new_leg)

    def _plans(self) -> Plans:
        database, clock = self.parts.database, self.parts.clock
        queue, services = RunQueue(Polling(database)), self.parts.fleet.services
        return Plans(database, clock, queue, self.control(), services, _new_plan)

    def control(self) -> Control:
        """Answer what an operator acts on runs with."""
        return Control(self.parts.database, self.parts.clock, Polling(self.parts.database))

    def client(self) -> httpx.AsyncClient:
        """Answer a client of its web application."""
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.web), base_url="http://orbits.test"
        )


def _new_leg(rollout_id: str, leg: int) -> RollOut:
    return RollOut(rollout_id=rollout_id, leg=leg)


def _new_plan(key: str, attempt: int, tenants: Sequence[str]) -> PlanChange:
    return PlanChange(key=key, attempt=attempt, tenants=tuple(tenants))


@dataclass(frozen=True)
class Machine:
    """What every process of the bot is started with."""

    agency: Agency
    clock: Clock
    paths: dict[str, tuple[str, ...]]
    hear: Listener
    cycles_at_once: int = 0
    """In most stories nobody looks for drift, but by hand."""
    settings: Mapping[str, object] = field(default_factory=dict)
    """What an operator has set beside that."""

    @contextlib.asynccontextmanager
    async def started(self) -> AsyncIterator[Process]:
        """Start a process, and stop it gracefully at the end."""
        usual = self.agency.settings()
        changed = {"cycles_at_once": self.cycles_at_once, **self.settings}
        settings = usual.model_copy(update=changed)
        github = GitHub(
            str(settings.github_api_url),
            settings.credentials,
            clock=self.clock.now,
            transport=httpx.ASGITransport(self.agency.github.asgi),
            patience=NO_PAUSES,
        )
        fleet, listeners = self._fleet(), (self.hear,)
        async with opened(settings, fleet=fleet, clock=self.clock, listeners=listeners) as parts:
            web = web_app(parts, partial(work, github=github, pace=AT_ONCE))
            async with web.router.lifespan_context(web):
                yield Process(parts, github, web)

    def _fleet(self) -> Fleet:
        fleet = self.agency.fleet
        services = [
            replace(each, paths=self.paths.get(each.name, each.paths)) for each in fleet.services
        ]
        return replace(fleet, services=tuple(services))
