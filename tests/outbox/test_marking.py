"""Marks are rows of the caller's transaction, on each kind of database alike."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from sqlmodel import Session

from bot.outbox import ledger, marking
from bot.outbox.budget import Rank, Waiting
from bot.outbox.outcomes import Outcome
from bot.outbox.targets import Answer, Check, Comment, Reaction
from bot.store.database import Database
from bot.store.tables import Notice

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)
CHECK = Check("Agency/backend", "c0ffee", "orbits/deploy", "7")
COMMENT = Comment("agency/backend", 12, "<!-- -->")


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The address of a database of each kind."""
    own = {"sqlite": "sqlite_url", "postgresql": "postgres_url"}[request.param]
    url: str = request.getfixturevalue(own)
    return url


async def marked(database: Database, **how: Any) -> Notice:
    """Mark the comment as due, and answer its row."""
    await database.write(lambda session: marking.due(session, COMMENT, "rollout:7", **how))
    return await row(database)


async def row(database: Database) -> Notice:
    return await database.read(lambda session: session.get_one(Notice, COMMENT.key))


async def changed(database: Database, change: Callable[[Notice], object]) -> None:
    await database.write(lambda session: change(session.get_one(Notice, COMMENT.key)) and None)


def test_a_target_has_one_name_however_its_repository_is_written() -> None:
    assert CHECK.key == "check/agency/backend/c0ffee/orbits/deploy/7"
    assert COMMENT.key == "comment/agency/backend/12"
    assert Answer("agency/backend", 12, "1001/1").key == "answer/agency/backend/12/1001/1"
    assert Reaction("agency/backend", 1001, "eyes").key == "reaction/agency/backend/1001/eyes"
    assert CHECK.account == COMMENT.account == "agency"


def test_an_answer_has_a_name_that_cannot_end_its_marker() -> None:
    with pytest.raises(ValueError, match="cannot stand in a marker"):
        Answer("agency/backend", 12, "1 -->")


async def test_what_is_marked_twice_is_one_row_that_changed_twice(database: Database) -> None:
    await marked(database)
    notice = await marked(database, told_by=CHECK)
    assert (notice.due, notice.changes, notice.told_by) == (True, 2, CHECK.key)
    assert (notice.kind, notice.source, notice.content) == ("comment", "rollout:7", None)


async def test_processes_that_mark_the_same_at_once_do_not_stand_in_each_others_way(
    database_url: str, database: Database
) -> None:
    async with Database(database_url) as other:
        await asyncio.gather(*(marked(each) for each in (database, other) for _ in range(20)))
    assert (await row(database)).changes == 40


async def test_a_mark_comes_to_nothing_with_its_transaction(database: Database) -> None:
    def fails(session: Session) -> None:
        marking.due(session, COMMENT, "rollout:7")
        raise LookupError

    with pytest.raises(LookupError):
        await database.write(fails)
    assert await database.read(lambda session: ledger.accounts(NOW, session)) == []


async def test_what_is_awaited_stays_so_until_it_is_told(database: Database) -> None:
    assert (await marked(database, rank=Rank.TURN)).rank is not None
    assert (await marked(database)).rank == Rank.TURN
    await changed(database, lambda notice: setattr(notice, "due", False))
    assert (await marked(database)).rank == Rank.PROGRESS


@pytest.mark.parametrize(
    ("rank", "attempts", "waits"),
    [(Rank.PROGRESS, 0, True), (Rank.TURN, 0, False), (Rank.TURN, 1, True)],
)
async def test_what_is_awaited_waits_for_no_debounce_but_for_the_next_try(
    database: Database, rank: Rank, attempts: int, waits: bool
) -> None:
    def rests(notice: Notice) -> None:
        notice.due, notice.attempts, notice.not_before = False, attempts, NOW + HOUR

    await marked(database)
    await changed(database, rests)
    notice = await marked(database, rank=rank)
    assert (notice.not_before is not None) is waits
    due = await database.read(lambda session: ledger.accounts(NOW, session))
    assert due == ([] if waits else ["agency"])
    assert await database.read(lambda session: ledger.accounts(NOW + HOUR, session)) == ["agency"]


async def test_all_that_is_said_of_a_source_is_marked_together(database: Database) -> None:
    def mark_both(session: Session) -> None:
        marking.due(session, COMMENT, "rollout:7")
        marking.due(session, CHECK, "rollout:7")
        marking.due(session, Comment("agency/backend", 13, "<!-- -->"), "rollout:8")
        marking.due_again(session, "rollout:7", Rank.TURN)

    await database.write(mark_both)
    stands = await database.read(lambda session: ledger.standing("agency", NOW, 500, session))
    assert sorted(stands.waiting) == [
        Waiting(CHECK.key, Rank.TURN, None),
        Waiting(COMMENT.key, Rank.TURN, None),
        Waiting("comment/agency/backend/13", Rank.PROGRESS, None),
    ]


async def test_a_silent_account_waits_for_nothing_until_the_silence_ends(
    database: Database,
) -> None:
    await marked(database)
    await database.write(lambda session: ledger.limit("agency", HOUR, NOW, session))
    assert await database.read(lambda session: ledger.accounts(NOW + SECOND, session)) == []
    assert await database.read(lambda session: ledger.accounts(NOW + HOUR, session)) == ["agency"]


async def test_writes_are_counted_for_an_hour(database: Database) -> None:
    await marked(database)
    for minutes in (0, 30, 65):
        at = NOW + timedelta(minutes=minutes)
        await database.write(partial(ledger.begin, COMMENT.key, None, at, SECOND))
    stands = await database.read(
        lambda session: ledger.standing("agency", NOW + timedelta(minutes=66), 500, session)
    )
    assert [at - NOW for at in stands.times] == [timedelta(minutes=30), timedelta(minutes=65)]
    assert (await row(database)).underway


async def test_what_changed_while_it_was_told_stays_due(database: Database) -> None:
    seen = await marked(database)
    told = Outcome(NOW, 17, "digest", final=True, rests_until=NOW + HOUR)
    await marked(database, rank=Rank.TURN)
    await database.write(lambda session: ledger.settle(seen, told, None, session))
    notice = await row(database)
    assert (notice.due, notice.final, notice.number, notice.not_before) == (True, False, 17, None)

    await database.write(lambda session: ledger.settle(notice, told, None, session))
    notice = await row(database)
    assert (notice.due, notice.final) == (False, True)
    assert await database.read(lambda session: marking.all_is_told(session, "rollout:7"))
    assert not await database.read(lambda session: marking.all_is_told(session, "rollout:8"))
