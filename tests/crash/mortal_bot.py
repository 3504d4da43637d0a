"""The bot as a process of its own that kills itself, without warning, after a number of steps."""

import asyncio
import os
import signal
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

import structlog
from pydantic import SecretStr
from sqlmodel import Session, col, func, select

from bot.app import web_app
from bot.engine.happenings import Happening, StepEnded
from bot.outbox.budget import Pace
from bot.parts import opened
from bot.settings import Settings
from bot.simulated.serving import serving
from bot.states import LIVE
from bot.store.tables import Delivery, Notice, Order, Rollout, Run
from bot.worker import work
from resources.example import fleet

LOOK_EVERY = 0.02
AT_ONCE = Pace(timedelta(0), per_minute=10_000, per_tenant=timedelta(0), settles=timedelta(0))


@dataclass(frozen=True)
class Life:
    """How one life of the bot goes.

    `steps` is how many it lives to see, 0 for all; it does not end by itself before there were
    so many `rollouts`, and so many `orders` were carried out.
    """

    home: Path
    sources: dict[str, str]
    api_url: str
    app_id: int
    private_key: str
    secret: str
    port: int
    steps: int
    rollouts: int
    orders: int = 0

    def settings(self) -> Settings:
        return Settings(
            database_url=f"sqlite:///{self.home / 'orbits.db'}",
            github_api_url=self.api_url,
            github_app_id=self.app_id,
            github_private_key=SecretStr(self.private_key),
            github_webhook_secret=SecretStr(self.secret),
            stacks="resources.example:stacks",
        )


class Death:
    """Comes after a number of steps, in the way of SIGKILL."""

    def __init__(self, steps: int) -> None:
        self._left = steps

    def hear(self, happening: Happening) -> None:
        if isinstance(happening, StepEnded):
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)


def live(life: Life, ready: Connection) -> None:
    """Serve until death, or until there is nothing left to do; then end with status 0."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    asyncio.run(_live(life, ready))


async def _live(life: Life, ready: Connection) -> None:
    settings = life.settings()
    async with (
        opened(
            settings,
            fleet=fleet(life.home, life.sources),
            listeners=[Death(life.steps).hear],
        ) as parts,
        serving(web_app(parts, partial(work, pace=AT_ONCE)), port=life.port),
    ):
        ready.send("serving")
        nothing_left = partial(_has_nothing_left, life)
        while not await parts.database.read(nothing_left):  # noqa: ASYNC110
            await asyncio.sleep(LOOK_EVERY)


def _has_nothing_left(life: Life, session: Session) -> bool:
    begun = session.exec(select(func.count(col(Rollout.id)))).one()
    carried_out = session.exec(
        select(func.count(col(Order.line))).where(col(Order.state).not_in(LIVE))
    ).one()
    open_deliveries = session.exec(
        select(func.count(col(Delivery.guid))).where(col(Delivery.state).in_(LIVE))
    ).one()
    live_runs = session.exec(select(func.count(col(Run.id))).where(col(Run.state).in_(LIVE))).one()
    untold = session.exec(
        select(func.count(col(Notice.key))).where(col(Notice.final).is_(False))
    ).one()
    all_came = begun >= life.rollouts and carried_out >= life.orders
    return all_came and open_deliveries + live_runs + untold == 0
