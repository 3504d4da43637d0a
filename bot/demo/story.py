"""The story of the demo, acted out for real: every line it prints was looked up, not assumed."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

from sqlmodel import Session, col, or_, select

from bot.demo.agency import ODD_ONE, REGIONS, Agency
from bot.demo.changes import ONE_ACCOUNT_PER_EMAIL, REMEMBER_PHONE, ProposedChange
from bot.demo.narration import Narrator
from bot.report.check import CHECK_NAME
from bot.report.comment import MARKER
from bot.report.facts import RolloutFacts
from bot.rollouts.facts import facts_of
from bot.rollouts.notices import is_told
from bot.simulated.github import PullRequest
from bot.simulated.slack import Channel
from bot.states import State
from bot.store.database import Database
from bot.store.tables import Notice, Rollout
from resources.errors import OrbitsError

T = TypeVar("T")

PATIENCE = timedelta(seconds=60)
LOOK_EVERY = timedelta(milliseconds=50)


class NotAsTold(OrbitsError):
    """What the demo shows is not what happened."""


class Story:
    """The agency, the bot, and what happens between them."""

    def __init__(
        self, agency: Agency, deploys: Channel, database: Database, narrator: Narrator
    ) -> None:
        self.agency = agency
        self.database = database
        self._deploys = deploys
        self.narrator = narrator
        self._told: set[str] = set()
        """The rollouts that were told."""

    async def a_change_that_fits(self) -> None:
        """Merge a pull request that reaches every client."""
        self.narrator.chapter("A pull request is merged, and every tenant gets it")
        _, facts = await self._merge(REMEMBER_PHONE)
        must(
            {each.state for each in facts.deployments} == {State.SUCCEEDED}
            and len(facts.deployments) == len(REGIONS),
            "every tenant should have the first change",
        )
        for tenant in REGIONS:
            must("phone" in self.agency.columns(tenant), f"{tenant} should have the column")

    async def a_change_that_does_not(self) -> PullRequest:
        """Merge one that fails for a single client, who is rolled back alone."""
        self.narrator.chapter(f"Another is merged, and does not fit the data of {ODD_ONE}")
        await self.agency.import_customers_twice()
        pull, facts = await self._merge(ONE_ACCOUNT_PER_EMAIL)
        for each in facts.deployments:
            odd = each.tenant == ODD_ONE
            wanted = State.FAILED if odd else State.SUCCEEDED
            must(each.state is wanted, f"{each.tenant} should have {wanted}")
            verified = "verified" in self.agency.columns(each.tenant)
            must(verified is not odd, f"the schema of {each.tenant} should tell")
            must((each.rolled_back_to is not None) is odd, f"{each.tenant}: who is rolled back?")
        await self.alerts()
        return pull

    async def a_command(self, pull: PullRequest) -> None:
        """Mend the data, and let maya try again what failed, from the pull request."""
        self.narrator.chapter(f"The data of {ODD_ONE} is mended, and maya types a command")
        await self.agency.mend_customers()
        await self.agency.maya.comments(pull, f"/orbits retry {ODD_ONE}")
        self.narrator.line(f"maya comments on #{pull.number}: /orbits retry {ODD_ONE}")
        sha = pull.merge_commit_sha or ""
        (rollout_id,) = await self.database.read(lambda session: _of_commit(session, sha))
        facts = await self._ended(rollout_id, lambda facts: facts.state is State.SUCCEEDED)
        (retried,) = [each for each in facts.deployments if each.tenant == ODD_ONE]
        self.narrator.deployment(retried)
        self.narrator.rollout(facts)
        self._tell_what_github_shows(pull, sha, facts)

    async def _merge(self, change: ProposedChange) -> tuple[PullRequest, RolloutFacts]:
        maya, backend = self.agency.maya, self.agency.backend
        pull = await maya.opens_pull_request(backend, change.title, dict(change.files))
        self.narrator.line(f"maya opens #{pull.number} “{pull.title}”: {pull.html_url}")
        sha = await maya.merges(pull, "squash")
        self.narrator.line(f"maya merges it as {sha[:7]}")
        (rollout_id,) = await self.until(lambda session: _of_commit(session, sha))
        facts = await self._rolled_out(rollout_id)
        self.narrator.rollout(facts)
        self._tell_what_github_shows(pull, sha, facts)
        return pull, facts

    async def alerts(self) -> None:
        """Show what stands in the channel, once nothing more is to be said there."""
        await self.until(lambda session: not _alerts_due(session))
        for message in self._deploys.messages:
            said = message.text.splitlines()[0]
            self.narrator.line(f"Slack says in #{self._deploys.name}: {said}")

    async def next_rollout(self) -> None:
        """Wait for a rollout that was not told yet, and tell it."""
        while (row := await self.database.read(self._untold)) is None:  # noqa: ASYNC110
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

        return await self.until(look)

    async def until(self, look: Callable[[Session], T | None]) -> T:
        """Answer what a look at the store finds, once it finds something."""
        try:
            async with asyncio.timeout(PATIENCE.total_seconds()):
                while not (found := await self.database.read(look)):  # noqa: ASYNC110
                    await asyncio.sleep(LOOK_EVERY.total_seconds())
        except TimeoutError:
            raise NotAsTold(f"What should come next did not come in {PATIENCE}.") from None
        return found

    def _tell_what_github_shows(self, pull: PullRequest, sha: str, facts: RolloutFacts) -> None:
        every = self.agency.backend.check_runs(sha)
        checks = [check for check in every if check.name == CHECK_NAME]
        must(len(checks) == 1, "there should be one check of the rollout on the merge commit")
        green = all(each.state is State.SUCCEEDED for each in facts.deployments)
        wanted = "success" if green else "failure"
        must(checks[0].conclusion == wanted, f"the check should end in {wanted}")
        self.narrator.line(f"the check {checks[0].name} on {sha[:7]}: {checks[0].conclusion}")
        comments = [each.body for each in pull.comments if each.body.startswith(MARKER)]
        must(len(comments) == 1, "there should be one comment of the bot's that is kept up to date")
        self.narrator.comment(self.agency.app.bot_login, comments[0])


def must(holds: bool, what: str) -> None:
    """Raise `NotAsTold` where something does not hold that the story says."""
    if not holds:
        raise NotAsTold(f"The demo does not show what it should: {what}.")


def _of_commit(session: Session, sha: str) -> list[str]:
    return list(session.exec(select(Rollout.id).where(col(Rollout.sha) == sha)))


def _alerts_due(session: Session) -> int:
    alerts = or_(col(Notice.account).startswith("slack/"), col(Notice.account).startswith("alerts"))
    return len(session.exec(select(Notice.key).where(alerts, col(Notice.due))).all())
