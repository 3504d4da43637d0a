"""The whole product in one process: people on a simulated GitHub, an agency's tenants, the bot."""

import asyncio
import contextlib
import re
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

from sqlmodel import Session, col, select

from bot.demo.agency import Agency
from bot.demo.changes import ProposedChange
from bot.engine.happenings import Happening, StepEnded
from bot.rollouts.tenants import Tenants
from bot.simulated.github import CheckRun, PullRequest, Repository, SimulatedGitHub, User
from bot.simulated.github import Delivery as Attempt
from bot.simulated.github.issues import Comment as Said
from bot.simulated.github.pulls import Method
from bot.store.database import Database
from bot.store.tables import Deployed, Look, Plan, Rollout, Tenant
from tests.stories.clock import StoryClock
from tests.stories.process import Doorstep, Machine, Process
from tests.stories.settled import is_settled, unsettled

T = TypeVar("T")

PATIENCE = timedelta(seconds=30)
LOOK_EVERY = timedelta(milliseconds=20)
HOME = "/srv/agency"
"""How texts name the folder that the tenants live in."""

OF_TENANT = "orbits/deploy: "
ANSWER = "<!-- orbits: answer to "

RUN = "run 7f3c"
"""How texts name any run."""

DURATION = re.compile(r"(took |\| )(?:[0-9.]+s|[0-9]+[mh][0-9]{2})(?= |\n|$)")
"""How long something took; texts say `0s`."""


@dataclass(frozen=True)
class Merge:
    """A pull request that was merged, and the commit that the base was at afterwards."""

    pull: PullRequest
    sha: str

    @property
    def short(self) -> str:
        """The commit as people read it."""
        return self.sha[:7]


class World:
    """What a story is told about; `process` is the bot, unless it is down."""

    def __init__(
        self,
        agency: Agency,
        clock: StoryClock,
        doorstep: Doorstep,
        paths: Mapping[str, tuple[str, ...]],
    ) -> None:
        self.agency = agency
        self.clock = clock
        self.machine = Machine(agency, clock, dict(paths), self._hear)
        self.doorstep = doorstep
        self._store = Database(agency.settings().database_url)
        self._running = AsyncExitStack()
        self._process: Process | None = None
        self._steps: list[StepEnded] = []

    # Who and what there is

    @property
    def github(self) -> SimulatedGitHub:
        return self.agency.github

    @property
    def maya(self) -> User:
        return self.agency.maya

    @property
    def backend(self) -> Repository:
        return self.agency.repositories["backend"]

    @property
    def frontend(self) -> Repository:
        return self.agency.repositories["frontend"]

    @property
    def auth(self) -> Repository:
        return self.agency.repositories["auth"]

    @property
    def process(self) -> Process:
        if self._process is None:
            raise RuntimeError("the bot is down")
        return self._process

    # What people do

    async def merges(
        self,
        change: ProposedChange | Mapping[str, str],
        *,
        to: Repository | None = None,
        base: str = "main",
        method: Method = "squash",
    ) -> Merge:
        """Let maya propose a change of the backend, or of another repository, and merge it."""
        if not isinstance(change, ProposedChange):
            change = ProposedChange(f"Change {', '.join(change)}", change)
        pull = await self.maya.opens_pull_request(
            to or self.backend, change.title, dict(change.files), base=base
        )
        return await self.merges_pull(pull, method)

    async def merges_pull(self, pull: PullRequest, method: Method = "squash") -> Merge:
        """Let maya merge a pull request that is open."""
        return Merge(pull, await self.maya.merges(pull, method))

    async def types(self, pull: PullRequest, line: str, who: User | None = None) -> Said:
        """Let maya, or somebody else, write a comment, and wait until all of it is done."""
        comment = await (who or self.maya).comments(pull, line)
        await self.settles()
        return comment

    async def takes_on(self, name: str, *services: str) -> None:
        """Let an operator add a client, which uses some services only or all."""
        async with Database(self._store.url) as database:
            tenant = Tenant(name=name, services=list(services), variables={"region": "eu-west-1"})
            await Tenants(database, self.clock).add(tenant)

    async def forgets(self, name: str) -> None:
        """Let an operator forget a client."""
        async with Database(self._store.url) as database:
            await Tenants(database, self.clock).remove(name)

    async def operator_runs(self, statement: Callable[[Session], object]) -> None:
        """Let an operator write into the store by hand."""
        async with Database(self._store.url) as database:
            await database.write(statement)

    def merge_customers(self, tenant: str) -> None:
        """Let somebody at a tenant keep one customer for each e-mail address."""
        with closing(sqlite3.connect(self._database_of(tenant))) as connection, connection:
            connection.execute(
                "DELETE FROM customers WHERE id NOT IN "
                "(SELECT min(id) FROM customers GROUP BY email)"
            )

    def spoil_database(self, tenant: str) -> None:
        """Let somebody at a tenant write nonsense over the backend's database."""
        self._database_of(tenant).write_text("This is no database.")

    @contextlib.contextmanager
    def busy(self, tenant: str) -> Iterator[None]:
        """Keep the database of a tenant's backend locked, so that no migration gets through."""
        with closing(sqlite3.connect(self._database_of(tenant))) as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield
            connection.rollback()

    # What the bot does

    async def start(self) -> None:
        """Start the bot, and wait until it works and has looked for what it missed."""
        due_before = self._looks_due()
        process = await self._running.enter_async_context(self.machine.started())
        self._process, self.doorstep.web = process, process.web
        await self.until(lambda _: process.parts.works)
        await self.until(lambda _: self._has_looked(due_before))

    async def is_set_up(self, **settings: object) -> None:
        """Let an operator set something, and start the bot anew."""
        self.machine = replace(self.machine, settings=settings)
        await self.restart()

    async def stop(self) -> None:
        """Stop the bot gracefully, as a new release does."""
        self.doorstep.web, self._process = None, None
        await self._running.aclose()

    async def restart(self) -> None:
        """Stop the bot, and start it anew on the same database."""
        await self.stop()
        await self.start()

    async def end(self) -> None:
        """Stop the bot for good."""
        await self.stop()
        self._store.engine.dispose()

    async def settles(self) -> None:
        """Wait until nothing is left that could be done before time goes by."""
        await self.github.deliveries_settled()
        await self.until(lambda session: is_settled(session, self.clock.now()))

    async def until(self, holds: Callable[[Session], bool]) -> None:
        """Wait until something holds in the store."""
        try:
            async with asyncio.timeout(PATIENCE.total_seconds()):
                while not self.stored(holds):  # noqa: ASYNC110 (the store tells nobody)
                    await asyncio.sleep(LOOK_EVERY.total_seconds())
        except TimeoutError:
            left = self.stored(lambda session: list(unsettled(session, self.clock.now())))
            raise AssertionError(f"It did not come about in {PATIENCE}; left: {left}") from None

    async def has_done(self, step: str, of: str, times: int = 1) -> None:
        """Wait until a step of an identity is done, such as `iac-deploy` of `backend-acme`."""
        await self.until(
            lambda _: (
                times
                <= sum(each.step.startswith(step) and each.identity == of for each in self._steps)
            )
        )

    async def passes(self, time: timedelta) -> None:
        """Let time go by, and what is due then be done."""
        self.clock.pass_by(time)
        await self.settles()

    # What can be seen

    def revisions(self, service: str) -> dict[str, str]:
        """Answer the revision of a service that each tenant has."""
        chosen = select(Deployed).where(col(Deployed.service) == service)
        return self.stored(
            lambda session: {row.tenant: row.revision for row in session.exec(chosen)}
        )

    def sticky_comment(self, pull: PullRequest) -> str:
        """Answer the one comment of the bot; texts name runs and the agency's folder alike."""
        (comment,) = self.comments(pull)
        return comment

    def comments(self, pull: PullRequest) -> list[str]:
        """Answer what the bot said on a pull request by itself."""
        return [said for said in self._said(pull) if not said.startswith(ANSWER)]

    def answers(self, pull: PullRequest) -> list[str]:
        """Answer what the bot said on a pull request because somebody typed a command."""
        said = [each for each in self._said(pull) if each.startswith(ANSWER)]
        return [each.partition("-->")[2].strip() for each in said]

    def reactions(self, comment: Said) -> list[str]:
        """Answer how the bot reacted to a comment."""
        bot = self.agency.app.bot
        return sorted(each.content for each in comment.reactions if each.account is bot)

    def check(self, sha: str, repository: Repository | None = None) -> CheckRun:
        """Answer the one check of a rollout on a commit."""
        (check,) = [each for each in self.checks(sha, repository) if each.name == "orbits/deploy"]
        return check

    def tenant_checks(self, sha: str) -> dict[str, str | None]:
        """Answer how the check of each tenant on a commit of the backend was concluded."""
        checks = [run for suite in self.backend.suites_of(sha) for run in suite.runs]
        return {
            run.name.removeprefix(OF_TENANT): run.conclusion
            for run in checks
            if run.name.startswith(OF_TENANT)
        }

    def checks(self, sha: str, repository: Repository | None = None) -> list[CheckRun]:
        """Answer every check that was ever made on a commit, but those of single tenants."""
        suites = (repository or self.backend).suites_of(sha)
        checks = [run for suite in suites for run in suite.runs]
        return [run for run in checks if not run.name.startswith(OF_TENANT)]

    def written(self, check: CheckRun) -> tuple[str | None, str, str]:
        """Answer a check's title, summary and text."""
        return check.title, self._told(check.summary or ""), self._told(check.text or "")

    def deliveries(self, event: str, action: str) -> list[Attempt]:
        """Answer GitHub's attempts to tell of something."""
        attempts = self.github.deliveries
        return [
            each for each in attempts if (each.parcel.event, each.parcel.action) == (event, action)
        ]

    def times_done(self, step: str, of: str) -> int:
        """Answer how often a step of an identity was carried out."""
        return sum(each.step.startswith(step) and each.identity == of for each in self._steps)

    def plan(self, pull: PullRequest) -> Plan | None:
        """Answer what is recorded of the plan of a pull request."""
        key = f"{pull.repository.full_name}#{pull.number}"
        return self.stored(lambda session: session.get(Plan, key))

    def rollouts(self) -> list[Rollout]:
        """Answer all rollouts, oldest first."""
        chosen = select(Rollout).order_by(col(Rollout.created_at))
        return self.stored(lambda session: list(session.exec(chosen)))

    def files(self, tenant: str, service: str = "backend") -> dict[str, bytes]:
        """Answer what lies in the environment of a tenant's service."""
        folder = self.agency.home / "accounts" / tenant / service
        found = (path for path in folder.rglob("*") if path.is_file())
        return {str(path.relative_to(folder)): path.read_bytes() for path in found}

    def stored(self, read: Callable[[Session], T]) -> T:
        """Answer what is read from the store."""
        with Session(self._store.engine, expire_on_commit=False) as session:
            return read(session)

    def _looks_due(self) -> dict[str, datetime]:
        return self.stored(
            lambda session: {
                row.name: row.due_at for row in session.exec(select(Look)) if not row.told_to_wait
            }
        )

    def _has_looked(self, due_before: Mapping[str, datetime]) -> bool:
        looks = self.stored(lambda session: list(session.exec(select(Look))))
        return len(looks) == 2 and all(
            row.told_to_wait or (row.due_at > self.clock.now() and row.due_at != before)
            for row in looks
            for before in [due_before.get(row.name)]
        )

    def _said(self, pull: PullRequest) -> list[str]:
        bot = self.agency.app.bot
        return [self._told(each.body) for each in pull.comments if each.author is bot]

    def _told(self, text: str) -> str:
        text = text.replace(str(self.agency.home), HOME)
        return DURATION.sub(r"\g<1>0s", re.sub(r"run [0-9a-f]{8,24}\b", RUN, text))

    def _database_of(self, tenant: str) -> Path:
        return self.agency.home / "accounts" / tenant / "backend" / "database.sqlite3"

    def _hear(self, happening: Happening) -> None:
        if isinstance(happening, StepEnded):
            self._steps.append(happening)


@contextlib.asynccontextmanager
async def running(world: World) -> AsyncIterator[World]:
    """Have the bot run while the story is told."""
    await world.start()
    try:
        yield world
    finally:
        await world.end()
