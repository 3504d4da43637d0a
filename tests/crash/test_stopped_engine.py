"""What is stopped or killed is taken over without anybody's help, and is no danger afterwards."""

import asyncio
from datetime import datetime, timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path

from sqlmodel import delete

from bot.engine.engine import Engine
from bot.engine.pace import Pace
from bot.store.database import Database
from bot.store.tables import Owner
from tests.crash.deeds import Fleet, Hand, Ledger, Line, Volume, Word
from tests.crash.lives import SOON_SECONDS, Lives, go_on, stop, until
from tests.crash.mortal_engine import EXPIRY, Life
from tests.crash.verdict import assert_all_is_well
from tests.crash.witness import Evidence, evidence, now_of
from tests.postgres import Postgres

ALONE = ("a",)
FLEET = Fleet(stacks=ALONE)
CONNECT = ("network-north", "connect")
TAKEN_OVER_WITHIN = EXPIRY + timedelta(seconds=2)
AT_ONCE = timedelta(seconds=2)


async def in_mid_step(lives: Lives, name: str) -> tuple[Life, BaseProcess]:
    """Begin a life that is in the middle of a deed, and stays there until it is let go on."""
    life = lives.life(name, waits_in=CONNECT, url=named(lives.url, name))
    process = await lives.begin(life)
    await lives.wrote(name, Word.BEGUN, CONNECT)
    return life, process


def named(url: str, name: str) -> str:
    """Answer the address by which the sessions of a life can be told from others'."""
    return url if url.startswith("sqlite") else f"{url}&application_name={name}"


def stop_between_transactions(postgres: Postgres, name: str, process: BaseProcess) -> None:
    """Stop a process that holds no lock in the database.

    With one it would be in everybody's way until the server ends its session.
    """
    while True:
        stop(process)
        open_ones = postgres.execute(
            "SELECT 1 FROM pg_stat_activity WHERE application_name = %s"
            " AND state LIKE 'idle in transaction%%'",
            [name],
        )
        if not open_ones:
            return
        go_on(process)


def durable_since(known: Evidence, moment: datetime) -> list[datetime]:
    """Answer when steps became durable after a moment, by the clock of the database."""
    return sorted(each.at for each in known.outcomes if each.at > moment)


async def taken_over(lives: Lives, since: datetime) -> timedelta:
    """Wait until a step was written after that moment, and answer how long it took."""
    await until(lambda: bool(durable_since(evidence(lives.url), since)))
    return durable_since(evidence(lives.url), since)[0] - since


async def test_what_a_killed_one_worked_on_is_taken_over_in_time(
    postgres_url: str, tmp_path: Path
) -> None:
    async with Lives(postgres_url, tmp_path / "fleet", FLEET) as lives:
        life, process = await in_mid_step(lives, "a")
        other = await lives.begin(lives.life("b"))
        await has_begun(lives, 2)
        await lives.kill(life, process)
        assert await taken_over(lives, now_of(lives.url)) < TAKEN_OVER_WITHIN
        assert await lives.end(other) == 0
        assert_all_is_well(lives, ALONE)


async def test_a_stopped_one_is_taken_over_in_time_and_writes_nothing_when_it_goes_on(
    postgres: Postgres, postgres_url: str, tmp_path: Path
) -> None:
    async with Lives(postgres_url, tmp_path / "fleet", FLEET) as lives:
        life, process = await in_mid_step(lives, "a")
        # Whoever takes it over is still at work when the stopped one goes on.
        heir = lives.life("b", waits_in=("stack-a", "announce"))
        other = await lives.begin(heir)
        await has_begun(lives, 2)
        stop_between_transactions(postgres, "a", process)
        assert await taken_over(lives, now_of(lives.url)) < TAKEN_OVER_WITHIN
        life.gate.touch()
        go_on(process)
        await until(lambda: any(line[:2] == ("a.1", Word.LOST) for line in lives.lines()))
        heir.gate.touch()
        assert [await lives.end(each) for each in (process, other)] == [0, 0]
        assert_all_is_well(lives, ALONE)
        assert "declared_dead" in {entry["event"] for entry in lives.logged(life)}
        # What it did was done, and nothing that it wrote of it was taken.
        assert Line("a.1", Word.DONE, *CONNECT) in lives.lines()
        assert Line("a.1", Word.TOLD, *CONNECT) not in lives.lines()


async def test_a_stopped_one_keeps_its_seat_and_is_followed_at_once_when_it_is_killed(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with Lives(sqlite_url, tmp_path / "fleet", FLEET) as lives:
        life, process = await in_mid_step(lives, "a")
        stop(process)
        heir = lives.life("b")
        other = await lives.begin(heir)
        await until(lambda: heir.log.exists() and stands_by(lives, heir))
        (owner,) = evidence(lives.url).owners
        assert owner.pid == process.pid
        assert not [line for line in lives.lines() if line.life.startswith("b.")]
        await lives.kill(life, process)
        await until(lambda: any(line.life == "b.1" for line in lives.lines()), AT_ONCE)
        assert await lives.end(other) == 0
        assert_all_is_well(lives, ALONE)


async def test_one_that_was_buried_begins_nothing(database: Database, tmp_path: Path) -> None:
    """Until its next heartbeat it does not know; what it takes would be taken from it at once."""
    ledger = Ledger(tmp_path / "ledger")
    pace = Pace(heartbeat=timedelta(seconds=1), expiry=timedelta(seconds=10))
    async with Engine(database, given=[Hand(ledger, "a")], pace=pace) as engine:
        await database.write(lambda session: session.execute(delete(Owner)))
        await engine.submit(Volume(name="a"))
        async with asyncio.timeout(SOON_SECONDS):
            await engine.lost.wait()
        assert ledger.lines() == []


def stands_by(lives: Lives, life: Life) -> bool:
    return any(entry["event"] == "standing_by" for entry in lives.logged(life))


async def has_begun(lives: Lives, owners: int) -> None:
    """Wait until so many are at work."""
    await until(lambda: len(evidence(lives.url).owners) == owners)
