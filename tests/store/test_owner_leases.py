"""Who is alive is told by one clock that all processes share."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from bot.engine.clock import SystemClock
from bot.engine.owner import Ownership
from bot.store.database import Database
from bot.store.seat import FileSeat
from resources.errors import OrbitsError

ANY_NUMBER_OF_SEATS = FileSeat(None)
AT_ONCE = timedelta(0)


class WrongClock(SystemClock):
    """A machine's clock that is off by so much."""

    def __init__(self, off: timedelta) -> None:
        self._off = off

    def now(self) -> datetime:
        return super().now() + self._off


def ownership(database: Database, off: timedelta = timedelta(0)) -> Ownership:
    return Ownership(database, ANY_NUMBER_OF_SEATS, WrongClock(off), heartbeat=AT_ONCE)


async def age(database: Database, owner: Ownership, seconds: int) -> None:
    statement = text("UPDATE owner SET heartbeat_at = :at WHERE id = :id")
    at = await owner.time_of_leases() - timedelta(seconds=seconds)
    await database.write(
        lambda session: (
            session.connection().execute(
                statement, {"at": at if not database.is_sqlite else str(at)[:26], "id": owner.id}
            )
            and None
        )
    )


@pytest.mark.parametrize("off", [timedelta(hours=1), timedelta(hours=-1)])
async def test_a_machine_whose_clock_is_wrong_buries_nobody_and_is_not_buried(
    postgres_database: Database, off: timedelta
) -> None:
    right, wrong = ownership(postgres_database), ownership(postgres_database, off)
    await right.begin()
    await wrong.begin()
    assert await right.beat()
    assert await wrong.beat()
    assert not await wrong.bury_the_dead()
    assert not await right.bury_the_dead()
    assert await right.beat()
    assert await wrong.beat()
    await wrong.end()
    await right.end()


async def test_an_owner_whose_heart_stopped_is_buried_and_learns_it(database: Database) -> None:
    living, dead = ownership(database), ownership(database)
    await living.begin()
    await dead.begin()
    await age(database, dead, seconds=14)
    assert not await living.bury_the_dead()
    await age(database, dead, seconds=16)
    assert await living.bury_the_dead()
    assert not await dead.beat()
    assert await living.beat()


async def test_an_owner_that_was_late_but_not_buried_is_alive(database: Database) -> None:
    late = ownership(database)
    await late.begin()
    await age(database, late, seconds=60)
    assert await late.beat()
    assert not late.is_overdue


async def test_who_was_not_heard_for_long_knows_that_others_may_have_buried_it(
    database: Database,
) -> None:
    impatient = Ownership(
        database, ANY_NUMBER_OF_SEATS, SystemClock(), heartbeat=AT_ONCE, expiry=AT_ONCE
    )
    await impatient.begin()
    assert impatient.is_overdue
    assert not ownership(database).is_overdue


def test_an_expiry_that_one_late_heartbeat_reaches_is_refused(sqlite_url: str) -> None:
    with pytest.raises(OrbitsError) as refused:
        Ownership(
            Database(sqlite_url),
            ANY_NUMBER_OF_SEATS,
            SystemClock(),
            heartbeat=timedelta(seconds=3),
            expiry=timedelta(seconds=5),
        )
    assert str(refused.value) == (
        "A process whose heart beats every 3 s cannot be counted as dead after 5 s: one late beat "
        "would cost it its runs. Make the expiry twice the heartbeat or more."
    )
