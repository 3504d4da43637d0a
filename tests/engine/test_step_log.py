"""What steps print is there to be read: masked, bounded, in order, and whatever the store does."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from bot.engine.logs.held_output import Bounds
from bot.engine.logs.step_log import StepLogs, printed_by
from bot.store.database import Database
from resources.masking import Masks
from tests.stories.clock import StoryClock

SOON = 10
AT_ONCE = timedelta(0)
NEVER = timedelta(days=1)


def logs_of(database: Database, masks: Masks | None = None, **bounds: Any) -> StepLogs:
    return StepLogs(
        database, StoryClock(), masks or Masks(), Bounds(**{"flush_every": NEVER, **bounds})
    )


async def text_of(database: Database, run_id: str, step: str | None = None) -> str:
    return "".join(piece.text for piece in await printed_by(database, run_id, step))


async def until(is_so: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(SOON):
        while not await is_so():
            pass


@contextmanager
def outage(database: Database) -> Iterator[list[str]]:
    """Let the store take no output; answers what it was asked to write."""
    refused: list[str] = []

    def refuse(_: object, __: object, statement: str, *___: object) -> None:
        if statement.startswith("INSERT INTO printed"):
            refused.append(statement)
            raise OperationalError(statement, {"text": "what was printed"}, OSError("disk full"))

    event.listen(database.engine, "before_cursor_execute", refuse)
    try:
        yield refused
    finally:
        event.remove(database.engine, "before_cursor_execute", refuse)


async def test_what_a_step_printed_can_be_read_when_it_has_ended(database: Database) -> None:
    async with logs_of(database) as logs:
        logs.take("run", "migrate", "begun\n")
        logs.take("run", "migrate", "done\n")
        await logs.settle("run", "migrate")

        [piece] = await printed_by(database, "run")

    assert (piece.step, piece.number, piece.text) == ("migrate", 1, "begun\ndone\n")
    assert piece.at < StoryClock().now() + timedelta(seconds=1)


async def test_it_can_be_read_while_the_step_goes_on(database: Database) -> None:
    async with logs_of(database, flush_every=AT_ONCE) as logs:
        for line in ("one\n", "two\n", "three\n"):
            logs.take("run", "migrate", line)

            async def is_there(line: str = line) -> bool:
                return (await text_of(database, "run")).endswith(line)

            await until(is_there)

    assert await text_of(database, "run") == "one\ntwo\nthree\n"


async def test_a_whole_piece_does_not_wait_for_its_time(database: Database) -> None:
    async with logs_of(database, piece=10) as logs:
        logs.take("run", "migrate", "0123456789")

        async def is_there() -> bool:
            return await text_of(database, "run") == "0123456789"

        await until(is_there)


async def test_many_small_prints_become_few_pieces(database: Database) -> None:
    text = "".join(f"{number}\n" for number in range(1_000))
    async with logs_of(database, piece=500) as logs:
        for character in text:
            logs.take("run", "migrate", character)

    pieces = await printed_by(database, "run")
    assert "".join(piece.text for piece in pieces) == text
    assert [piece.number for piece in pieces] == list(range(1, len(pieces) + 1))
    assert {len(piece.text) for piece in pieces[:-1]} == {500}


async def test_a_long_text_is_cut_into_pieces(database: Database) -> None:
    async with logs_of(database, piece=10) as logs:
        logs.take("run", "migrate", "0123456789" * 3 + "ab")

    assert [len(piece.text) for piece in await printed_by(database, "run")] == [10, 10, 10, 2]


async def test_a_secret_is_masked_though_it_comes_in_pieces(database: Database) -> None:
    masks = Masks()
    masks.add("hunter22")
    async with logs_of(database, masks, piece=5) as logs:
        for piece in ("password hun", "ter", "22 is taken", ", as is hunte"):
            logs.take("run", "migrate", piece)
        await logs.settle("run", "migrate")

    assert await text_of(database, "run") == "password [masked] is taken, as is hunte"


async def test_what_no_database_takes_is_replaced(database: Database) -> None:
    async with logs_of(database) as logs:
        logs.take("run", "migrate", "a\0b\ud800c\udfffd")
        logs.take("run", "empty", "")

    assert await text_of(database, "run") == "a�b�c�d"


async def test_of_a_talkative_step_the_beginning_and_the_end_are_kept(database: Database) -> None:
    lines = [f"line {number:04}\n" for number in range(1_000)]
    async with logs_of(database, largest=40, piece=15) as logs:
        for line in lines:
            logs.take("run", "migrate", line)
        await logs.settle("run", "migrate")

    assert await text_of(database, "run") == (
        "line 0000\nline 0001\n[9,960 characters are left out here]\nline 0998\nline 0999\n"
    )


async def test_a_cut_in_the_middle_of_a_line_ends_it(database: Database) -> None:
    async with logs_of(database, largest=8) as logs:
        logs.take("run", "migrate", "0123456789")

    assert await text_of(database, "run") == "0123\n[2 characters are left out here]\n6789"


async def test_nothing_is_left_out_of_what_just_fits(database: Database) -> None:
    async with logs_of(database, largest=10, piece=3) as logs:
        for character in "0123456789":
            logs.take("run", "migrate", character)

    assert await text_of(database, "run") == "0123456789"


async def test_each_attempt_at_a_step_has_the_whole_bound(database: Database) -> None:
    async with logs_of(database, largest=8) as logs:
        for _ in range(2):
            logs.take("run", "migrate", "01234567")
            await logs.settle("run", "migrate")

    assert await text_of(database, "run") == "0123456701234567"


async def test_a_resumed_run_adds_to_what_it_printed_before(database: Database) -> None:
    async with logs_of(database, piece=4) as before:
        before.take("run", "migrate", "before")
    async with logs_of(database, piece=4) as after:
        after.take("run", "migrate", " and after")

    pieces = await printed_by(database, "run")
    assert "".join(piece.text for piece in pieces) == "before and after"
    assert [piece.number for piece in pieces] == [1, 2, 3, 4, 5]


async def test_a_process_that_lost_its_run_takes_nothing_from_the_next(database: Database) -> None:
    """It was stopped and woke up: both print for one step, and each finds the other's numbers."""
    async with logs_of(database) as stopped, logs_of(database) as owner:
        for number in range(5):
            stopped.take("run", "migrate", f"stopped {number}\n")
            owner.take("run", "migrate", f"owner {number}\n")
            await asyncio.gather(stopped.settle("run"), owner.settle("run"))

    lines = (await text_of(database, "run")).splitlines()
    assert sorted(lines) == sorted(
        [f"{who} {number}" for who in ("stopped", "owner") for number in range(5)]
    )


async def test_numbers_that_were_taken_meanwhile_are_passed_over(database: Database) -> None:
    async with logs_of(database, piece=5, flush_every=AT_ONCE) as stopped:
        stopped.take("run", "migrate", "first")
        await until(lambda: _is(database, "first"))
        async with logs_of(database) as owner:
            owner.take("run", "migrate", " mine")
        stopped.take("run", "migrate", " late")

    assert await text_of(database, "run") == "first mine late"


async def _is(database: Database, text: str) -> bool:
    return await text_of(database, "run") == text


async def test_a_run_is_followed_by_the_number_read_last(database: Database) -> None:
    async with logs_of(database) as logs:
        for number, step in enumerate(("install", "migrate", "install", "start")):
            logs.take("run", step, f"{number} {step}")
            logs.take("other run", step, "something else")
            await logs.settle("run", step)

        first = await printed_by(database, "run", most=2)
        rest = await printed_by(database, "run", after=first[-1].number)

        assert [piece.text for piece in first] == ["0 install", "1 migrate"]
        assert [piece.text for piece in rest] == ["2 install", "3 start"]
        assert await printed_by(database, "run", after=rest[-1].number) == []
    assert await text_of(database, "run", "install") == "0 install2 install"


async def test_a_run_that_ends_settles_all_of_its_steps(database: Database) -> None:
    async with logs_of(database) as logs:
        for step in ("", "install", "migrate"):
            logs.take("run", step, f"<{step}>")
            logs.take("other", step, f"<{step}>")
        await logs.settle("run")

        assert await text_of(database, "run") == "<><install><migrate>"
        assert await text_of(database, "other") == ""
        await logs.settle("run")
    assert await text_of(database, "other") == "<><install><migrate>"


async def test_a_hundred_steps_share_their_writes(database: Database) -> None:
    commits = 0

    def committed(_: object) -> None:
        nonlocal commits
        commits += 1

    async with logs_of(database) as logs:
        for number in range(100):
            logs.take(f"run {number}", "migrate", str(number))
        event.listen(database.engine, "commit", committed)
        await asyncio.gather(*(logs.settle(f"run {number}") for number in range(100)))

    assert commits < 5
    assert [await text_of(database, f"run {number}") for number in range(100)] == [
        str(number) for number in range(100)
    ]


async def test_a_store_that_takes_nothing_does_not_fail_the_step(database: Database) -> None:
    with capture_logs() as told:
        async with logs_of(database, flush_every=timedelta(milliseconds=1)) as logs:
            with outage(database) as refused:
                for number in range(5):
                    logs.take("run", "migrate", f"{number}\n")
                    await logs.settle("run", "migrate")
                await until(lambda: _has(refused, 5))
            logs.take("run", "start", "up again")

    assert await text_of(database, "run") == "0\n1\n2\n3\n4\nup again"
    assert [(each["event"], each.get("problem")) for each in told] == [
        ("step_logs_wait", "OperationalError: (builtins.OSError) disk full"),
        ("step_logs_written_again", None),
    ]


async def test_what_waits_for_the_store_is_bounded(database: Database) -> None:
    with capture_logs() as told:
        async with logs_of(database, held=100, flush_every=timedelta(milliseconds=1)) as logs:
            with outage(database) as refused:
                for number in range(20):
                    logs.take("run", f"step {number}", f"{number:02}" * 5)
                    await logs.settle("run", f"step {number}")
                await until(lambda: _has(refused, 1))
            await until(lambda: _has(told, 2))
            logs.take("run", "later", "there is room again")

    kept = await text_of(database, "run")
    assert kept.startswith("00" * 5 + "01" * 5)
    assert "19" * 5 not in kept
    assert kept.endswith(" characters are left out here]\nthere is room again")


async def _has(happened: Sequence[object], times: int) -> bool:
    await asyncio.sleep(0)
    return len(happened) >= times


async def test_an_end_in_an_outage_says_what_is_lost(database: Database) -> None:
    with capture_logs() as told, outage(database):
        async with logs_of(database) as logs:
            logs.take("run", "migrate", "0123456789")

    assert [each["event"] for each in told] == ["step_logs_wait", "step_logs_lost"]
    assert told[-1]["characters"] == 10


@pytest.mark.parametrize("turns", range(6))
async def test_a_step_that_is_cancelled_as_it_ends_prints_once(
    database: Database, turns: int
) -> None:
    async with logs_of(database) as logs:
        logs.take("run", "migrate", "once")
        settling = asyncio.create_task(logs.settle("run", "migrate"))
        for _ in range(turns):
            await asyncio.sleep(0)
        settling.cancel()
        await asyncio.wait([settling])

    assert await text_of(database, "run") == "once"


async def test_logs_that_were_not_opened_say_so(database: Database) -> None:
    logs = logs_of(database)
    logs.take("run", "migrate", "text")
    with pytest.raises(RuntimeError, match="use them as an async context"):
        await logs.settle("run", "migrate")
