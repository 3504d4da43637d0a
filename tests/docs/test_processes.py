"""`orbits serve` and `orbits worker` do what the README says of them."""

import asyncio
import contextlib
import json
import socket
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from bot.simulated.github.apps import new_key_pair
from tests.docs.conftest import Shell
from tests.docs.documents import README, ROOT, Document

PATIENCE = 20.0
PROCFILE = dict(
    line.split(": ", 1)
    for line in (ROOT / "Procfile").read_text().splitlines()
    if line and not line.startswith("#")
)


@dataclass(frozen=True)
class Started:
    """A process of the bot, and what it has logged."""

    process: Process
    port: int
    log: list[str] = field(default_factory=list)

    async def says(self, event: str) -> None:
        """Wait until it logs that."""
        assert self.process.stderr is not None
        async with asyncio.timeout(PATIENCE):
            async for line in self.process.stderr:
                self.log.append(line.decode())
                if line.startswith(b"{") and json.loads(line)["event"] == event:
                    return
        raise AssertionError(f"it ended without saying {event}: {self.log}")

    async def role(self) -> str:
        """Ask it whether it works."""
        patient = httpx.AsyncHTTPTransport(retries=5)
        async with httpx.AsyncClient(transport=patient) as client:
            answer = await client.get(f"http://127.0.0.1:{self.port}/readyz")
        return str(answer.json()["role"])

    async def ends(self) -> None:
        """Ask it to end, and wait until it has."""
        self.process.terminate()
        async with asyncio.timeout(PATIENCE):
            await self.process.wait()


@pytest.fixture
def environment(shell: Shell, tmp_path: Path) -> Mapping[str, str]:
    """The settings of an App that GitHub does not know."""
    (tmp_path / "app.pem").write_text(new_key_pair()[0])
    return shell.environment | {
        "ORBITS_GITHUB_APP_ID": "1",
        "ORBITS_GITHUB_PRIVATE_KEY": "app.pem",
        "ORBITS_GITHUB_WEBHOOK_SECRET": "nobody can guess this one",
        "ORBITS_STACKS": "resources.example:stacks",
    }


@contextlib.asynccontextmanager
async def started(command: str, environment: Mapping[str, str]) -> AsyncIterator[Started]:
    """Start a command line in the home of its environment, and see to it that it ends."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = await asyncio.create_subprocess_exec(
        *command.split(),
        cwd=environment["HOME"],
        env={**environment, "PORT": str(port)},
        stdout=DEVNULL,
        stderr=PIPE,
    )
    try:
        yield Started(process, port)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.communicate()


@pytest.mark.thorough
async def test_a_second_process_stands_by_and_takes_over(environment: Mapping[str, str]) -> None:
    assert "orbits serve\n" in Document(README).code("bash")
    serve = "orbits serve"
    async with started(serve, environment) as first:
        await first.says("working")
        assert await first.role() == "working"
        async with started(PROCFILE["worker"], environment) as second:
            await second.says("standing_by")
            await first.ends()
            await second.says("working")
            async with started(PROCFILE["web"], environment) as third:
                await third.says("standing_by")
                assert await third.role() == "standing by"


async def test_with_many_workers_web_takes_deliveries_in_and_one_worker_conducts(
    environment: Mapping[str, str], postgres_url: str
) -> None:
    exports = Document(README).code("bash")[-1].splitlines()
    shown = dict(line.removeprefix("export ").split("=", 1) for line in exports)
    many = {**environment, **shown, "ORBITS_DATABASE_URL": postgres_url}
    async with started(PROCFILE["web"], many) as web, started(PROCFILE["worker"], many) as worker:
        await web.says("serving")
        await worker.says("conducting")
        assert await web.role() == "taking deliveries in"
