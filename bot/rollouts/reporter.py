"""Makes GitHub say what the store says: one check and one comment for each rollout.

The outcome of the work never depends on whether it could be told. What could not be told is
told later, and a write whose answer was lost is looked up before it is repeated.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlmodel import Session, col, or_, select, update

from bot.alarm import Alarm
from bot.engine.clock import Clock
from bot.github.answers import CheckRun
from bot.github.door import GitHub
from bot.github.failures import GitHubFailed, NotFound, RetryLater
from bot.report.check import CHECK_NAME, check
from bot.report.comment import MARKER, comment
from bot.report.facts import RolloutFacts
from bot.rollouts.facts import facts_of
from bot.store.database import Database
from bot.store.tables import Report, Rollout

log = structlog.get_logger(__name__)

AGAIN_AFTER = timedelta(seconds=30)
MOST_ATTEMPTS = 240
"""Two hours of trying; then what GitHub refuses stays on the report as its problem."""


@dataclass(frozen=True)
class Pace:
    """How fast GitHub is written to.

    `between` two writes GitHub wants a second; a rollout's report is renewed at most every
    `per_tenant` times its tenants, so that a large one does not use up what GitHub allows.
    """

    between: timedelta = timedelta(seconds=1)
    per_tenant: timedelta = timedelta(milliseconds=50)


class Reporter:
    """Brings the reports of all rollouts up to date, one write after the other."""

    def __init__(
        self, database: Database, github: GitHub, clock: Clock, pace: Pace | None = None
    ) -> None:
        self._database = database
        self._github = github
        self._clock = clock
        self._pace = pace or Pace()
        self._due = Alarm()
        self._silent_until: datetime | None = None

    def wake(self) -> None:
        """Look for reports that are due, now."""
        self._due.ring()

    async def work(self) -> None:
        """Report what is due, for ever."""
        swept = False
        async for _ in self._due.rounds():
            try:
                if not swept:
                    await self.sweep()
                swept = True
                while await self.report_next():
                    pass
            except Exception:
                log.exception("reporter_failed")

    async def sweep(self) -> None:
        """Mark every report as due that has not told how its rollout ended."""
        await self._database.write(
            lambda session: session.exec(
                update(Report).where(col(Report.final).is_(False)).values(due=True)
            )
        )

    async def report_next(self) -> bool:
        """Bring one report that is due up to date; answer whether there was one."""
        now = self._clock.now()
        if self._must_be_silent():
            await self._put_off()
            return False
        rollout_id = await self._database.write(self._next_due)
        if rollout_id is None:
            return False
        report, rollout, facts = await self._database.read(
            lambda session: (
                session.get_one(Report, rollout_id),
                session.get_one(Rollout, rollout_id),
                facts_of(session, rollout_id),
            )
        )
        report.problem = None
        report.not_before = None if facts.state.terminal else now + self._debounce(facts)
        told = await self._try(report, self._tell_check, rollout, facts)
        if facts.deployments and not self._must_be_silent():
            told = await self._try(report, self._tell_comment, rollout, facts) and told
        if told:
            report.attempts = 0
        given_up = report.attempts >= MOST_ATTEMPTS
        report.final = facts.state.terminal and (told or given_up)
        await self._database.write(
            lambda session: _save(session, report, again=not (told or given_up))
        )
        return True

    def _next_due(self, session: Session) -> str | None:
        # It is no longer due before it is read, so that a change in between makes it so again.
        now = self._clock.now()
        report = session.exec(
            select(Report)
            .where(
                col(Report.due).is_(True),
                or_(col(Report.not_before).is_(None), col(Report.not_before) <= now),
            )
            .order_by(col(Report.rollout_id))
            .limit(1)
        ).first()
        if report is None:
            return None
        report.due = False
        return report.rollout_id

    async def _put_off(self) -> None:
        """Let every report wait as long as GitHub wants; a restart does not forget it."""
        until = self._silent_until
        sooner = or_(col(Report.not_before).is_(None), col(Report.not_before) < until)
        await self._database.write(
            lambda session: session.exec(
                update(Report).where(col(Report.due).is_(True), sooner).values(not_before=until)
            )
        )

    def _must_be_silent(self) -> bool:
        return self._silent_until is not None and self._clock.now() < self._silent_until

    def _debounce(self, facts: RolloutFacts) -> timedelta:
        return self._pace.per_tenant * len(facts.deployments)

    async def _try(
        self,
        report: Report,
        tell: Callable[[Report, Rollout, RolloutFacts], Awaitable[None]],
        rollout: Rollout,
        facts: RolloutFacts,
    ) -> bool:
        """Tell one part; what goes wrong is noted on the report, and tried again later."""
        try:
            await tell(report, rollout, facts)
        except (GitHubFailed, RetryLater) as error:
            log.warning("report_not_told", rollout=rollout.id, problem=str(error))
            wait = AGAIN_AFTER
            if isinstance(error, RetryLater):
                # GitHub means all that we send, and not this report alone.
                wait = error.after
                self._silent_until = self._clock.now() + wait
            report.attempts += 1
            report.problem = str(error)
            report.not_before = self._clock.now() + wait
            return False
        return True

    async def _tell_check(self, report: Report, rollout: Rollout, facts: RolloutFacts) -> None:
        words = check(facts)
        run = CheckRun(
            name=CHECK_NAME,
            external_id=rollout.id,
            status=words.status,
            conclusion=words.conclusion,
            title=words.title,
            summary=words.summary,
            text=words.text,
        )
        digest = _digest(repr(run))
        if report.check_digest == digest:
            return
        if report.check_run_id is None:
            report.check_run_id = await self._github.find_check(
                rollout.repository, rollout.sha, CHECK_NAME, rollout.id
            )
        if report.check_run_id is None:
            report.check_run_id = await self._github.create_check(
                rollout.repository, rollout.sha, run
            )
        else:
            await self._github.update_check(rollout.repository, report.check_run_id, run)
        report.check_digest = digest
        await self._breathe()

    async def _tell_comment(self, report: Report, rollout: Rollout, facts: RolloutFacts) -> None:
        body = comment(facts)
        digest = _digest(body)
        if report.comment_digest == digest:
            return
        if report.comment_id is None:
            report.comment_id = await self._github.find_comment(
                rollout.repository, rollout.pull_request, MARKER
            )
        try:
            await self._write_comment(report, rollout, body)
        except NotFound:
            # Somebody deleted it: people want to know all the same.
            report.comment_id = None
            await self._write_comment(report, rollout, body)
        report.comment_digest = digest
        await self._breathe()

    async def _write_comment(self, report: Report, rollout: Rollout, body: str) -> None:
        if report.comment_id is None:
            report.comment_id = await self._github.create_comment(
                rollout.repository, rollout.pull_request, body
            )
        else:
            await self._github.edit_comment(rollout.repository, report.comment_id, body)

    async def _breathe(self) -> None:
        await asyncio.sleep(self._pace.between.total_seconds())


def _digest(words: str) -> str:
    return hashlib.sha256(words.encode()).hexdigest()


def _save(session: Session, report: Report, *, again: bool) -> None:
    row = session.get_one(Report, report.rollout_id)
    row.check_run_id, row.check_digest = report.check_run_id, report.check_digest
    row.comment_id, row.comment_digest = report.comment_id, report.comment_digest
    row.problem, row.not_before = report.problem, report.not_before
    row.final = report.final and not row.due
    row.due = row.due or again
    row.attempts = report.attempts
