"""What GitHub was told long ago is forgotten; what it may have to be told stays."""

from typing import Any

import pytest
from sqlmodel import Session, SQLModel, select

from bot.store.database import Database
from bot.store.retention import Pruned, prune
from bot.store.tables import Notice, Silence, Written
from tests.store.long_ago import LATELY, LONG_AGO, MONTH, NOW


def notice(key: str, **how: Any) -> Notice:
    told = {"due": False, "final": True, "told_at": LONG_AGO, "rank": 2, **how}
    return Notice(key=key, account="agency", kind="comment", target={}, source=key, **told)


async def store(database: Database, *rows: SQLModel) -> None:
    await database.write(lambda session: session.add_all(rows))


async def keys(database: Database) -> list[str]:
    def read(session: Session) -> list[str]:
        return sorted(session.exec(select(Notice.key)))

    return await database.read(read)


async def test_what_told_its_end_long_ago_goes(database: Database) -> None:
    ended = [notice(str(number)) for number in range(25)]
    await store(database, *ended, notice("given up", final=False, given_up=True))

    assert await prune(database, MONTH, NOW, batch=10) == Pruned(notices=26)
    assert await keys(database) == []


@pytest.mark.parametrize(
    "how",
    [{"told_at": LATELY}, {"due": True}, {"final": False}, {"told_at": None}],
    ids=["told lately", "due", "its source goes on", "never told"],
)
async def test_what_may_have_to_be_told_stays(database: Database, how: dict[str, Any]) -> None:
    await store(database, notice("a", **how), notice("b"))

    assert await prune(database, MONTH, NOW) == Pruned(notices=1)
    assert await keys(database) == ["a"]


async def test_what_counts_towards_no_limit_any_more_goes(database: Database) -> None:
    await store(
        database,
        Written(id="old", account="agency", at=LONG_AGO),
        Written(id="new", account="agency", at=NOW),
        Silence(account="agency", until=LONG_AGO),
        Silence(account="studio", until=NOW),
    )

    await prune(database, MONTH, NOW)

    def left(session: Session) -> list[str]:
        return [*session.exec(select(Written.id)), *session.exec(select(Silence.account))]

    assert await database.read(left) == ["new", "studio"]
