"""Where alerts are at work: rows of rollouts and drift, an outbox, and the channels it leads to."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, select

from bot.alerts.alerts import Alerts
from bot.alerts.ways import reachable, ways_of
from bot.channels.addresses import Addresses
from bot.outbox.announcement import announce
from bot.outbox.budget import Pace
from bot.outbox.marking import sweep
from bot.outbox.target import Way, Ways
from bot.outbox.writer import Outbox
from bot.simulated.slack import App, Channel, Message, SimulatedSlack
from bot.states import State
from bot.store.database import Database
from bot.store.tables import Deployment, Notice, Rollout, Silence, Tenant
from tests.outbox.office import LeapingClock

SHA, BEFORE = "a1b2c3d" + "0" * 33, "9f8e7d6" + "0" * 33
SWEEP = timedelta(seconds=30)
MOST_ROUNDS = 3_000


@dataclass
class Newsroom:
    """What the tests act on. `addresses` are the channels that are set up."""

    database: Database
    clock: LeapingClock
    slack: SimulatedSlack
    app: App
    deploys: Channel
    addresses: Addresses
    ways: Ways = field(init=False)
    outbox: Outbox = field(init=False)

    def __post_init__(self) -> None:
        self.restart()

    def restart(self, **changes: Any) -> None:
        """Begin with another process on the same database, perhaps with other settings."""
        self.addresses = replace(self.addresses, **changes)
        # Nothing goes to GitHub here.
        github = Way(None, Pace(), {})
        self.ways = ways_of(self.addresses, github, self.database, self.clock)
        self.renew()

    def renew(self) -> None:
        """Begin with another outbox on the ways that there are."""
        renderers = Alerts(reachable(self.addresses)).renderers
        self.outbox = Outbox(self.database, self.ways, self.clock, renderers)

    # What happens

    async def tenants(self, **rings: str) -> None:
        """Let there be tenants, each in a ring."""
        rows = [
            Tenant(name=name, ring=ring, created_at=self.clock.now())
            for name, ring in rings.items()
        ]
        await self.database.write(lambda session: session.add_all(rows))

    async def rollout(
        self,
        tenants: Mapping[str, State],
        state: State = State.RUNNING,
        *,
        name: str = "7",
        title: str = "Use new session store",
        policy: str = "",
        leg: int = 1,
    ) -> None:
        """Let a rollout stand so, and be looked at."""
        now = self.clock.now()
        row = Rollout(
            id=name,
            number=int(name),
            key=name,
            repository="agency/backend",
            branch="main",
            sha=SHA,
            services=["backend"],
            pull_request=381,
            title=title,
            author="maria",
            asked_by="maria",
            url="https://github.com/agency/backend/pull/381",
            policy=policy,
            state=state,
            leg=leg,
            created_at=now,
        )
        rows = [_deployment(name, tenant, each) for tenant, each in tenants.items()]

        def stands(session: Session) -> None:
            for one in (row, *rows):
                session.merge(one)
            announce(session, f"rollout/{name}", f"rollout-alert:{name}")

        await self.database.write(stands)
        await self.settles()

    async def look(self, subject: str, source: str, *rows: Any) -> None:
        """Let rows stand so, and what they are about be looked at."""

        def stand(session: Session) -> None:
            for row in rows:
                session.merge(row)
            announce(session, subject, source)

        await self.database.write(stand)
        await self.settles()

    async def passes(self, time: timedelta) -> None:
        """Let time go by, and send what is due in it; all is looked at again now and then."""
        end, step = self.clock.now() + time, max(SWEEP, time / 200)
        while self.clock.now() < end:
            await self.settles(end)
            left = end - self.clock.now()
            self.clock.pass_by(min(max(left, timedelta(0)), step))
            await self.database.write(sweep)
        await self.settles(end)

    async def settles(self, end: datetime | None = None) -> None:
        """Send until nothing may be sent until the `end`, or for the next ten seconds."""
        end = end or self.clock.now() + timedelta(seconds=10)
        for _ in range(MOST_ROUNDS):
            before = self.clock.now(), len(self.slack.requests)
            await self.outbox.write_due()
            soon = await self.database.read(self._next)
            if soon is None or soon > end:
                return
            if (self.clock.now(), len(self.slack.requests)) == before:
                await self.clock.sleep_until(max(soon, self.clock.now() + timedelta(seconds=1)))
        raise AssertionError("it goes on for ever")

    def _next(self, session: Session) -> datetime | None:
        """Answer when something may be sent; `None` where there is nothing."""
        now = self.clock.now()
        silences = {row.account: row.until for row in session.exec(select(Silence))}
        due = session.exec(select(Notice).where(col(Notice.due).is_(True))).all()
        times = [
            max(row.not_before or now, silences.get(row.account, now), now)
            for row in due
            if self.ways.leads_to(row.account)
        ]
        return min(times, default=None)

    # What can be seen

    @property
    def message(self) -> Message:
        """The one message in #deploys."""
        (message,) = self.deploys.messages
        return message

    @property
    def title(self) -> str:
        """What that message is headed with."""
        return self.message.text

    @property
    def replies(self) -> list[str]:
        """What is said in its thread."""
        return [each.text for each in self.message.replies]

    async def notice(self, key: str) -> Notice:
        return await self.database.read(lambda session: session.get_one(Notice, key))


def answers(message: Message) -> dict[str, str]:
    """Answer what a message says to each question, as its author wrote it."""
    texts = []
    for block in message.blocks:
        texts += [each["text"] for each in block.get("fields", ())]
        texts += [block["text"]["text"]] if block["type"] == "section" and "text" in block else []
    pairs = (text.split("*\n", 1) for text in texts if text.startswith("*"))
    return {question.removeprefix("*"): answer for question, answer in pairs}


def _deployment(rollout: str, tenant: str, state: State) -> Deployment:
    failed = state is State.FAILED
    return Deployment(
        rollout_id=rollout,
        tenant=tenant,
        state=state,
        reason=f"{tenant} uses backend",
        target={"backend": SHA},
        before={"backend": BEFORE},
        failed_step="sql-migrate" if failed else None,
        problem="status 3" if failed else None,
        tail=f"ERROR of {tenant}" if failed else None,
        rolled_back=failed,
    )
