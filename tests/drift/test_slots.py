"""Everybody has a turn of its own in each interval, and nobody loses it."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.drift.slots import SOON, next_slot, phase_of, soon

NAMES = st.text(min_size=1, max_size=40)
EVERY = st.timedeltas(min_value=timedelta(seconds=1), max_value=timedelta(days=30))
MOMENTS = st.integers(-86_400_000_000, 10**16).map(
    lambda number: datetime(2000, 1, 1, tzinfo=UTC) + timedelta(microseconds=number)
)


@given(NAMES, EVERY, MOMENTS)
def test_the_next_turn_is_later_and_within_one_interval(
    name: str, every: timedelta, now: datetime
) -> None:
    slot = next_slot(name, every, now)

    assert now < slot <= now + every


@given(NAMES, EVERY, MOMENTS)
def test_turns_are_one_interval_apart_however_often_one_asks(
    name: str, every: timedelta, now: datetime
) -> None:
    slot = next_slot(name, every, now)

    assert next_slot(name, every, slot) == slot + every
    assert next_slot(name, every, slot - timedelta(microseconds=1)) == slot


@given(NAMES, EVERY, MOMENTS, st.integers(1, 500))
def test_turns_that_were_missed_are_one_and_the_place_is_kept(
    name: str, every: timedelta, now: datetime, missed: int
) -> None:
    later = next_slot(name, every, now + missed * every)

    assert later == next_slot(name, every, now) + missed * every


@given(NAMES, EVERY, EVERY, MOMENTS)
def test_a_new_interval_is_kept_to_at_once(
    name: str, before: timedelta, after: timedelta, now: datetime
) -> None:
    slot = next_slot(name, after, now)

    assert slot <= now + after
    assert phase_of(name, after) < after
    assert before == after or slot <= now + max(before, after)


@given(NAMES, EVERY, MOMENTS)
def test_what_was_put_off_is_looked_at_in_minutes(
    name: str, every: timedelta, now: datetime
) -> None:
    assert now < soon(name, every, now) <= now + min(every, 2 * SOON)


def test_ten_thousand_are_spread_evenly_over_ten_minutes() -> None:
    every, now = timedelta(minutes=10), datetime(2026, 3, 1, 9, tzinfo=UTC)

    seconds = [0] * 600
    for number in range(10_000):
        slot = next_slot(f"drift-tenant-{number}", every, now)
        seconds[int((slot - now).total_seconds()) % 600] += 1

    # 16.7 a second on average: not one second has three times as many.
    assert max(seconds) < 50
    minutes = [sum(seconds[start : start + 60]) for start in range(0, 600, 60)]
    assert min(minutes) > 850
    assert max(minutes) < 1_150
