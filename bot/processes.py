"""The processes that an operator starts, until the operator stops them."""

import asyncio
import signal
import sys
from importlib import import_module

import structlog
import uvicorn

from bot.app import web_app
from bot.child_processes import wait_without_threads
from bot.garbage import collect_seldom
from bot.logs import configure_logs
from bot.parts import Parts, opened
from bot.settings import Settings, StoreSettings, read_settings
from bot.store import schema
from bot.store.database import Database

log = structlog.get_logger(__name__)

SHUTDOWN_SECONDS = 10


def serve_until_stopped(host: str | None, port: int | None) -> None:
    """Serve and work; raises `SettingsRefused` before anything is opened."""
    settings = read_settings(Settings)
    configure_logs()
    asyncio.run(_serve(settings, host or settings.host, settings.port if port is None else port))


def work_until_stopped() -> None:
    """Work, without serving; raises `SettingsRefused` before anything is opened."""
    settings = read_settings(Settings)
    configure_logs()
    asyncio.run(_work(settings))


def upgrade_database() -> None:
    """Apply the migrations that the database lacks."""
    database = Database(read_settings(StoreSettings).database_url)
    schema.upgrade(database.engine)
    sys.stdout.write(f"{database.name} has the schema of this release.\n")


async def load_and_work(parts: Parts) -> None:
    """Load what works, without keeping deliveries waiting, and work until cancelled.

    Taking deliveries in needs little and is ready at once; the engine and GitHub's client take
    a while to load.
    """
    worker = await asyncio.to_thread(import_module, "bot.worker")
    collect_seldom()
    wait_without_threads()
    await worker.work(parts)


async def leave_the_work_to_workers(parts: Parts) -> None:
    """Do nothing beside taking deliveries in, until cancelled."""
    parts.only_takes_in = True
    await asyncio.Event().wait()


async def _serve(settings: Settings, host: str, port: int) -> None:
    work = leave_the_work_to_workers if settings.is_distributed else load_and_work
    async with opened(settings) as parts:
        config = uvicorn.Config(
            web_app(parts, work),
            host=host,
            port=port,
            log_config=None,
            access_log=False,
            server_header=False,
            ws="none",
            timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        )
        parts.address = _own_address(host, port)
        log.info("serving", address=f"http://{host}:{port}", stacks=settings.stacks)
        await uvicorn.Server(config).serve()


def _own_address(host: str, port: int) -> str | None:
    """Answer where this machine reaches what is served; `None` where the port is any."""
    everywhere = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "": "127.0.0.1"}  # noqa: S104 (no bind)
    named = everywhere.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{named}:{port}" if port else None


async def _work(settings: Settings) -> None:
    async with opened(settings) as parts:
        worker = asyncio.create_task(load_and_work(parts))
        loop = asyncio.get_running_loop()
        for stop in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(stop, worker.cancel)
        await asyncio.gather(worker, return_exceptions=True)
