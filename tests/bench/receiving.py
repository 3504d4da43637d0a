"""Who takes webhooks in, each in a process of its own: the bot, and its peers, served alike.

Its socket listens before it starts: whoever connects early waits, and nobody has to ask whether
it is up.
"""

import asyncio
import contextlib
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import structlog
import uvicorn
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.types import ASGIApp

from bot.app import web_app
from bot.parts import opened
from bot.processes import leave_the_work_to_workers
from bot.settings import Settings
from bot.simulated.github.apps import new_key_pair
from bot.simulated.serving import listening
from resources.example import stacks
from tests.bench.sending import SECRET
from tests.bench.takers import answer_bare, answer_signed, application, plain_application

BOT, BARE, SIGNED, PLAIN = "bot", "bare", "signed", "plain"


@contextlib.contextmanager
def receiver(kind: str, url: str) -> Iterator[int]:
    """Have a receiver of that kind serve until the end, and answer its port."""
    with listening() as listener:
        port: int = listener.getsockname()[1]
        process = subprocess.Popen(
            [sys.executable, "-m", __name__, kind, url, str(listener.fileno())],
            pass_fds=[listener.fileno()],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    try:
        yield port
    finally:
        process.terminate()
        process.wait(30)


def server(app: ASGIApp) -> uvicorn.Server:
    """Answer a server as `orbits serve` has it."""
    return uvicorn.Server(
        uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            ws="none",
            timeout_graceful_shutdown=1,
        )
    )


@contextlib.asynccontextmanager
async def _app(kind: str, url: str) -> AsyncIterator[Starlette]:
    if kind == PLAIN:
        async with plain_application(Path(url.removeprefix("sqlite:///"))) as app:
            yield app
    elif kind != BOT:
        yield application(answer_bare if kind == BARE else answer_signed)
    else:
        private_key, _ = new_key_pair()
        settings = Settings(
            database_url=url,
            github_app_id=1,
            github_private_key=SecretStr(private_key),
            github_webhook_secret=SecretStr(SECRET),
            stacks="resources.example:stacks",
        )
        async with opened(settings, fleet=stacks()) as parts:
            yield web_app(parts, leave_the_work_to_workers)


async def _serve(kind: str, url: str, listener: socket.socket) -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    async with _app(kind, url) as app:
        await server(app).serve(sockets=[listener])


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1], sys.argv[2], socket.socket(fileno=int(sys.argv[3]))))
