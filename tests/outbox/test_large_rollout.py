"""A rollout over five hundred tenants: few words for all of it, and each of them fits."""

from datetime import timedelta

import pytest
from sqlmodel import Session

from bot.outbox.targets import only_github
from bot.outbox.writer import Outbox
from bot.rollouts import notices
from bot.rollouts.reports import Reports
from bot.states import State
from bot.store.tables import Deployment, Rollout
from tests.outbox.office import LeapingClock, Office

TENANTS = 500
AT_ONCE = 10
BEFORE, ROLLOUT = "0" * 40, "7"
LONGEST = 65_536


class LargeRollout:
    """Ten tenants go at a time; every fiftieth fails, and prints much."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._clock: LeapingClock = office.clock
        office.outbox = Outbox(
            office.database,
            only_github(office.door, office.pace),
            office.clock,
            Reports(office.clock, office.pace).renderers,
        )

    async def begins(self) -> None:
        await self._office.database.write(self._begin)

    async def goes_on(self, number: int) -> None:
        """Let a tenant's deployment end, and the next one begin."""
        await self._office.database.write(lambda session: self._go_on(session, number))
        self._office.outbox.wake()

    async def ends(self) -> None:
        await self._office.database.write(self._end)

    def _begin(self, session: Session) -> None:
        agency, now = self._office.agency, self._clock.now()
        rollout = Rollout(
            id=ROLLOUT,
            number=1,
            key=agency.sha,
            repository=agency.name,
            branch="main",
            sha=agency.sha,
            services=["backend"],
            pull_request=agency.pull.number,
            title="Change it",
            author="maya",
            asked_by="maya",
            url=agency.pull.html_url,
            state=State.RUNNING,
            created_at=now,
        )
        session.add(rollout)
        for number in range(TENANTS):
            state = State.RUNNING if number < AT_ONCE else State.QUEUED
            session.add(self._deployment(number, state))
        session.flush()
        notices.mark(session, rollout)

    def _deployment(self, number: int, state: State) -> Deployment:
        return Deployment(
            rollout_id=ROLLOUT,
            tenant=f"client-with-a-long-name-{number:03}",
            state=state,
            reason="",
            target={"backend": self._office.agency.sha},
            before={"backend": BEFORE},
            started_at=self._clock.now(),
        )

    def _go_on(self, session: Session, number: int) -> None:
        ended = self._row(session, number)
        ended.state, ended.finished_at = State.SUCCEEDED, self._clock.now()
        if number % 50 == 0:
            ended.state, ended.failed_step = State.FAILED, "sql-migrate"
            ended.problem, ended.tail = "the script ended with status 3", "no\n" * 2_000
        if number + AT_ONCE < TENANTS:
            self._row(session, number + AT_ONCE).state = State.RUNNING
        notices.mark(session, session.get_one(Rollout, ROLLOUT))

    def _end(self, session: Session) -> None:
        rollout = session.get_one(Rollout, ROLLOUT)
        rollout.state, rollout.finished_at = State.FAILED, self._clock.now()
        notices.mark(session, rollout)

    def _row(self, session: Session, number: int) -> Deployment:
        return session.get_one(Deployment, (ROLLOUT, f"client-with-a-long-name-{number:03}"))


@pytest.fixture
async def rollout(office: Office) -> LargeRollout:
    large = LargeRollout(office)
    await large.begins()
    return large


@pytest.mark.parametrize(
    "lasts",
    [
        pytest.param(timedelta(minutes=5), marks=pytest.mark.thorough),
        timedelta(hours=1),
        pytest.param(timedelta(hours=2), marks=pytest.mark.thorough),
    ],
    ids=str,
)
async def test_five_hundred_tenants_need_at_most_sixty_writes(
    office: Office, rollout: LargeRollout, lasts: timedelta
) -> None:
    longest = 0
    for number in range(TENANTS):
        await rollout.goes_on(number)
        if number % 5 == 0:
            await office.passes(lasts / TENANTS * 5)
            longest = max(longest, *(len(body) for body in office.agency.said))
    await rollout.ends()
    await office.passes(timedelta(seconds=3))

    assert len(office.writes) <= 60
    assert longest <= LONGEST
    check = office.agency.the_check
    assert (check.conclusion, check.title) == ("failure", "490 of 500 tenants updated, 10 failed")
    assert max(len(check.summary or ""), len(check.text or "")) < LONGEST
    (comment,) = office.agency.said
    assert "490 of 500 tenants updated, 10 failed" in comment
    assert {each.status for each in office.github.requests} <= {200, 201}


async def test_a_failure_of_the_comment_is_told_on_the_check(
    office: Office, rollout: LargeRollout
) -> None:
    await office.maya.locks(office.agency.pull)
    await rollout.goes_on(1)
    await office.passes(timedelta(minutes=1))
    assert office.agency.said == []
    assert (
        "⚠️ The comment on the pull request could not be written. GitHub answered 403 to POST "
        in str(office.agency.the_check.summary)
    )
    assert "The conversation is locked." in str(office.agency.the_check.summary)
