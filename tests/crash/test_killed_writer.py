"""The bot's process is killed whenever it has written to GitHub: nothing is said twice or lost."""

import asyncio
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlmodel import Session

from bot.demo.agency import Agency, found_agency
from bot.demo.changes import REMEMBER_PHONE
from bot.parts import opened
from bot.rollouts.tenants import Tenants
from bot.simulated.github import PullRequest, SimulatedGitHub
from bot.simulated.github.issues import Comment
from bot.simulated.serving import serving
from bot.store.database import Database
from bot.worker import working
from tests.crash.lives import FORKS
from tests.crash.mortal_bot import Life, live
from tests.crash.reaper import Reaper
from tests.stories.end_states import EndState, Telling

CLIENTS = ("acme", "globex")
POLICY = '[rollout]\nwaves = ["acme", "rest"]\ndeployments = true\n'
NEXT = {"src/app.py": "VERSION = 2\n"}
MOST_LIVES = 120


@dataclass
class Office:
    """An agency, its bot that lives as often as it must, and what maya does there."""

    agency: Agency
    reaper: Reaper
    port: int
    installed: dict[str, str]
    """The commits that clients have from the beginning, and what they are called."""
    pulls: list[PullRequest] = field(default_factory=list)
    typed: list[Comment] = field(default_factory=list)
    rollouts: int = 0
    killed: int = 0

    async def merges(self, files: dict[str, str]) -> PullRequest:
        """Let maya merge a change, and the bot live until nothing is left to do."""
        maya = self.agency.maya
        pull = await maya.opens_pull_request(self.agency.backend, "A change", files)
        await self.agency.github.deliveries_settled()
        self.pulls.append(pull)
        self.rollouts += 1
        await self._lives(lambda: maya.merges(pull, "squash"))
        return pull

    async def types(self, pull: PullRequest, line: str, rollouts: int = 0) -> None:
        """Let maya write a command which begins so many rollouts."""
        self.rollouts += rollouts

        async def write() -> None:
            self.typed.append(await self.agency.maya.comments(pull, line))

        await self._lives(write, orders=len(self.typed) + 1)

    def end_state(self) -> EndState:
        """Answer what is left of it all."""
        engine = Database(self.agency.settings().database_url).engine
        try:
            with Session(engine) as session:
                telling = Telling(self.agency, session, self.pulls, self.typed, self.installed)
                return telling.end_state()
        finally:
            engine.dispose()

    async def _lives(self, act: Callable[[], Awaitable[object]], orders: int = 0) -> None:
        orders = orders or len(self.typed)
        ended = await self._one_life(act, orders)
        while ended == -signal.SIGKILL:
            self.killed += 1
            assert self.killed < MOST_LIVES, "nothing goes forward"
            ended = await self._one_life(None, orders)
        assert ended == 0

    async def _one_life(
        self, act: Callable[[], Awaitable[object]] | None, orders: int
    ) -> int | None:
        agency = self.agency
        ours, theirs = FORKS.Pipe()
        life = Life(
            home=agency.home,
            sources={name: str(each.git.directory) for name, each in agency.repositories.items()},
            api_url=agency.github.platform.api,
            app_id=agency.app.id,
            private_key=agency.app.private_key,
            secret=agency.app.webhook_secret,
            port=self.port,
            steps=0,
            rollouts=self.rollouts,
            orders=orders,
        )
        process = FORKS.Process(target=live, args=(life, theirs), daemon=True)
        await asyncio.to_thread(process.start)
        self.reaper.victim = process.pid
        theirs.close()
        if act is not None:
            await asyncio.to_thread(ours.recv)
            await act()
        await asyncio.to_thread(process.join)
        ours.close()
        return process.exitcode


@asynccontextmanager
async def office(
    home: Path, *, kills: bool, hears: bool = False, clients: tuple[str, ...] = CLIENTS
) -> AsyncIterator[Office]:
    """Have an agency whose clients are installed, and whose bot is not running yet."""
    async with SimulatedGitHub(home / "github") as github:
        reaper = Reaper(github.asgi, kills, hears)
        async with serving(reaper) as address:
            github.address = address
            agency = await found_agency(github, home, dict.fromkeys(clients, "eu-west-1"))
            settings = agency.settings()
            async with opened(settings, fleet=agency.fleet) as parts, working(parts) as bot:
                await agency.take_clients_on(bot, Tenants(parts.database, parts.clock))
            repositories = agency.repositories.values()
            installed = {await each.head("main"): f"first {each.name}" for each in repositories}
            await agency.maya.pushes(agency.backend, {"orbits.toml": POLICY})
            with closing(socket.create_server(("127.0.0.1", 0))) as listener:
                port = listener.getsockname()[1]
            agency.app.webhook_url = f"http://127.0.0.1:{port}/webhooks/github"
            yield Office(agency, reaper, port, installed)


async def rolled_back_held_and_deployed(office: Office) -> None:
    """A merge goes out in waves and is taken back; the next one is held until maya deploys it."""
    merge = await office.merges(dict(REMEMBER_PHONE.files))
    await office.types(merge, "/orbits rollback --reason 'orders are lost'", rollouts=1)
    held = await office.merges(NEXT)
    await office.types(held, "/orbits deploy acme")


async def test_killed_after_each_word_of_an_answer_the_bot_says_it_once(tmp_path: Path) -> None:
    async with office(tmp_path, kills=False, clients=("acme",)) as agency:
        merge = await agency.merges(NEXT)
        agency.reaper.kills = True
        await agency.types(merge, "/orbits hold acme --reason 'their fair'")
        found = agency.end_state()

    # After the eyes, the answer, the look at what became of it, and the rocket.
    assert agency.killed == 4
    assert found.kept == {"backend of acme": "hold at <merge of #1> by maya: their fair"}
    assert found.reactions == ["/orbits hold acme --reason 'their fair': ['eyes', 'rocket']"]
    assert [each for each in found.comments if "answer" in each] == [
        """\
#1: <!-- orbits: answer to <comment> -->

@maya Held: `acme`. Later merges leave `backend` as it is there.
"""
    ]


@pytest.mark.thorough
@pytest.mark.parametrize("hears", [False, True], ids=["unheard", "heard"])
async def test_killed_after_every_write_the_bot_says_everything_once(
    tmp_path: Path, *, hears: bool
) -> None:
    async with (
        office(tmp_path / "quiet", kills=False) as quiet,
        office(tmp_path / "bad", kills=True, hears=hears) as bad,
    ):
        await asyncio.gather(
            rolled_back_held_and_deployed(quiet), rolled_back_held_and_deployed(bad)
        )
        expected, found = quiet.end_state(), bad.end_state()

    assert found == expected
    assert expected.rollouts == [
        "merge of #1: rolled-back",
        "rollback of #1: succeeded",
        "merge of #2: succeeded",
    ]
    assert expected.kept == {
        "backend of globex": "hold at <first backend> by maya: rollback of #1, orders are lost"
    }
    assert expected.open_checks == []
    assert (quiet.killed, bad.killed > 40) == (0, True)
