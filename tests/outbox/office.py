"""Where the outbox is at work, and what can be seen of it: on GitHub, on the way, in the store."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import httpx
from sqlmodel import Session, col, select

from bot.github.answers import CheckRun
from bot.github.door import GitHub
from bot.outbox import marking
from bot.outbox.budget import Pace, Rank
from bot.outbox.rendering import Rendered
from bot.outbox.target import Target
from bot.outbox.targets import Answer, Check, Comment, Environment, Reaction, only_github
from bot.outbox.writer import Outbox
from bot.simulated.github import App, PullRequest, Repository, SimulatedGitHub, User
from bot.simulated.github import CheckRun as CheckSeen
from bot.simulated.github import Comment as CommentSeen
from bot.simulated.github.accounts import Account as GitHubAccount
from bot.store.database import Database
from bot.store.tables import Notice, Silence

MARKER = "<!-- the rollout -->"
START = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
MOST_ROUNDS = 2_000


class LeapingClock:
    """Time stands still while something is done, and leaps to when something may be done."""

    def __init__(self) -> None:
        self._now = START

    def now(self) -> datetime:
        return self._now

    def pass_by(self, time: timedelta) -> None:
        self._now += time

    async def sleep_until(self, moment: datetime) -> None:
        self._now = max(self._now, moment)


class Died(BaseException):
    """The process ended, just after GitHub had done what it was asked."""


class Sent(NamedTuple):
    """A write that went out."""

    at: datetime
    method: str
    path: str


class Road(httpx.AsyncBaseTransport):
    """The way to GitHub: it notes when writes go by, and may be where the process dies."""

    def __init__(self, github: Any, clock: LeapingClock) -> None:
        self._way = httpx.ASGITransport(github)
        self._clock = clock
        self._deadly: re.Pattern[str] | None = None
        self._closed: tuple[str, asyncio.Event] | None = None
        self.sent: list[Sent] = []

    def kills_after(self, path: str) -> None:
        """Let the process die when the next write to such a path was carried out."""
        self._deadly = re.compile(path)

    def hangs_at(self, path: str) -> asyncio.Event:
        """Let writes to such paths wait for what is answered."""
        self._closed = path, asyncio.Event()
        return self._closed[1]

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/api/v3")
        writes = request.method != "GET" and "access_tokens" not in path
        if writes:
            self.sent.append(Sent(self._clock.now(), request.method, path))
            if self._closed and path.startswith(self._closed[0]):
                await self._closed[1].wait()
        response = await self._way.handle_async_request(request)
        if writes and self._deadly and self._deadly.search(path):
            self._deadly = None
            raise Died
        return response


@dataclass(frozen=True)
class Account:
    """An organisation: a repository, an open pull request, and what maya said there."""

    repository: Repository
    pull: PullRequest
    remark: CommentSeen
    sha: str
    bot: GitHubAccount

    @property
    def name(self) -> str:
        return self.repository.full_name

    def check(self, name: str = "orbits/deploy", external_id: str = "7") -> Check:
        return Check(self.name, self.sha, name, external_id)

    @property
    def comment(self) -> Comment:
        return Comment(self.name, self.pull.number, MARKER)

    def answer(self, to: str = "1001/1") -> Answer:
        return Answer(self.name, self.pull.number, to)

    def reaction(self, content: str = "eyes") -> Reaction:
        return Reaction(self.name, self.remark.id, content)

    def environment(self, name: str = "acme") -> Environment:
        return Environment(self.name, self.sha, name, f"7/{name}")

    # What can be seen

    @property
    def said(self) -> list[str]:
        """What the bot's comments on the pull request say."""
        return [each.body for each in self.pull.comments if each.author is self.bot]

    @property
    def reactions(self) -> list[str]:
        return [each.content for each in self.remark.reactions if each.account is self.bot]

    @property
    def checks(self) -> list[CheckSeen]:
        return [run for suite in self.repository.suites_of(self.sha) for run in suite.runs]

    @property
    def the_check(self) -> CheckSeen:
        (check,) = self.checks
        return check


@dataclass
class Office:
    """What the tests act on; `sources` says what there is to say of each source."""

    database: Database
    github: SimulatedGitHub
    door: GitHub
    clock: LeapingClock
    road: Road
    app: App
    maya: User
    accounts: dict[str, Account]
    sources: dict[str, Rendered] = field(default_factory=dict)
    pace: Pace = field(default_factory=Pace)
    outbox: Outbox = field(init=False)

    def __post_init__(self) -> None:
        self.restart()

    @property
    def agency(self) -> Account:
        return self.accounts["agency"]

    @property
    def studio(self) -> Account:
        return self.accounts["studio"]

    def restart(self) -> None:
        """Begin with another process on the same database."""
        renderers = {"test": self._render}
        ways = only_github(self.door, self.pace)
        self.outbox = Outbox(self.database, ways, self.clock, renderers)

    def _render(
        self, session: Session, name: str, target: Target[Any, Any], untold: Sequence[str]
    ) -> Rendered:
        rendered = self.sources[name]
        if not isinstance(target, Check):
            return rendered
        summary = "\n".join([str(rendered.words), *untold])
        status, conclusion = ("completed", "success") if rendered.final else ("in_progress", None)
        run = CheckRun(target.name, target.external_id, status, conclusion, "title", summary)  # type: ignore[arg-type]
        return Rendered(run, rendered.final, rendered.debounce)

    # What is asked for

    async def due(
        self,
        target: Target[Any, Any],
        words: Any,
        *,
        source: str = "",
        final: bool = True,
        debounce: float = 0,
        told_by: Target[Any, Any] | None = None,
        rank: Rank | None = None,
    ) -> None:
        """Let there be something to say of a source, the target's own one unless it is named."""
        name = source or target.key
        self.sources[name] = Rendered(words, final, timedelta(seconds=debounce))
        await self.database.write(
            lambda session: marking.due(session, target, f"test:{name}", told_by=told_by, rank=rank)
        )

    async def say(self, target: Target[Any, Any], content: str = "") -> None:
        await self.database.write(lambda session: marking.say(session, target, content))

    # What happens

    async def passes(self, time: timedelta) -> None:
        """Let time go by, and write what is due in it."""
        end = self.clock.now() + time
        await self.settles(end)
        self.clock.pass_by(max(end - self.clock.now(), timedelta(0)))
        await self.settles(end)

    async def settles(self, end: datetime | None = None) -> None:
        """Write until nothing is left, or nothing that may be written until the `end`."""
        for _ in range(MOST_ROUNDS):
            before = self.clock.now(), len(self.github.requests)
            await self.outbox.write_due()
            if not await self.database.read(_what_is_due):
                return
            if (self.clock.now(), len(self.github.requests)) != before:
                continue
            soon = await self.database.read(self._next)
            if end is not None and soon > end:
                return
            await self.clock.sleep_until(soon)
        raise AssertionError("it goes on for ever")

    def _next(self, session: Session) -> datetime:
        """Answer when something may be worth a look."""
        now = self.clock.now()
        silences = session.exec(select(Silence.until)).all()
        times = [*silences, *(row.not_before for row in _what_is_due(session))]
        return min((at for at in times if at and at > now), default=now + timedelta(minutes=1))

    # What can be seen

    async def row(self, target: Target[Any, Any]) -> Notice:
        return await self.database.read(lambda session: session.get_one(Notice, target.key))

    @property
    def writes(self) -> list[str]:
        """The writes that went out, such as `POST comments`."""
        return [f"{each.method} {_last_word(each.path)}" for each in self.road.sent]


def _what_is_due(session: Session) -> list[Notice]:
    return list(session.exec(select(Notice).where(col(Notice.due).is_(True))))


def _last_word(path: str) -> str:
    return next(part for part in reversed(path.split("/")) if not part.isdigit())
