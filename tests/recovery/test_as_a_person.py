"""A personal token has no log of deliveries: the bot says so once, and goes on."""

from datetime import timedelta
from pathlib import Path

import structlog

from bot.engine.clock import SystemClock
from bot.inbox import Inbox
from bot.recovery.deliveries import MissedDeliveries
from bot.store import schema
from bot.store.database import Database
from tests.github.conftest import answering


async def test_without_an_app_there_is_no_log_to_look_into(tmp_path: Path) -> None:
    clock, github = SystemClock(), answering([])
    async with Database(f"sqlite:///{tmp_path / 'orbits.db'}") as database, github:
        schema.upgrade(database.engine)
        deliveries = MissedDeliveries(github, Inbox(database, clock), database, clock)
        with structlog.testing.capture_logs() as logged:
            for _ in range(3):
                known_until = await deliveries.look(clock.now() - timedelta(days=1), clock.now())
                assert known_until is not None

    assert [each["event"] for each in logged] == ["deliveries_not_listed"]
