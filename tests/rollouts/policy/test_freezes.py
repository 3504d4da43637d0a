"""When tenants are left alone, by the clocks of a zone, on the days that these are changed too."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.rollouts.policy.freezes import freeze_at, frozen_at, frozen_until, why_frozen
from bot.rollouts.policy.policy import Policy
from bot.rollouts.policy.reading import read_policy
from tests.rollouts.policy.policies import tenant

BERLIN, NEW_YORK = "Europe/Berlin", "America/New_York"
ACME = tenant("acme", "production", "retail")
GLOBEX = tenant("globex")
INSTANT = timedelta(microseconds=1)


def once(begins: str, ends: str, zone: str = BERLIN, name: str = "once", who: str = "all") -> str:
    return f"""
[[freezes]]
name = "{name}"
from = "{begins}"
until = "{ends}"
zone = "{zone}"
tenants = "{who}"
"""


def weekly(days: str, begins: str, ends: str, zone: str = BERLIN, name: str = "weekly") -> str:
    return f"""
[[freezes]]
name = "{name}"
days = {days.split()}
from = "{begins}"
until = "{ends}"
zone = "{zone}"
"""


def at(text: str, zone: str = "UTC", fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold)


def end(policy: Policy, moment: datetime) -> str | None:
    """Answer the end of what holds at a moment, in UTC, after a look at both sides of it."""
    until = frozen_until(policy, ACME, moment)
    if until is None:
        return None
    assert freeze_at(policy, ACME, until) is None
    assert freeze_at(policy, ACME, until - INSTANT) is not None
    return until.strftime("%Y-%m-%dT%H:%M:%SZ")


def test_a_freeze_holds_from_its_first_moment_up_to_its_last() -> None:
    policy = read_policy(once("2026-12-20T18:00", "2027-01-02T08:00", who="tag:retail"))
    begins, ends = at("2026-12-20T18:00", BERLIN), at("2027-01-02T08:00", BERLIN)

    assert freeze_at(policy, ACME, begins - INSTANT) is None
    assert freeze_at(policy, ACME, begins) == policy.freezes[0]
    assert freeze_at(policy, ACME, ends - INSTANT) == policy.freezes[0]
    assert freeze_at(policy, ACME, ends) is None
    assert end(policy, begins) == "2027-01-02T07:00:00Z"


def test_a_freeze_leaves_other_tenants_alone() -> None:
    policy = read_policy(once("2026-12-20T18:00", "2027-01-02T08:00", who="tag:retail tag:gone"))
    christmas = at("2026-12-25T12:00")

    assert freeze_at(policy, GLOBEX, christmas) is None
    assert frozen_until(policy, GLOBEX, christmas) == christmas
    assert frozen_at(policy, [ACME, GLOBEX], christmas) == {"acme": policy.freezes[0]}


@pytest.mark.parametrize(
    ("moment", "ends"),
    [
        ("2026-11-20T15:59", None),  # a Friday
        ("2026-11-20T16:00", "2026-11-21T08:00"),
        ("2026-11-21T07:59", "2026-11-21T08:00"),
        ("2026-11-21T08:00", None),
        ("2026-11-22T23:00", "2026-11-23T08:00"),
        ("2026-11-23T07:59", "2026-11-23T08:00"),
        ("2026-11-23T16:00", None),
    ],
)
def test_a_weekly_freeze_crosses_midnight_into_a_day_that_it_does_not_name(
    moment: str, ends: str | None
) -> None:
    policy = read_policy(weekly("fri sat sun", "16:00", "08:00", NEW_YORK))
    until = frozen_until(policy, ACME, at(moment, NEW_YORK))

    assert until == at(ends or moment, NEW_YORK)
    assert (freeze_at(policy, ACME, at(moment, NEW_YORK)) is None) == (ends is None)


@pytest.mark.parametrize(("begins", "ends"), [("00:00", "24:00"), ("00:00", "00:00")])
def test_whole_days_in_a_row_are_one_freeze(begins: str, ends: str) -> None:
    policy = read_policy(weekly("sat sun", begins, ends))

    assert end(policy, at("2026-11-21T12:00", BERLIN)) == "2026-11-22T23:00:00Z"


BERLIN_SPRING, BERLIN_AUTUMN = "2026-03-29", "2026-10-25"
NEW_YORK_SPRING, NEW_YORK_AUTUMN = "2026-03-08", "2026-11-01"


@pytest.mark.parametrize(
    ("zone", "day", "begins", "ends", "first", "last"),
    [
        # Berlin skips 02:00 to 03:00, which is at 01:00 UTC.
        (BERLIN, BERLIN_SPRING, "01:30", "04:00", "00:30", "02:00"),
        (BERLIN, BERLIN_SPRING, "02:30", "04:00", "01:00", "02:00"),
        (BERLIN, BERLIN_SPRING, "01:30", "02:30", "00:30", "01:00"),
        (BERLIN, BERLIN_SPRING, "01:30", "02:00", "00:30", "01:00"),
        (BERLIN, BERLIN_SPRING, "01:30", "03:00", "00:30", "01:00"),
        # Berlin shows 02:00 to 03:00 twice, from 00:00 UTC and from 01:00 UTC.
        (BERLIN, BERLIN_AUTUMN, "01:30", "04:00", "23:30", "03:00"),
        (BERLIN, BERLIN_AUTUMN, "02:30", "04:00", "00:30", "03:00"),
        (BERLIN, BERLIN_AUTUMN, "01:30", "02:30", "23:30", "01:30"),
        (BERLIN, BERLIN_AUTUMN, "02:15", "02:30", "00:15", "01:30"),
        (BERLIN, BERLIN_AUTUMN, "01:30", "03:00", "23:30", "02:00"),
        # New York skips 02:00 to 03:00, which is at 07:00 UTC.
        (NEW_YORK, NEW_YORK_SPRING, "01:30", "04:00", "06:30", "08:00"),
        (NEW_YORK, NEW_YORK_SPRING, "02:15", "04:00", "07:00", "08:00"),
        (NEW_YORK, NEW_YORK_SPRING, "01:30", "02:15", "06:30", "07:00"),
        # New York shows 01:00 to 02:00 twice, from 05:00 UTC and from 06:00 UTC.
        (NEW_YORK, NEW_YORK_AUTUMN, "01:30", "04:00", "05:30", "09:00"),
        (NEW_YORK, NEW_YORK_AUTUMN, "00:30", "01:30", "04:30", "06:30"),
        (NEW_YORK, NEW_YORK_AUTUMN, "01:15", "01:30", "05:15", "06:30"),
    ],
)
@pytest.mark.parametrize("kind", ["once", "weekly"])
def test_on_the_days_on_which_clocks_are_changed(
    kind: str, zone: str, day: str, begins: str, ends: str, first: str, last: str
) -> None:
    text = once(f"{day}T{begins}", f"{day}T{ends}", zone)
    policy = read_policy(text if kind == "once" else weekly("sun", begins, ends, zone))
    began, ended = at(f"{day}T{first}"), at(f"{day}T{last}")
    began -= timedelta(days=began > ended)

    assert freeze_at(policy, ACME, began - INSTANT) is None
    assert freeze_at(policy, ACME, began) is not None
    assert end(policy, began) == f"{day}T{last}:00Z"
    assert freeze_at(policy, ACME, ended) is None


def test_a_freeze_of_skipped_time_alone_never_holds() -> None:
    policy = read_policy(once(f"{BERLIN_SPRING}T02:10", f"{BERLIN_SPRING}T02:50"))
    for minute in range(-60, 60):
        moment = at(f"{BERLIN_SPRING}T01:00") + timedelta(minutes=minute)
        assert freeze_at(policy, ACME, moment) is None


def test_a_weekend_is_an_hour_shorter_in_spring_and_longer_in_autumn() -> None:
    policy = read_policy(weekly("sat sun", "00:00", "24:00"))
    lengths = []
    for monday in ("2026-03-30", "2026-06-01", "2026-10-26"):
        saturday = at(monday, BERLIN) - timedelta(days=2)
        until = frozen_until(policy, ACME, saturday)
        assert until is not None
        lengths.append(until - saturday.astimezone(UTC))

    assert lengths == [timedelta(hours=47), timedelta(hours=48), timedelta(hours=49)]


def test_the_second_of_two_equal_times_is_later() -> None:
    policy = read_policy(once(f"{BERLIN_AUTUMN}T00:00", f"{BERLIN_AUTUMN}T02:30"))

    assert freeze_at(policy, ACME, at(f"{BERLIN_AUTUMN}T02:29", BERLIN, fold=1)) is not None
    assert freeze_at(policy, ACME, at(f"{BERLIN_AUTUMN}T02:31", BERLIN, fold=0)) is not None
    assert freeze_at(policy, ACME, at(f"{BERLIN_AUTUMN}T02:31", BERLIN, fold=1)) is None


def test_freezes_that_overlap_or_touch_end_together() -> None:
    policy = read_policy(
        once("2026-12-20T18:00", "2026-12-24T12:00", name="before")
        + once("2026-12-24T06:00", "2026-12-24T18:00", NEW_YORK, name="far away")
        + once("2026-12-25T00:00", "2026-12-26T00:00", name="touches")
        + once("2026-12-26T00:01", "2026-12-27T00:00", name="a minute later")
    )

    assert end(policy, at("2026-12-21T00:00")) == "2026-12-25T23:00:00Z"
    assert end(policy, at("2026-12-26T06:00")) == "2026-12-26T23:00:00Z"


def test_the_first_freeze_of_the_file_is_the_one_that_is_told() -> None:
    policy = read_policy(
        once("2026-12-01T00:00", "2026-12-31T00:00", name="december")
        + once("2026-12-24T00:00", "2026-12-27T00:00", name="christmas")
    )
    freeze = freeze_at(policy, ACME, at("2026-12-25T00:00"))

    assert freeze is not None
    assert freeze.name == "december"


def test_a_freeze_without_an_end_in_sight_is_told_as_that() -> None:
    always = read_policy(weekly("mon tue wed thu fri sat sun", "00:00", "24:00"))
    years = read_policy(once("2026-01-01T00:00", "2029-01-01T00:00"))
    moment = at("2026-06-01T00:00")

    assert frozen_until(always, ACME, moment) is None
    assert frozen_until(years, ACME, moment) is None
    assert why_frozen(always.freezes[0], None) == "frozen by `weekly` for more than 400 days"


def test_the_end_is_told_by_the_clocks_of_the_zone() -> None:
    policy = read_policy(once("2026-12-20T18:00", "2027-01-02T08:00", NEW_YORK, "christmas"))
    until = frozen_until(policy, ACME, at("2026-12-25T00:00"))

    assert why_frozen(policy.freezes[0], until) == (
        "frozen by `christmas` until 2027-01-02 08:00 (America/New_York)"
    )


def test_a_day_that_a_zone_left_out_is_no_trouble() -> None:
    """Samoa went from the 29th to the 31st of December 2011 in one moment."""
    policy = read_policy(
        once("2011-12-30T06:00", "2011-12-31T12:00", "Pacific/Apia")
        + weekly("fri", "10:00", "16:00", "Pacific/Apia")
    )

    assert freeze_at(policy, ACME, at("2011-12-30T09:59:59")) is None
    assert end(policy, at("2011-12-30T10:00")) == "2011-12-30T22:00:00Z"


ZONES = st.sampled_from([BERLIN, NEW_YORK, "UTC", "Australia/Lord_Howe", "Asia/Kathmandu"])
CLOCKS = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.sampled_from([0, 30]))
NAMES = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAYS = st.lists(st.sampled_from(NAMES), min_size=1).map(" ".join)
WEEKLY = st.builds(weekly, DAYS, CLOCKS, CLOCKS, ZONES, st.uuids().map(str))
NAIVE = st.datetimes(datetime(2026, 3, 1), datetime(2026, 11, 10))  # noqa: DTZ001
ONCE = st.builds(
    lambda begins, hours, zone, name: once(
        f"{begins:%Y-%m-%dT%H:%M}", f"{begins + timedelta(hours=hours):%Y-%m-%dT%H:%M}", zone, name
    ),
    NAIVE,
    st.integers(1, 200),
    ZONES,
    st.uuids().map(str),
)


@settings(deadline=None)
@given(
    freezes=st.lists(WEEKLY | ONCE, max_size=6),
    moment=NAIVE.map(lambda naive: naive.replace(tzinfo=UTC)),
    part=st.floats(0, 1),
)
def test_what_is_frozen_stays_so_until_its_end_and_is_not_then(
    freezes: list[str], moment: datetime, part: float
) -> None:
    policy = read_policy("".join(freezes))
    until = frozen_until(policy, ACME, moment)

    if freeze_at(policy, ACME, moment) is None:
        assert until == moment
    elif until is not None:
        assert until > moment
        assert freeze_at(policy, ACME, until) is None
        assert freeze_at(policy, ACME, until - INSTANT) is not None
        assert freeze_at(policy, ACME, moment + (until - moment) * part * 0.999) is not None


@settings(deadline=None)
@given(days=DAYS, begins=CLOCKS, ends=CLOCKS, zone=ZONES, moment=NAIVE)
def test_a_weekly_freeze_is_what_the_clock_on_the_wall_says(
    days: str, begins: str, ends: str, zone: str, moment: datetime
) -> None:
    """But for the night in which that clock is changed."""
    policy = read_policy(weekly(days, begins, ends, zone))
    aware = moment.replace(tzinfo=ZoneInfo(zone))
    if len({(aware + timedelta(days=day)).utcoffset() for day in (-1, 0, 1)}) > 1:
        return
    shown = f"{moment:%H:%M}"
    today, yesterday = (NAMES[moment.weekday() - day] in days for day in (0, 1))
    if begins < ends:
        expected = today and begins <= shown < ends
    else:
        expected = (today and shown >= begins) or (yesterday and shown < ends)

    assert (freeze_at(policy, ACME, aware) is not None) == expected
