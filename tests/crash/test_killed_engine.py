"""Engines are killed at every step and in every deed, and nobody can tell afterwards.

Each test counts its kills: fewer than before would mean that it has become another test.
"""

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Iterable
from itertools import chain, repeat
from pathlib import Path

import pytest

from bot.states import State
from tests.crash.deeds import Line, SpringCleaning, Word
from tests.crash.lives import Lives, until
from tests.crash.mortal_engine import Death, Moment
from tests.crash.verdict import assert_all_is_well
from tests.crash.witness import evidence
from tests.postgres import Postgres

STEPS = 15
"""How many steps out of the 29 of a fleet are heard of at least: others share their commits."""
DEEDS = 32
"""How many moments its 16 deeds have: after each has begun, and after it is done."""
AT_ONCE = 3
"""How many fleets are worked on at once: on PostgreSQL they wait for leases most of the time."""
MOST_LIVES = 200

EACH_MOMENT = pytest.mark.parametrize(
    ("moment", "at_least"),
    [
        pytest.param(Moment.STEP, STEPS, id="step"),
        pytest.param(Moment.NEW_DEED, DEEDS, id="deed", marks=pytest.mark.thorough),
    ],
)


async def relay(lives: Lives, name: str, deaths: Iterable[Death | None]) -> None:
    """Let one life follow another until all is done, each with its death."""
    for number, death in enumerate(deaths):
        assert number < MOST_LIVES, f"there is no progress\n{lives.logs()}"
        if await lives.whole(lives.life(f"{name}{number}", death=death)) == 0:
            return


def once(moment: Moment, number: int) -> Iterable[Death | None]:
    """Die once, and then work to the end."""
    return chain([Death(moment, number)], repeat(None))


def always(moment: Moment, number: int = 1) -> Iterable[Death | None]:
    """Die again and again."""
    return repeat(Death(moment, number))


@EACH_MOMENT
async def test_one_that_is_killed_again_and_again_brings_the_fleet_up(
    sqlite_url: str, tmp_path: Path, moment: Moment, at_least: int
) -> None:
    async with Lives(sqlite_url, tmp_path / "fleet") as lives:
        await relay(lives, "a", always(moment))
        assert_all_is_well(lives)
    assert len(lives.killed) >= at_least


@pytest.mark.parametrize(
    ("moment", "at_least"),
    [
        pytest.param(Moment.STEP, STEPS, id="step", marks=pytest.mark.thorough),
        pytest.param(Moment.NEW_DEED, DEEDS, id="deed", marks=pytest.mark.thorough),
    ],
)
async def test_two_that_are_killed_again_and_again_bring_the_fleet_up(
    postgres_url: str, tmp_path: Path, moment: Moment, at_least: int
) -> None:
    async with Lives(postgres_url, tmp_path / "fleet") as lives:
        await asyncio.gather(*(relay(lives, name, always(moment)) for name in "ab"))
        assert_all_is_well(lives)
    assert len(lives.killed) >= at_least


async def test_what_a_child_did_while_its_parent_was_away_counts(
    sqlite_url: str, tmp_path: Path
) -> None:
    """The child of the queue goes on before its parent comes to ask for it again."""
    async with Lives(sqlite_url, tmp_path / "cellar", SpringCleaning()) as lives:
        await lives.whole(lives.life("a", death=Death(Moment.DEED)))
        heir = lives.life("b", waits_in=("cellar", "door"))
        process = await lives.begin(heir)
        await until(lambda: cleaned(lives))
        heir.gate.touch()
        assert await lives.end(process) == 0
        done = [line for line in lives.lines() if line.word is Word.DONE]
    assert done == [Line("b.1", Word.DONE, "cellar", "clean")]


def cleaned(lives: Lives) -> bool:
    runs = evidence(lives.url).runs
    return any(run.identity == "cellar" and run.state is State.SUCCEEDED for run in runs)


# Each moment by itself

Scene = Callable[[int], Awaitable[int]]


async def kills(scene: Scene, numbers: Iterable[int], at_least: int) -> list[int]:
    """Play a scene for each number, some at once; answer how many were killed in each."""
    room = asyncio.Semaphore(AT_ONCE)

    async def play(number: int) -> int:
        async with room:
            return await scene(number)

    played = await asyncio.gather(*map(play, numbers), return_exceptions=True)
    problems = [each for each in played if isinstance(each, Exception)]
    if problems:
        raise ExceptionGroup("scenes that went wrong", problems)
    counted = [each for each in played if isinstance(each, int)]
    assert sum(counted) >= at_least
    return counted


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("moment", "at_least"),
    [
        pytest.param(Moment.STEP, 20, id="step"),
        pytest.param(Moment.DEED, DEEDS, id="deed", marks=pytest.mark.thorough),
    ],
)
async def test_one_that_is_killed_at_any_moment_is_followed_by_another(
    migrated_file: Path, tmp_path: Path, moment: Moment, at_least: int
) -> None:
    async def scene(number: int) -> int:
        folder = tmp_path / f"{number}"
        folder.mkdir()
        shutil.copy(migrated_file, folder / "orbits.db")
        async with Lives(f"sqlite:///{folder / 'orbits.db'}", folder) as lives:
            await relay(lives, "a", once(moment, number))
            assert_all_is_well(lives)
        return len(lives.killed)

    counted = await kills(scene, range(1, DEEDS + 2), at_least)
    assert counted[-1] == 0


@pytest.mark.thorough
@pytest.mark.parametrize("deaths", [once, always], ids=["once", "always"])
@pytest.mark.parametrize(
    ("moment", "at_least"),
    [pytest.param(Moment.STEP, 15, id="step"), pytest.param(Moment.DEED, 20, id="deed")],
)
async def test_of_two_one_is_killed_at_any_moment_and_the_other_every_second_time(
    postgres: Postgres,
    tmp_path: Path,
    moment: Moment,
    at_least: int,
    deaths: Callable[[Moment, int], Iterable[Death | None]],
) -> None:
    async def scene(number: int) -> int:
        url = postgres.new_database()
        others = deaths(moment, number) if number % 2 else repeat(None)
        try:
            async with Lives(url, tmp_path / f"{number}") as lives:
                await asyncio.gather(
                    relay(lives, "a", deaths(moment, number)), relay(lives, "b", others)
                )
                assert_all_is_well(lives)
        finally:
            await asyncio.to_thread(postgres.drop, url)
        return len(lives.killed)

    # One that dies at its first deed each time would never get beyond it.
    first = 1 if deaths is once else 3
    await kills(scene, range(first, DEEDS), at_least)
