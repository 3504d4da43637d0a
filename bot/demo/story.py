"""The story of the demo, acted out for real: every line it prints was looked up, not assumed."""

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TypeVar

from rich.console import Console
from sqlmodel import Session, col, select

from bot.app import web_app
from bot.demo.agency import ODD_ONE, REGIONS, Agency, found_agency
from bot.demo.changes import ONE_ACCOUNT_PER_EMAIL, REMEMBER_PHONE, ProposedChange
from bot.demo.narration import Narrator
from bot.outbox.budget import Pace
from bot.parts import opened
from bot.report.check import CHECK_NAME
from bot.report.comment import MARKER
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

T = TypeVar("T")

MARK = ".made-by-orbits-demo"
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
        """The rollouts that were told."""

    async def a_change_that_fits(self) -> None:
        """Merge a pull request that reaches every client."""
        self.narrator.chapter("A pull request is merged, and every tenant gets it")
        _, facts = await self._merge(REMEMBER_PHONE)
        _must(
            {each.state for each in facts.deployments} == {State.SUCCEEDED}
            and len(facts.deployments) == len(REGIONS),
            "every tenant should have the first change",
        )
        for tenant in REGIONS:
            _must("phone" in self._agency.columns(tenant), f"{tenant} should have the column")

    async def a_change_that_does_not(self) -> PullRequest:
        """Merge one that fails for a single client, who is rolled back alone."""
        self.narrator.chapter(f"Another is merged, and does not fit the data of {ODD_ONE}")
        await self._agency.import_customers_twice()
        pull, facts = await self._merge(ONE_ACCOUNT_PER_EMAIL)
        for each in facts.deployments:
            odd = each.tenant == ODD_ONE
            wanted = State.FAILED if odd else State.SUCCEEDED
            _must(each.state is wanted, f"{each.tenant} should have {wanted}")
            verified = "verified" in self._agency.columns(each.tenant)
            _must(verified is not odd, f"the schema of {each.tenant} should tell")
            _must((each.rolled_back_to is not None) is odd, f"{each.tenant}: who is rolled back?")
        return pull

    async def a_command(self, pull: PullRequest) -> None:
        """Mend the data, and let maya try again what failed, from the pull request."""
        self.narrator.chapter(f"The data of {ODD_ONE} is mended, and maya types a command")
        await self._agency.mend_customers()
        await self._agency.maya.comments(pull, f"/orbits retry {ODD_ONE}")
        self.narrator.line(f"maya comments on #{pull.number}: /orbits retry {ODD_ONE}")
        sha = pull.merge_commit_sha or ""
        (rollout_id,) = await self._database.read(lambda session: _of_commit(session, sha))
        facts = await self._ended(rollout_id, lambda facts: facts.state is State.SUCCEEDED)
        (retried,) = [each for each in facts.deployments if each.tenant == ODD_ONE]
        self.narrator.deployment(retried)
        self.narrator.rollout(facts)
        self._tell_what_github_shows(pull, sha, facts)

    async def _merge(self, change: ProposedChange) -> tuple[PullRequest, RolloutFacts]:
        maya, backend = self._agency.maya, self._agency.backend
        pull = await maya.opens_pull_request(backend, change.title, dict(change.files))
        self.narrator.line(f"maya opens #{pull.number} “{pull.title}”: {pull.html_url}")
        sha = await maya.merges(pull, "squash")
        self.narrator.line(f"maya merges it as {sha[:7]}")
        (rollout_id,) = await self._until(lambda session: _of_commit(session, sha))
        facts = await self._rolled_out(rollout_id)
        self.narrator.rollout(facts)
        self._tell_what_github_shows(pull, sha, facts)
        return pull, facts

    async def next_rollout(self) -> None:
        """Wait for a rollout that was not told yet, and tell it."""
        while (row := await self._database.read(self._untold)) is None:  # noqa: ASYNC110
            await asyncio.sleep(LOOK_EVERY.total_seconds())
        self.narrator.chapter(f"{row.title} ({row.kind} of {row.sha[:7]}, by {row.asked_by})")
        try:
            self.narrator.rollout(await self._rolled_out(row.id))
        except NotAsTold as slow:
            self.narrator.line(str(slow))

    def _untold(self, session: Session) -> Rollout | None:
        newest_last = select(Rollout).order_by(col(Rollout.created_at))
        return next((row for row in session.exec(newest_last) if row.id not in self._told), None)

    async def _rolled_out(self, rollout_id: str) -> RolloutFacts:
        """Tell each deployment as it ends, until GitHub has been told the last of it."""
        self._told.add(rollout_id)
        told: set[str] = set()

        def tell_more(facts: RolloutFacts) -> bool:
            for each in facts.deployments:
                if each.state.terminal and each.tenant not in told:
                    told.add(each.tenant)
                    self.narrator.deployment(each)
            return facts.state.terminal

        return await self._ended(rollout_id, tell_more)

    async def _ended(
        self, rollout_id: str, has_ended: Callable[[RolloutFacts], bool]
    ) -> RolloutFacts:
        """Answer how a rollout stands, once it has ended and GitHub has been told so."""

        def look(session: Session) -> RolloutFacts | None:
            facts = facts_of(session, rollout_id)
            told = is_told(session, session.get_one(Rollout, rollout_id))
            return facts if has_ended(facts) and told else None

        return await self._until(look)

    async def _until(self, look: Callable[[Session], T | None]) -> T:
        try:
            async with asyncio.timeout(PATIENCE.total_seconds()):
                while not (found := await self._database.read(look)):  # noqa: ASYNC110
                    await asyncio.sleep(LOOK_EVERY.total_seconds())
        except TimeoutError:
            raise NotAsTold(f"What should come next did not come in {PATIENCE}.") from None
        return found

    def _tell_what_github_shows(self, pull: PullRequest, sha: str, facts: RolloutFacts) -> None:
        every = self._agency.backend.check_runs(sha)
        checks = [check for check in every if check.name == CHECK_NAME]
        _must(len(checks) == 1, "there should be one check of the rollout on the merge commit")
        green = all(each.state is State.SUCCEEDED for each in facts.deployments)
        wanted = "success" if green else "failure"
        _must(checks[0].conclusion == wanted, f"the check should end in {wanted}")
        self.narrator.line(f"the check {checks[0].name} on {sha[:7]}: {checks[0].conclusion}")
        comments = [each.body for each in pull.comments if each.body.startswith(MARKER)]
        _must(
            len(comments) == 1, "there should be one comment of the bot's that is kept up to date"
        )
        self.narrator.comment(self._agency.app.bot_login, comments[0])


def _must(holds: bool, what: str) -> None:
    if not holds:
        raise NotAsTold(f"The demo does not show what it should: {what}.")


def _of_commit(session: Session, sha: str) -> list[str]:
    return list(session.exec(select(Rollout.id).where(col(Rollout.sha) == sha)))


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
                pull = await story.a_change_that_does_not()
                await story.a_command(pull)
                if not once:
                    await _go_on(story, agency, pull)


async def _go_on(story: Story, agency: Agency, pull: PullRequest) -> None:
    """Tell every rollout that somebody starts on the pages, until cancelled."""
    say = story.narrator.line
    story.narrator.chapter("Now you")
    say(f"propose a change and merge it: {agency.backend.html_url}")
    say(f"comment on a merged one, such as /orbits rollback or /orbits help: {pull.html_url}")
    say("the bot goes on until you press Ctrl-C")
    while True:
        await story.next_rollout()
