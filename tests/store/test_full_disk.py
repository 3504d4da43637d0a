"""SQLite rolls a whole transaction back where it runs out of room in one statement."""

import asyncio

from sqlalchemy import text
from sqlmodel import Session, select

from bot.engine.clock import SystemClock
from bot.store.database import Database
from bot.store.tables import Delivery


async def test_what_was_told_as_written_is_written_when_a_neighbour_fills_the_disk(
    sqlite_database: Database,
) -> None:

    def limit(session: Session) -> None:
        pages = session.connection().execute(text("PRAGMA page_count")).scalar_one()
        session.connection().execute(text(f"PRAGMA max_page_count={pages + 3}"))

    await sqlite_database.write(limit)
    now = SystemClock().now()

    async def store(guid: str, payload: bytes) -> None:
        delivery = Delivery(guid=guid, event="push", payload=payload, received_at=now)
        await sqlite_database.write(lambda session: session.add(delivery))

    outcomes = await asyncio.gather(
        store("small", b"x"), store("large", b"x" * 500_000), return_exceptions=True
    )
    stored = await sqlite_database.read(lambda session: session.exec(select(Delivery.guid)).all())
    told = [
        guid for guid, outcome in zip(("small", "large"), outcomes, strict=True) if outcome is None
    ]
    assert sorted(stored) == told
