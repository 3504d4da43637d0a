"""The bot as `orbits serve` starts it, in a process of its own, for the example's agency.

Only GitHub's pace is wider: the bench merges more in a minute than GitHub lets anybody tell.
"""

import asyncio
import contextlib
import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import structlog
from pydantic import SecretStr

from bot.app import web_app
from bot.demo.agency import Agency
from bot.garbage import collect_seldom
from bot.outbox.budget import Pace
from bot.parts import opened
from bot.settings import Settings
from bot.simulated.serving import listening
from bot.worker import work
from resources.example import fleet
from tests.bench.receiving import server

PACE = Pace(between=timedelta(0), per_minute=100_000, per_hour=100_000)


@contextlib.contextmanager
def working_bot(agency: Agency) -> Iterator[str]:
    """Have the bot work until the end, and answer its address."""
    settings = agency.settings()
    sources = {name: str(each.git.directory) for name, each in agency.repositories.items()}
    with listening() as listener:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        given = {
            "home": str(agency.home),
            "sources": sources,
            "database": settings.database_url,
            "api": str(settings.github_api_url),
            "app": agency.app.id,
            "key": agency.app.private_key,
            "secret": agency.app.webhook_secret,
            "listener": listener.fileno(),
        }
        process = subprocess.Popen(
            [sys.executable, "-m", __name__],
            pass_fds=[listener.fileno()],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    try:
        if process.stdin is not None:
            process.stdin.write(json.dumps(given).encode())
            process.stdin.close()
        yield address
    finally:
        process.terminate()
        process.wait(30)


async def _live(given: dict[str, Any]) -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    settings = Settings(
        database_url=given["database"],
        github_api_url=given["api"],
        github_app_id=given["app"],
        github_private_key=SecretStr(given["key"]),
        github_webhook_secret=SecretStr(given["secret"]),
        stacks="resources.example:stacks",
    )
    agency = fleet(Path(given["home"]), given["sources"])
    async with opened(settings, fleet=agency) as parts:
        collect_seldom()
        listener = socket.socket(fileno=given["listener"])
        await server(web_app(parts, partial(work, pace=PACE))).serve(sockets=[listener])


if __name__ == "__main__":
    asyncio.run(_live(json.load(sys.stdin)))
