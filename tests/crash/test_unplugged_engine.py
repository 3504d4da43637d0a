"""The database goes away while engines work, and comes back: they go on, and lose nothing."""

import asyncio
import signal
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path

import pytest

from tests.crash.deeds import Word, deeds_of
from tests.crash.lives import Lives, until
from tests.crash.verdict import assert_all_is_well
from tests.crash.witness import evidence
from tests.postgres import Postgres, StartedPostgres
from tests.store.cable import COMMIT, Cable, cable_to

CONNECT = ("network-north", "connect")
CUTS = 5
"""How many answers are lost at least while a fleet is brought up."""
LOOK_EVERY = 0.005


@pytest.fixture
def fragile_url(fragile_postgres: StartedPostgres) -> Iterator[str]:
    url = fragile_postgres.new_database()
    yield url
    fragile_postgres.drop(url)


@pytest.mark.parametrize(
    "how",
    [
        pytest.param(signal.SIGINT, id="restart", marks=pytest.mark.thorough),
        pytest.param(signal.SIGQUIT, id="crash"),
    ],
)
async def test_a_server_that_goes_away_in_mid_step_and_comes_back_is_survived(
    fragile_postgres: StartedPostgres, fragile_url: str, tmp_path: Path, how: signal.Signals
) -> None:
    async with Lives(fragile_url, tmp_path / "fleet") as lives:
        plans = [lives.life(name, waits_in=CONNECT) for name in "ab"]
        processes = [await lives.begin(life) for life in plans]
        await until(lambda: any(line.of == CONNECT for line in lives.lines()))
        await asyncio.to_thread(fragile_postgres.restart, how)
        for life in plans:
            life.gate.touch()
        assert [await lives.end(process) for process in processes] == [0, 0]
        assert_all_is_well(lives)


async def test_writes_whose_answers_are_lost_are_neither_lost_nor_done_twice(
    postgres_url: str, tmp_path: Path
) -> None:
    async with (
        Lives(postgres_url, tmp_path / "fleet") as lives,
        cable_to(postgres_url) as (cable, url),
    ):
        process = await lives.begin(lives.life("a", url=url))
        cutting = asyncio.create_task(cut_again_and_again(cable))
        try:
            assert await lives.end(process) == 0
        finally:
            cutting.cancel()
        assert_all_is_well(lives)
        assert_each_was_done_once(lives)
    assert cable.answers_lost >= CUTS


async def cut_again_and_again(cable: Cable) -> None:
    """Lose the answers to commits, and to single statements that tell of a success: steps."""
    for said in cycle([COMMIT, b"succeeded"]):
        cable.loses_answer_to = said
        lost = cable.answers_lost
        while cable.answers_lost == lost:  # noqa: ASYNC110 (a cable has no event for it)
            await asyncio.sleep(LOOK_EVERY)


@pytest.mark.thorough
async def test_an_engine_whose_sessions_are_ended_at_each_step_brings_the_fleet_up(
    postgres: Postgres, postgres_url: str, tmp_path: Path
) -> None:
    cuts = 0
    async with Lives(postgres_url, tmp_path / "fleet") as lives:
        process = await lives.begin(lives.life("a", url=f"{postgres_url}&application_name=a"))
        heard = 0
        while process.exitcode is None:
            told = sum(line.word is Word.TOLD for line in lives.lines())
            if told > heard:
                heard = told
                cuts += postgres.cut_connections(postgres_url, "a") > 0
            await asyncio.sleep(LOOK_EVERY)
        assert await lives.end(process) == 0
        assert_all_is_well(lives)
    assert cuts >= CUTS


def assert_each_was_done_once(lives: Lives) -> None:
    done = sorted(line.of for line in lives.lines() if line.word is Word.DONE)
    assert done == sorted(deeds_of(("a", "b", "c")))
    assert len(evidence(lives.url).owners) == 0
