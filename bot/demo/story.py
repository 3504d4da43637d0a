"""The story of the demo, acted out for real: every line it prints was looked up, not assumed."""

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial
from pathlib import Path

from rich.console import Console
from sqlmodel import Session, col, select

from bot.app import web_app
from bot.demo.agency import ODD_ONE, REGIONS, Agency, found_agency
from bot.demo.changes import ONE_ACCOUNT_PER_EMAIL, REMEMBER_PHONE, ProposedChange
from bot.demo.narration import Narrator
from bot.outbox.budget import Pace
from bot.parts import opened
from bot.report.check import CHECK_NAME
from bot.report.facts import RolloutFacts
from bot.rollouts.facts import facts_of
from bot.rollouts.notices import is_told
from bot.rollouts.tenants import Tenants
from bot.simulated.github import PullRequest, SimulatedGitHub
from bot.simulated.serving import serving
from bot.states import State
from bot.store.database import Database
from bot.store.tables import Rollout
from bot.worker import work, working
from resources.errors import OrbitsError, Refused

MARK = ".made-by-orbits-demo"
MEND = "DELETE FROM customers WHERE id > 2"
PATIENCE = timedelta(seconds=60)
LOOK_EVERY = timedelta(milliseconds=50)
PACE = Pace(
    between=timedelta(milliseconds=50), per_minute=10_000, per_tenant=timedelta(milliseconds=20)
)
"""The simulated GitHub is not limited as the real one is."""


class NotAsTold(OrbitsError):
    """What the demo shows is not what happened."""


class Story:
    """The agency, the bot, and what happens between them."""

    def __init__(self, agency: Agency, database: Database, narrator: Narrator) -> None:
        self._agency = agency
        self._database = database
        self.narrator = narrator
        self._told: set[str] = set()

    async def a_change_that_fits(self) -> None:
        """Merge a pull request that reaches every client."""
        self.narrator.chapter("A pull request is merged, and every tenant gets it")
        facts = await self._merge(REMEMBER_PHONE)
        _must(
            {each.state for each in facts.deployments} == {State.SUCCEEDED}
            and len(facts.deployments) == len(REGIONS),
            "every tenant should have the first change",
        )
        for tenant in REGIONS:
            _must("phone" in self._agency.columns(tenant), f"{tenant} should have the column")

    async def a_change_that_does_not(self) -> None:
        """Merge one that fails for a single client, who is rolled back alone."""
        self.narrator.chapter(f"Another is merged, and does not fit the data of {ODD_ONE}")
        await self._agency.import_customers_twice()
        facts = await self._merge(ONE_ACCOUNT_PER_EMAIL)
        for each in facts.deployments:
            odd = each.tenant == ODD_ONE
            wanted = State.FAILED if odd else State.SUCCEEDED
            _must(each.state is wanted, f"{each.tenant} should have {wanted}")
            verified = "verified" in self._agency.columns(each.tenant)
            _must(verified is not odd, f"the schema of {each.tenant} should tell")
            _must((each.rolled_back_to is not None) is odd, f"{each.tenant}: who is rolled back?")

    async def _merge(self, change: ProposedChange) -> RolloutFacts:
        maya, backend = self._agency.maya, self._agency.backend
        pull = await maya.opens_pull_request(backend, change.title, dict(change.files))
        self.narrator.line(f"maya opens #{pull.number} “{pull.title}”: {pull.html_url}")
        sha = await maya.merges(pull, "squash")
        self.narrator.line(f"maya merges it as {sha[:7]}")
        facts = await self._rolled_out(sha)
        self.narrator.rollout(facts)
        self._tell_what_github_shows(pull, sha, facts)
        return facts

    async def next_rollout(self) -> None:
        """Wait for a rollout that was not told yet, and tell it."""
        while (sha := await self._database.read(self._untold)) is None:  # noqa: ASYNC110
            await asyncio.sleep(LOOK_EVERY.total_seconds())
        self.narrator.chapter(f"{sha[:7]} was merged")
        try:
            self.narrator.rollout(await self._rolled_out(sha))
        except NotAsTold as slow:
            self.narrator.line(str(slow))

    def _untold(self, session: Session) -> str | None:
        newest_last = select(Rollout.sha).order_by(col(Rollout.created_at))
        return next((sha for sha in session.exec(newest_last) if sha not in self._told), None)

    async def _rolled_out(self, sha: str) -> RolloutFacts:
        """Tell each deployment as it ends, until GitHub has been told the last of it."""
        self._told.add(sha)
        told: set[str] = set()
        try:
            async with asyncio.timeout(PATIENCE.total_seconds()):
                while True:
                    facts, final = await self._database.read(lambda session: _found(session, sha))
                    for each in facts.deployments if facts else ():
                        if each.state.terminal and each.tenant not in told:
                            told.add(each.tenant)
                            self.narrator.deployment(each)
                    if facts and final:
                        return facts
                    await asyncio.sleep(LOOK_EVERY.total_seconds())
        except TimeoutError:
            raise NotAsTold(f"The rollout of {sha[:7]} did not end in {PATIENCE}.") from None

    def _tell_what_github_shows(self, pull: PullRequest, sha: str, facts: RolloutFacts) -> None:
        every = self._agency.backend.check_runs(sha)
        checks = [check for check in every if check.name == CHECK_NAME]
        _must(len(checks) == 1, "there should be one check of the rollout on the merge commit")
        green = all(each.state is State.SUCCEEDED for each in facts.deployments)
        wanted = "success" if green else "failure"
        _must(checks[0].conclusion == wanted, f"the check should end in {wanted}")
        self.narrator.line(f"the check {checks[0].name} on {sha[:7]}: {checks[0].conclusion}")
        comments = [each for each in pull.comments if each.author is self._agency.app.bot]
        _must(len(comments) == 1, "there should be one comment of the bot's")
        self.narrator.comment(self._agency.app.bot_login, comments[0].body)


def _must(holds: bool, what: str) -> None:
    if not holds:
        raise NotAsTold(f"The demo does not show what it should: {what}.")


def _found(session: Session, sha: str) -> tuple[RolloutFacts | None, bool]:
    rollout = session.exec(select(Rollout).where(col(Rollout.sha) == sha)).first()
    if rollout is None:
        return None, False
    return facts_of(session, rollout.id), is_told(session, rollout)


def _empty(home: Path) -> None:
    """Make an empty folder; only one that a demo made is ever emptied."""
    mark = home / MARK
    if home.exists() and any(home.iterdir()) and not mark.is_file():
        raise Refused(
            f"{home} holds files that no demo put there, and a demo begins in an empty folder. "
            "Name another with --home. Nothing was touched."
        )
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    mark.write_text("Made by `orbits demo`, which empties this folder when it begins anew.\n")


@contextlib.asynccontextmanager
async def demo_world(home: Path, port: int) -> AsyncIterator[Agency]:
    """Make an empty home and an agency in it, on a simulated GitHub that is being served."""
    await asyncio.to_thread(_empty, home)
    async with (
        SimulatedGitHub(home / "github") as github,
        serving(github.asgi, port=port) as address,
    ):
        github.address = address
        yield await found_agency(github, home)


async def tell(home: Path, console: Console, *, once: bool, port: int = 0) -> None:
    """Tell the whole story; then, unless `once`, leave everything running until cancelled.

    Raises `NotAsTold` where something did not happen as the story says.
    """
    narrator = Narrator(console)
    async with demo_world(home, port) as agency:
        narrator.chapter("An agency with three services and six clients")
        narrator.line(f"its repositories, on a simulated GitHub: {agency.github.address}")
        settings = agency.settings()
        async with opened(settings, fleet=agency.fleet) as parts:
            async with working(parts) as bot:
                await agency.take_clients_on(bot, Tenants(parts.database, parts.clock))
            narrator.line(f"its clients, each in an account of its own: {home / 'accounts'}")
            async with serving(web_app(parts, partial(work, pace=PACE))) as address:
                agency.app.webhook_url = f"{address}/webhooks/github"
                narrator.line(f"the bot, which hears of every merge: {address}/readyz")
                story = Story(agency, parts.database, narrator)
                await story.a_change_that_fits()
                await story.a_change_that_does_not()
                if not once:
                    await _go_on(story, agency)


async def _go_on(story: Story, agency: Agency) -> None:
    """Tell every rollout that somebody starts on the pages, until cancelled."""
    database = agency.home / "accounts" / ODD_ONE / "backend" / "database.sqlite3"
    say = story.narrator.line
    story.narrator.chapter("Now you")
    say(f"propose a change and merge it: {agency.backend.html_url}")
    say(f"{ODD_ONE} fails until its data is mended; this does it, and your next merge reaches it:")
    say(f"sqlite3 {database} {MEND!r}")
    say("the bot goes on until you press Ctrl-C")
    while True:
        await story.next_rollout()
