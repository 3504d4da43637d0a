"""Who may write next, and when: within what GitHub allows, whatever comes."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.outbox.budget import (
    HOUR,
    LONGEST_SILENCE,
    MINUTE,
    Pace,
    Rank,
    Turn,
    Waiting,
    next_turn,
    silence,
)

PACE = Pace()
START = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
SECOND = timedelta(seconds=1)
RANKS = st.sampled_from(Rank)


class Write(NamedTuple):
    at: datetime
    rank: Rank
    left: tuple[Waiting, ...]
    """What had to go on waiting."""


def written(arrivals: list[tuple[timedelta, Rank]], pace: Pace = PACE) -> list[Write]:
    """Write whatever arrives, each at its time, as soon as its turn comes."""
    coming = [
        (START + at, Waiting(f"{number:05}", rank, None))
        for number, (at, rank) in enumerate(sorted(arrivals, key=lambda each: each[0]))
    ]
    waiting: dict[str, Waiting] = {}
    now, writes = START, list[Write]()
    while coming or waiting:
        if not waiting:
            now = max(now, coming[0][0])
        while coming and coming[0][0] <= now:
            came = coming.pop(0)[1]
            waiting[came.key] = came
        turn = next_turn(waiting.values(), [each.at for each in writes][-500:], now, pace)
        assert turn is not None
        if turn.at > now:
            now = min(turn.at, coming[0][0]) if coming else turn.at
            continue
        rank = waiting.pop(turn.key).rank
        writes.append(Write(turn.at, rank, tuple(waiting.values())))
    return writes


def most_within(span: timedelta, times: list[datetime]) -> int:
    """Answer the most writes in any such span of time, its end not counted."""
    first, most = 0, 0
    for last, at in enumerate(times):
        while times[first] <= at - span:
            first += 1
        most = max(most, last - first + 1)
    return most


@given(
    st.lists(st.tuples(st.timedeltas(timedelta(0), 2 * HOUR), RANKS), max_size=200),
    st.integers(0, 200),
    st.sampled_from([timedelta(0), timedelta(milliseconds=100), SECOND]),
)
def test_no_account_is_ever_written_to_faster_than_github_allows(
    arrivals: list[tuple[timedelta, Rank]], burst: int, between: timedelta
) -> None:
    pace = Pace(between=between, per_hour=150, kept_for_turns=30)
    at_once = [(timedelta(minutes=number % 3), Rank(number % 3)) for number in range(burst)]
    times = [each.at for each in written([*arrivals, *at_once], pace)]
    assert len(times) == len(arrivals) + burst
    assert most_within(MINUTE, times) <= 80
    assert most_within(HOUR, times) <= 150
    assert all(later - earlier >= between for earlier, later in pairwise(times))


def test_a_day_of_work_that_arrives_at_once_goes_out_five_hundred_in_an_hour() -> None:
    writes = written([(timedelta(0), Rank.TURN)] * 1_200)
    times = [each.at for each in writes]
    assert most_within(HOUR, times) == 500
    assert most_within(MINUTE, times) == 60
    assert times[-1] - START == 2 * HOUR + 199 * SECOND


@given(st.lists(st.tuples(st.timedeltas(timedelta(0), MINUTE), RANKS), max_size=150))
def test_what_is_awaited_more_goes_first(arrivals: list[tuple[timedelta, Rank]]) -> None:
    pace = Pace(per_hour=60, kept_for_turns=20)
    for write in written(arrivals, pace):
        assert all(write.rank <= left.rank for left in write.left)


def test_when_the_hour_is_nearly_used_up_progress_waits_and_the_ends_go() -> None:
    progress = [(timedelta(0), Rank.PROGRESS)] * 420
    ends = [(timedelta(minutes=10), Rank.TURN), (timedelta(minutes=10), Rank.ANSWER)]
    writes = written(progress + ends)
    assert [each.rank for each in writes[400:402]] == [Rank.ANSWER, Rank.TURN]
    assert writes[401].at - START <= timedelta(minutes=10, seconds=2)
    assert writes[402].at - START >= HOUR


def test_of_equals_the_one_that_was_told_longest_ago_goes_first() -> None:
    lately, never = Waiting("a", Rank.PROGRESS, START), Waiting("c", Rank.PROGRESS, None)
    long_ago = Waiting("b", Rank.PROGRESS, START - HOUR)
    order = []
    waiting = [lately, never, long_ago]
    while turn := next_turn(waiting, [], START, PACE):
        order.append(turn.key)
        waiting = [each for each in waiting if each.key != turn.key]
    assert order == ["c", "b", "a"]


def test_the_first_write_goes_at_once_and_the_second_a_second_later() -> None:
    waiting = [Waiting("a", Rank.PROGRESS, None)]
    assert next_turn(waiting, [], START, PACE) == Turn("a", START)
    assert next_turn(waiting, [START], START, PACE) == Turn("a", START + SECOND)
    assert next_turn([], [START], START, PACE) is None


@pytest.mark.parametrize(
    ("tenants", "minutes", "seconds"),
    [(3, 0, 0.15), (3, 60, 3), (500, 0, 25), (500, 4, 60), (500, 600, 500), (0, 10, 0)],
)
def test_who_takes_long_for_many_is_told_of_more_seldom(
    tenants: int, minutes: int, seconds: float
) -> None:
    assert PACE.debounce(tenants, timedelta(minutes=minutes)) == timedelta(seconds=seconds)


def test_a_limit_without_a_word_doubles_the_silence_and_a_word_is_obeyed() -> None:
    without = [silence(MINUTE, limits) for limits in (1, 2, 3, 9)]
    assert without == [MINUTE, 2 * MINUTE, 4 * MINUTE, LONGEST_SILENCE]
    assert silence(timedelta(seconds=7), 5) == timedelta(seconds=7)
