"""Whatever befalls tenants, people, GitHub and the bot: each drift has its one issue in the end.

Hypothesis makes a story of what happens: tenants are changed by hand and put back, looks find that
or fail, people type commands, close issues, open them again and delete them, GitHub does not
answer or its answer is lost, the bot crashes between the deed and the note of it, its store is put
back to an older one, time goes by, and what is told of all that comes late. Then everything is let
come to rest.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, col, select
from structlog.testing import capture_logs

from bot.drift.life import Phase
from bot.failures import DoorFailed
from bot.simulated.github import Issue
from bot.store.tables import Notice
from tests.drift.bureau import TENANTS, Bureau, opened

COMMANDS = (
    "/orbits drift fix",
    "/orbits drift ack",
    "/orbits drift ack --until 2d",
    "/orbits drift ignore",
    "/orbits drift ignore --until 2d",
    "/orbits drift check",
    "/orbits status",
)


class Happens(Protocol):
    """Something that people do, or that befalls tenants, GitHub or the bot."""

    async def to(self, bureau: Bureau) -> None: ...


@dataclass(frozen=True)
class Change:
    """Somebody changes a tenant by hand; without a value it is put back there."""

    tenant: str
    path: str
    value: str | None

    async def to(self, bureau: Bureau) -> None:
        there = bureau.world.setdefault(self.tenant, {})
        there.pop(self.path, None)
        if self.value is not None:
            there[self.path] = self.value


@dataclass(frozen=True)
class Look:
    tenant: str
    times: int = 1

    async def to(self, bureau: Bureau) -> None:
        for _ in range(self.times):
            await bureau.looks(self.tenant)


@dataclass(frozen=True)
class Appear:
    """A drift appears, is found until it is told, and is written."""

    tenant: str
    value: str
    minutes: int

    async def to(self, bureau: Bureau) -> None:
        await Change(self.tenant, "a", self.value).to(bureau)
        await Look(self.tenant, 2).to(bureau)
        await Write(self.minutes).to(bureau)


@dataclass(frozen=True)
class End:
    """A drift ends by itself, which is found and written."""

    tenant: str
    minutes: int

    async def to(self, bureau: Bureau) -> None:
        bureau.world.pop(self.tenant, None)
        await Look(self.tenant).to(bureau)
        await Write(self.minutes).to(bureau)


@dataclass(frozen=True)
class Break:
    """A tenant cannot be looked at, or can be again."""

    tenant: str

    async def to(self, bureau: Bureau) -> None:
        bureau.broken ^= {self.tenant}


@dataclass(frozen=True)
class Write:
    """The outbox writes for some minutes."""

    minutes: int

    async def to(self, bureau: Bureau) -> None:
        await bureau.writes(timedelta(minutes=self.minutes))


@dataclass(frozen=True)
class Hear:
    again: bool = False

    async def to(self, bureau: Bureau) -> None:
        # Where GitHub cannot be asked it is heard again later.
        with contextlib.suppress(DoorFailed):
            await (bureau.hears_again() if self.again else bureau.hears())


@dataclass(frozen=True)
class Repair:
    """Repairs that were begun are carried out."""

    async def to(self, bureau: Bureau) -> None:
        await bureau.carries_out()


@dataclass(frozen=True)
class Type:
    which: int
    line: str

    async def to(self, bureau: Bureau) -> None:
        if issue := some(bureau.issues(), self.which):
            await bureau.maya.comments(issue, self.line)


@dataclass(frozen=True)
class Close:
    which: int

    async def to(self, bureau: Bureau) -> None:
        if issue := some([each for each in bureau.issues() if is_open(each)], self.which):
            await bureau.maya.closes(issue)


@dataclass(frozen=True)
class Reopen:
    which: int

    async def to(self, bureau: Bureau) -> None:
        if issue := some([each for each in bureau.issues() if not is_open(each)], self.which):
            await bureau.maya.reopens(issue)


@dataclass(frozen=True)
class Delete:
    which: int

    async def to(self, bureau: Bureau) -> None:
        if issue := some(bureau.issues(), self.which):
            await bureau.maya.deletes_issue(issue)


@dataclass(frozen=True)
class Crash:
    """The process ends, now or right after its next write of a kind was carried out."""

    after: str | None = None

    async def to(self, bureau: Bureau) -> None:
        if self.after is None:
            await bureau.crash()
        else:
            bureau.road.kills_after(self.after)


@dataclass(frozen=True)
class BackUp:
    async def to(self, bureau: Bureau) -> None:
        bureau.back_up()


@dataclass(frozen=True)
class Restore:
    async def to(self, bureau: Bureau) -> None:
        await bureau.restore()


@dataclass(frozen=True)
class Fail:
    status: int
    times: int

    async def to(self, bureau: Bureau) -> None:
        bureau.github.outages.fail(path="/issues", status=self.status, times=self.times)


@dataclass(frozen=True)
class LoseAnswers:
    method: str
    times: int

    async def to(self, bureau: Bureau) -> None:
        bureau.github.outages.lose_answer(self.method, "/issues", times=self.times)


@dataclass(frozen=True)
class Pass:
    time: timedelta

    async def to(self, bureau: Bureau) -> None:
        bureau.clock.pass_by(self.time)


WHICH = st.integers(0, 5)
TENANT = st.sampled_from(TENANTS)
MINUTES = st.sampled_from([0, 1, 10])
CRASHES = st.builds(Crash, st.sampled_from([None, "/issues$", "/issues/[0-9]+$", "/comments$"]))
LOST_ANSWERS = st.builds(LoseAnswers, st.sampled_from(["POST", "PATCH"]), st.integers(1, 3))
HAPPENINGS: st.SearchStrategy[Happens] = st.one_of(
    st.builds(Change, TENANT, st.sampled_from(["a", "b"]), st.sampled_from([None, "1", "2"])),
    st.builds(Look, TENANT, st.integers(1, 3)),
    st.builds(Write, MINUTES),
    st.builds(Appear, TENANT, st.sampled_from(["1", "2"]), MINUTES),
    st.builds(End, TENANT, MINUTES),
    st.builds(Hear, st.booleans()),
    st.builds(Type, WHICH, st.sampled_from(COMMANDS)),
    st.builds(Close, WHICH),
    st.builds(Reopen, WHICH),
    st.builds(Delete, WHICH),
    st.builds(Break, TENANT),
    st.just(Repair()),
    CRASHES,
    st.just(BackUp()),
    st.just(Restore()),
    st.builds(Fail, st.sampled_from([500, 502, 503]), st.integers(1, 4)),
    LOST_ANSWERS,
    st.builds(
        Pass, st.sampled_from([timedelta(minutes=5), timedelta(hours=3), timedelta(days=16)])
    ),
)
BAD_LUCK: st.SearchStrategy[Happens] = st.one_of(CRASHES, LOST_ANSWERS, st.just(BackUp()))


def stories(most: int) -> st.SearchStrategy[list[Happens]]:
    """Stories that begin with an issue, as without one little can happen, and with bad luck."""
    rest = st.lists(HAPPENINGS, max_size=most)
    return st.tuples(BAD_LUCK, rest).map(lambda both: [both[0], Appear("acme", "1", 10), *both[1]])


async def lives(bureau: Bureau, story: Sequence[Happens]) -> None:
    for happens in story:
        await happens.to(bureau)
    await bureau.settles()
    for tenant in TENANTS:
        await the_drift_has_its_one_issue(bureau, tenant)
    nothing_is_said_twice(bureau)
    await everything_is_told(bureau)
    written = bureau.written
    await bureau.settles()
    assert bureau.written == written, "at rest it goes on writing"


async def the_drift_has_its_one_issue(bureau: Bureau, tenant: str) -> None:
    drifts, row = bool(bureau.world.get(tenant)), await bureau.row(tenant)
    open_ones = [each for each in bureau.issues(tenant) if is_open(each)]
    assert len(open_ones) <= 1, f"{tenant} has {open_ones}"
    if not drifts:
        assert open_ones == [], f"{tenant} does not drift, and has {open_ones}"
        return
    assert row is not None, f"nothing is known of {tenant}"
    known = row.phase == Phase.IGNORED or (row.phase == Phase.ACKNOWLEDGED and row.hidden)
    assert open_ones or known, f"nobody is told of {tenant}, which is {row.phase}"
    for issue in open_ones:
        # What somebody accepted does not count.
        assert f": {row.total} difference" in issue.body
        assert "orbits: drift" in [label.name for label in issue.labels]


def nothing_is_said_twice(bureau: Bureau) -> None:
    for issue in bureau.issues():
        said = Counter(body.partition("\n")[0] for body in bureau.remarks(issue))
        assert [marker for marker, times in said.items() if times > 1] == []


async def everything_is_told(bureau: Bureau) -> None:
    """What is to be said of drift is said; an answer on a deleted issue is tried for days."""

    def left(session: Session) -> list[str]:
        of_drift = col(Notice.kind).in_(["issue", "remark"])
        return list(session.exec(select(Notice.key).where(of_drift, col(Notice.due).is_(True))))

    assert await bureau.database.read(left) == []


def live_through(migrated_file: Path, keys: tuple[str, str], story: Sequence[Happens]) -> None:
    async def live(folder: Path) -> None:
        async with opened(folder, migrated_file, keys) as bureau:
            await lives(bureau, story)

    with TemporaryDirectory() as folder, capture_logs() as logged:
        asyncio.run(live(Path(folder)))
    errors = [each for each in logged if each["log_level"] == "error"]
    assert errors == []


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(story=stories(25))
def test_every_drift_has_its_one_issue_in_the_end(
    migrated_file: Path, keys: tuple[str, str], story: list[Happens]
) -> None:
    live_through(migrated_file, keys, story)


@pytest.mark.thorough
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(story=stories(40))
def test_every_drift_of_a_long_story_has_its_one_issue_in_the_end(
    migrated_file: Path, keys: tuple[str, str], story: list[Happens]
) -> None:
    live_through(migrated_file, keys, story)


def some(issues: list[Issue], which: int) -> Issue | None:
    return issues[which % len(issues)] if issues else None


def is_open(issue: Issue) -> bool:
    return issue.state == "open"
