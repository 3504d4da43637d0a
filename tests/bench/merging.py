"""People who merge and comment on the simulated GitHub, and how soon the bot writes something.

The simulated GitHub has this process, the bot has another one. Both moments are this process's:
when it begins to send a webhook, and when the first request arrives that changes anything.
"""

import asyncio
import contextlib
import json
import sys
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import httpx
from sqlmodel import Session, col, select
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.demo.agency import Agency, found_agency
from bot.engine.clock import SystemClock
from bot.rollouts.tenants import Tenants
from bot.simulated.github import SimulatedGitHub
from bot.simulated.serving import listening
from bot.store import schema
from bot.store.database import Database
from bot.store.tables import Notice, Tenant
from tests.bench.receiving import server
from tests.bench.working_bot import working_bot
from tests.stories.settled import is_settled

API = "/api/v3"
CHANGE = "src/app.py"
TENANTS = {"acme": "eu-west-1", "globex": "eu-central-1"}
LOOK_EVERY = 0.02
PATIENCE_SECONDS = 60
WARM_UP = 3

Asked = tuple[str, str]
"""A request without the write: its address, and who asked."""


class Heard(NamedTuple):
    """A request of the bot's, and when it arrived."""

    at: float
    method: str
    target: str
    who: str

    @property
    def writes(self) -> bool:
        """Whether it changes what people see."""
        return self.method != "GET" and not self.target.endswith("/access_tokens")


class Ear:
    """Hears what the bot asks of GitHub, on its way there."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.heard: list[Heard] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Note a request to the API, and pass it on."""
        if scope["type"] == "http" and scope["path"].startswith(API):
            headers = dict(scope["headers"])
            query = scope["query_string"].decode()
            target = scope["path"] + (f"?{query}" if query else "")
            who = headers.get(b"authorization", b"").decode()
            self.heard.append(Heard(time.perf_counter(), scope["method"], target, who))
        await self._app(scope, receive, send)


class Mouth(httpx.AsyncBaseTransport):
    """Sends the webhooks, and remembers when each kind was last begun to be sent."""

    def __init__(self) -> None:
        self._transport = httpx.AsyncHTTPTransport()
        self.sent: dict[str, float] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one."""
        self.sent[request.headers["X-GitHub-Event"]] = time.perf_counter()
        return await self._transport.handle_async_request(request)


class Street:
    """The agency, the bot that works for it, and what goes between the bot and GitHub."""

    def __init__(self, agency: Agency, ear: Ear, mouth: Mouth) -> None:
        self.agency, self.ear, self.mouth = agency, ear, mouth
        self._store = Database(agency.settings().database_url)

    async def until_written(self, event: str) -> tuple[float, list[Asked]]:
        """Answer the ms from an event to the first write, and what was asked in between."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                began = self.mouth.sent.get(event)
                heard = [each for each in self.ear.heard if began and each.at >= began]
                first = next((each for each in heard if each.writes), None)
                if began and first:
                    asked = [(each.target, each.who) for each in heard if each.at < first.at]
                    return 1e3 * (first.at - began), asked
                await asyncio.sleep(LOOK_EVERY)

    async def rests(self) -> None:
        """Wait until the bot has nothing to do; then forget what was said so far."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self.agency.github.deliveries_settled()
            while await asyncio.to_thread(self._busy):  # noqa: ASYNC110 (rows ring no bell)
                await asyncio.sleep(LOOK_EVERY)
        self.ear.heard.clear()
        self.mouth.sent.clear()

    def _busy(self) -> bool:
        with Session(self._store.engine) as session:
            untold = select(Notice.key).where(col(Notice.due).is_(True))
            return not is_settled(session, datetime.now(UTC)) or bool(session.exec(untold).first())

    async def merge(self, number: int) -> tuple[float, list[Asked]]:
        """Let somebody merge a change that reaches every tenant."""
        maya, backend = self.agency.maya, self.agency.backend
        change = {CHANGE: f"VERSION = {number}\n"}
        pull = await maya.opens_pull_request(backend, f"Release {number}", change)
        await self.rests()
        await maya.merges(pull, "squash")
        return await self.until_written("pull_request")

    async def comment(self, _: int) -> tuple[float, list[Asked]]:
        """Let somebody ask for help on the last pull request."""
        await self.agency.maya.comments(self.agency.backend.pulls[-1], "/orbits help")
        return await self.until_written("issue_comment")


def measure(event: str, times: int) -> dict[str, list[float]]:
    """Answer of each time the ms, how many requests came before, and the ms of those alone."""
    with TemporaryDirectory() as folder:
        return asyncio.run(_measure(Path(folder), event, times))


async def _measure(home: Path, event: str, times: int) -> dict[str, list[float]]:
    async with _street(home) as street:
        act = street.merge if event == "merge" else street.comment
        await street.merge(0)
        took = []
        for number in range(1, WARM_UP + times):
            await street.rests()
            took.append(await act(number))
        await street.rests()
        bare = await _bare(street.agency, [asked for _, asked in took])
    found = {
        "ms": [ms for ms, _ in took],
        "requests": [float(len(asked)) for _, asked in took],
        "bare ms": bare,
    }
    return {name: values[WARM_UP - 1 :] for name, values in found.items()}


@contextlib.asynccontextmanager
async def _street(home: Path) -> AsyncIterator[Street]:
    mouth = Mouth()
    async with SimulatedGitHub(home / "github", transport=mouth) as github:
        ear, listener = Ear(github.asgi), listening()
        github.address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        agency = await found_agency(github, home)
        await _take_clients_on(agency)
        web = server(ear)
        serving = asyncio.create_task(web.serve(sockets=[listener]))
        with working_bot(agency) as address:
            agency.app.webhook_url = f"{address}/webhooks/github"
            yield Street(agency, ear, mouth)
        web.should_exit = True
        await serving


async def _take_clients_on(agency: Agency) -> None:
    database = Database(agency.settings().database_url)
    await asyncio.to_thread(schema.upgrade, database.engine)
    async with database:
        for name, region in TENANTS.items():
            tenant = Tenant(name=name, variables={"region": region})
            await Tenants(database, SystemClock()).add(tenant)


async def _bare(agency: Agency, asked: list[list[Asked]]) -> list[float]:
    """Let a process of its own ask the same once more."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", __name__, agency.github.address),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    told, _ = await process.communicate(json.dumps(asked).encode())
    answer: list[float] = json.loads(told)
    return answer


async def _ask(address: str, asked: list[list[Asked]]) -> list[float]:
    """Ask what the bot has asked, one after the other, with nothing around it."""
    took = []
    async with httpx.AsyncClient(base_url=address, trust_env=False) as client:
        for each in asked:
            began = time.perf_counter()
            for target, who in each:
                await client.get(target, headers={"Authorization": who})
            took.append(1e3 * (time.perf_counter() - began))
    return took


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_ask(sys.argv[1], json.load(sys.stdin)))))
