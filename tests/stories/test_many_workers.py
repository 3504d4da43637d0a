"""Workers on one PostgreSQL, as an operator starts them: they share, take over and leave."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import sqlite3
import sys
import time
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pytest
from sqlmodel import Session, col, select

from bot.demo.agency import REGIONS, Agency, found_agency
from bot.demo.changes import REMEMBER_PHONE
from bot.engine.clock import SystemClock
from bot.rollouts.tenants import Tenants
from bot.simulated.github import PullRequest, SimulatedGitHub
from bot.simulated.github.apps import new_key_pair
from bot.simulated.serving import serving
from bot.states import LIVE, State
from bot.store.database import Database
from bot.store.tables import Deployed, Notice, Owner, Run, Tenant

T = TypeVar("T")

PATIENCE_SECONDS = 30.0
LOOK_EVERY_SECONDS = 0.05
EXPIRY_SECONDS = 2.0
GRACE_SECONDS = 30.0
FOUR_TENANTS = dict(list(REGIONS.items())[:4])

STACKS = """
from pathlib import Path

from resources.example import fleet

stacks = fleet(Path({home!r}), {sources!r})
"""
CHANGE = {"src/app.py": "VERSION = 2\n"}
MORE = {
    "migrations/0003_city.sql": "ALTER TABLE customers ADD COLUMN city TEXT;\n",
    "migrations/0003_city.down.sql": "ALTER TABLE customers DROP COLUMN city;\n",
}


async def until(holds: Callable[[], bool], what: str) -> None:
    """Wait until something holds that nobody tells of."""
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < give_up_at, f"it did not come about: {what}"
        await asyncio.sleep(LOOK_EVERY_SECONDS)


@dataclass(frozen=True)
class Started:
    """A process of the bot, and the file that it logs to."""

    process: Process
    log: Path

    def has_said(self, event: str) -> bool:
        """Answer whether it has logged that."""
        return event in {each["event"] for each in _read(self.log)}

    async def says(self, *events: str) -> None:
        """Wait until it has logged one of those."""
        await until(lambda: any(map(self.has_said, events)), f"{events} in {self.log.name}")

    async def ends(self, how: signal.Signals | None = signal.SIGTERM) -> int:
        """Send it a signal, and answer the status that it ends with."""
        if how is not None:
            self.process.send_signal(how)
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await self.process.wait()


@dataclass
class Host:
    """Where processes of the bot are started, with the settings of their operator."""

    home: Path
    settings: Mapping[str, str]
    _running: AsyncExitStack
    _logs: list[Path] = field(default_factory=list)

    async def start(self, command: str, **more: str) -> Started:
        """Start `orbits` with a command; it ends with the test at the latest."""
        log = self.home / f"{command}-{len(self._logs)}.log"
        self._logs.append(log)
        with log.open("wb") as file:
            process = await asyncio.create_subprocess_exec(
                Path(sys.executable).with_name("orbits"), command,
                cwd=self.home, env={**self.settings, **more}, stdout=DEVNULL, stderr=file,
            )  # fmt: skip
        self._running.push_async_callback(_kill, process)
        return Started(process, log)

    def logged(self) -> list[Any]:
        """Answer what all of its processes have logged."""
        return [line for log in self._logs for line in _read(log)]


def _read(log: Path) -> list[Any]:
    # The last line may be half written.
    lines = (line for line in log.read_text().splitlines(keepends=True) if line.endswith("\n"))
    return [json.loads(line) for line in lines if line.startswith("{")]


async def _kill(process: Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    await process.wait()


class Fleet:
    """An agency whose bot is many processes, and a look into the database that they share."""

    def __init__(self, agency: Agency, host: Host, database: Database) -> None:
        self.agency = agency
        self.host = host
        self._database = database

    # What people do

    async def merges(self, files: Mapping[str, str]) -> PullRequest:
        """Let maya propose a change of the backend, and merge it."""
        agency = self.agency
        pull = await agency.maya.opens_pull_request(agency.backend, "A change", dict(files))
        await agency.maya.merges(pull, "squash")
        return pull

    @contextlib.contextmanager
    def busy(self) -> Iterator[None]:
        """Keep every tenant's database locked, so that no migration gets through."""
        with contextlib.ExitStack() as locked:
            for tenant in self.agency.regions:
                path = self.agency.home / "accounts" / tenant / "backend" / "database.sqlite3"
                connection = locked.enter_context(closing(sqlite3.connect(path)))
                connection.execute("BEGIN IMMEDIATE")
            yield

    # What the bot does

    async def two_workers(self) -> tuple[Started, Started]:
        """Start two workers, and answer first the one that conducts."""
        workers = [await self.host.start("worker"), await self.host.start("worker")]
        await asyncio.gather(*(each.says("working") for each in workers))
        await until(lambda: any(each.has_said("conducting") for each in workers), "one conducts")
        first, second = sorted(workers, key=lambda each: not each.has_said("conducting"))
        return first, second

    # What can be seen

    def stored(self, read: Callable[[Session], T]) -> T:
        with Session(self._database.engine, expire_on_commit=False) as session:
            return read(session)

    def owners(self) -> list[int]:
        """Answer the processes that are known as alive."""
        return self.stored(lambda session: sorted(session.exec(select(Owner.pid))))

    def stacks_of(self) -> dict[int, set[str]]:
        """Answer whose stacks each process carries out just now."""
        query = (
            select(Owner.pid, Run.identity)
            .join(Run, col(Run.owner) == col(Owner.id))
            .where(col(Run.state) == State.RUNNING, col(Run.identity).startswith("stack-"))
        )
        found: dict[int, set[str]] = {}
        for pid, identity in self.stored(lambda session: list(session.exec(query))):
            found.setdefault(pid, set()).add(identity)
        return found

    def migrations(self) -> list[str]:
        """Answer the migrations that go on just now."""
        query = select(Run.id).where(
            col(Run.state) == State.RUNNING, col(Run.identity).startswith("migrations-")
        )
        return self.stored(lambda session: list(session.exec(query)))

    def state_of(self, run: str) -> State:
        return self.stored(lambda session: session.get_one(Run, run).state)

    def live_runs(self) -> int:
        query = select(Run.id).where(col(Run.state).in_(LIVE))
        return self.stored(lambda session: len(session.exec(query).all()))

    def have(self, pull: PullRequest) -> set[str]:
        """Answer the tenants that have what was merged."""
        query = select(Deployed.tenant).where(
            col(Deployed.service) == "backend", col(Deployed.revision) == pull.merge_commit_sha
        )
        return self.stored(lambda session: set(session.exec(query)))

    async def everybody_has(self, pull: PullRequest) -> None:
        """Wait until the rollout is over, and see that it reached everybody."""
        await until(lambda: self.have(pull) == set(self.agency.regions), f"{pull.title} everywhere")
        await until(lambda: not self.live_runs(), "no run is left")

    async def is_told(self, pull: PullRequest) -> None:
        """Wait until GitHub has heard the end, and see that it was told once."""
        notices = select(Notice.final)
        await until(lambda: all(self.stored(lambda s: list(s.exec(notices)))), "all is told")
        sha = str(pull.merge_commit_sha)
        count = len(self.agency.regions)
        (comment,) = [each for each in pull.comments if each.author is self.agency.app.bot]
        assert f"### ✅ backend → {sha[:7]}: {count} of {count} tenants updated\n" in comment.body
        every = self.agency.backend.check_runs(sha)
        (check,) = [each for each in every if each.name == "orbits/deploy"]
        assert check.conclusion == "success"


@pytest.fixture
async def host(tmp_path: Path, postgres_url: str) -> AsyncIterator[Host]:
    """A host with the settings of an App that GitHub does not know; no log may show a fault."""
    settings = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "LANG": "C.UTF-8",
        "ORBITS_DATABASE_URL": postgres_url,
        "ORBITS_GITHUB_APP_ID": "1",
        "ORBITS_GITHUB_WEBHOOK_SECRET": "nobody can guess this one",
        "ORBITS_STACKS": "resources.example:stacks",
    }
    async with AsyncExitStack() as running:
        host = Host(tmp_path, settings, running)
        yield host
        assert [each for each in host.logged() if each["level"] == "error"] == []


@pytest.fixture
async def fleet(tmp_path: Path, host: Host, postgres_url: str) -> AsyncIterator[Fleet]:
    """An agency with four tenants that have nothing yet; its processes share their work."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    async with SimulatedGitHub(tmp_path / "github") as github, serving(github.asgi) as address:
        github.address = address
        agency = await found_agency(github, tmp_path, FOUR_TENANTS)
        agency.app.webhook_url = f"http://127.0.0.1:{port}/webhooks/github"
        sources = {name: str(each.git.directory) for name, each in agency.repositories.items()}
        stacks = STACKS.format(home=str(tmp_path), sources=sources)
        (tmp_path / "story_stacks.py").write_text(stacks)
        (tmp_path / "app.pem").write_text(agency.app.private_key)
        host.settings = {
            **host.settings,
            "PORT": str(port),
            "ORBITS_GITHUB_API_URL": github.platform.api,
            "ORBITS_GITHUB_APP_ID": str(agency.app.id),
            "ORBITS_GITHUB_PRIVATE_KEY": "app.pem",
            "ORBITS_GITHUB_WEBHOOK_SECRET": agency.app.webhook_secret,
            "ORBITS_STACKS": "story_stacks:stacks",
            "ORBITS_DISPATCH": "distributed",
            # One place each: while a stack is kept waiting, the next one is another worker's.
            "ORBITS_RUNS_AT_ONCE": "1",
            "ORBITS_HEARTBEAT_SECONDS": "0.5",
            "ORBITS_EXPIRY_SECONDS": str(EXPIRY_SECONDS),
            "ORBITS_GRACE_SECONDS": str(GRACE_SECONDS),
        }
        async with Database(postgres_url) as database:
            for name, region in agency.regions.items():
                tenant = Tenant(name=name, variables={"region": region})
                await Tenants(database, SystemClock()).add(tenant)
            yield Fleet(agency, host, database)


@pytest.mark.thorough
async def test_workers_share_a_rollout_and_one_that_ends_leaves_it_to_the_others(
    fleet: Fleet,
) -> None:
    host, everybody = fleet.host, set(fleet.agency.regions)
    serve = await host.start("serve")
    conductor, other = await fleet.two_workers()
    await serve.says("serving")
    await fleet.everybody_has(await fleet.merges(CHANGE))

    with fleet.busy():
        merge = await fleet.merges(REMEMBER_PHONE.files)
        both = {conductor.process.pid, other.process.pid}
        await until(lambda: set(fleet.stacks_of()) == both, "both carry stacks out")
        assert not other.has_said("conducting")
        assert await conductor.ends(signal.SIGKILL) == -signal.SIGKILL
    await other.says("conducting")
    await fleet.everybody_has(merge)
    assert fleet.owners() == [other.process.pid]
    assert all("phone" in fleet.agency.columns(tenant) for tenant in everybody)
    await fleet.is_told(merge)

    with fleet.busy():
        merge = await fleet.merges(MORE)
        await until(lambda: bool(fleet.migrations()), "it migrates")
        other.process.send_signal(signal.SIGTERM)
    async with asyncio.timeout(GRACE_SECONDS / 2):
        assert await other.ends(None) == 0
    assert fleet.owners() == []
    assert not fleet.have(merge)

    await host.start("worker")
    await fleet.everybody_has(merge)


@pytest.mark.thorough
async def test_a_migration_that_goes_on_may_end_before_its_worker_does(fleet: Fleet) -> None:
    serve, worker = await asyncio.gather(fleet.host.start("serve"), fleet.host.start("worker"))
    await asyncio.gather(serve.says("serving"), worker.says("conducting"))
    await fleet.everybody_has(await fleet.merges(CHANGE))

    with fleet.busy():
        await fleet.merges(REMEMBER_PHONE.files)
        await until(lambda: bool(fleet.migrations()), "it migrates")
        (migration,) = fleet.migrations()
        worker.process.send_signal(signal.SIGTERM)
    assert await worker.ends(None) == 0

    assert fleet.state_of(migration) == State.SUCCEEDED


@pytest.mark.thorough
async def test_of_two_workers_that_do_not_share_one_stands_by_until_the_other_has_ended(
    host: Host, tmp_path: Path
) -> None:
    (tmp_path / "app.pem").write_text(new_key_pair()[0])
    host.settings = {**host.settings, "ORBITS_GITHUB_PRIVATE_KEY": "app.pem"}
    workers = [await host.start("worker"), await host.start("worker")]
    await asyncio.gather(*(each.says("working", "standing_by") for each in workers))
    first, second = sorted(workers, key=lambda each: not each.has_said("working"))
    assert not second.has_said("working")

    assert await first.ends() == 0
    async with asyncio.timeout(5):
        await second.says("working")
