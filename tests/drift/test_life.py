"""From the first look that finds a drift to the end of its issue."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.drift import life
from bot.drift.finding import Found
from bot.drift.life import CALM_LOOKS, Life, Phase, Rules, Turn, looked
from resources.model.resource import Difference

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
CLEAN = Found()
RULES = Rules()


def found(*paths: str, observed: str = "by hand") -> Found:
    return Found.of(Difference(path=path, desired="as it was", observed=observed) for path in paths)


APP = found("files/app.conf")


def told(*looks: Found, rules: Rules = RULES) -> tuple[Life | None, list[Turn]]:
    """Look every hour, and answer how it stands, and what each look came to."""
    now: Life | None = None
    turns = []
    for number, look in enumerate(looks):
        now, turn = looked(now, look, rules, NOW + number * HOUR)
        turns.append(turn)
    return now, turns


def opened() -> Life:
    now, _ = told(APP, APP)
    assert now is not None
    return now


def test_a_drift_is_told_when_it_is_found_twice_in_a_row() -> None:
    now, turns = told(APP, APP, APP)
    assert turns == [Turn.NOTHING, Turn.OPENED, Turn.NOTHING]
    assert now is not None
    assert (now.phase, now.detections, now.opened_at) == (Phase.OPEN, 3, NOW + HOUR)


def test_what_passes_by_itself_is_forgotten() -> None:
    assert told(APP, CLEAN, APP) == (
        Life(Phase.DETECTED, APP, NOW + 2 * HOUR),
        [Turn.NOTHING, Turn.NOTHING, Turn.NOTHING],
    )


def test_how_often_it_is_found_first_is_a_setting() -> None:
    assert told(APP, rules=Rules(detections=1))[1] == [Turn.OPENED]


def test_it_is_told_again_only_where_something_else_differs() -> None:
    both = found("files/app.conf", "files/b.conf")
    assert told(APP, APP, both, both, APP)[1] == [
        Turn.NOTHING,
        Turn.OPENED,
        Turn.CHANGED,
        Turn.NOTHING,
        Turn.CHANGED,
    ]


def test_another_value_is_another_difference_and_another_order_is_not() -> None:
    assert found("a", "b").digest == found("b", "a").digest
    assert found("a").digest != found("a", observed="by another hand").digest


def test_it_is_resolved_when_a_look_finds_nothing() -> None:
    now, turns = told(APP, APP, CLEAN, CLEAN)
    assert turns[-2:] == [Turn.RESOLVED, Turn.NOTHING]
    assert now is not None
    assert (now.phase, now.issue_is_open) == (Phase.RESOLVED, False)
    assert now.resolved_at == NOW + 2 * HOUR


def test_one_that_comes_back_soon_opens_the_same_issue_again() -> None:
    now, turns = told(APP, APP, CLEAN, APP, CLEAN, APP, APP)
    assert turns[3:] == [Turn.NOTHING, Turn.NOTHING, Turn.NOTHING, Turn.REOPENED]
    assert now is not None
    assert (now.phase, now.number) == (Phase.OPEN, 1)


def test_one_that_comes_back_late_is_a_new_one() -> None:
    resolved, _ = told(APP, APP, CLEAN)
    later = NOW + timedelta(days=15)
    again, _ = looked(resolved, APP, RULES, later)
    now, turn = looked(again, APP, RULES, later + HOUR)
    assert turn is Turn.OPENED
    assert now is not None
    assert (now.number, now.found_at, now.resolved_at) == (2, later + HOUR, None)


def test_one_that_is_known_is_told_again_when_it_changes() -> None:
    known = life.acknowledged(opened(), "maya", "the client is told", None)
    same, turn = looked(known, APP, RULES, NOW + 3 * HOUR)
    assert (same and same.phase, turn) == (Phase.ACKNOWLEDGED, Turn.NOTHING)
    other, turn = looked(same, found("files/b.conf"), RULES, NOW + 4 * HOUR)
    assert (other and other.phase, turn) == (Phase.OPEN, Turn.CHANGED)


def test_one_that_is_known_until_some_day_counts_again_from_that_day_on() -> None:
    known = life.acknowledged(opened(), "maya", None, NOW + 3 * HOUR)
    before, turn = looked(known, APP, RULES, NOW + 2 * HOUR)
    assert turn is Turn.NOTHING
    now, turn = looked(before, APP, RULES, NOW + 3 * HOUR)
    assert (now and now.phase, turn) == (Phase.OPEN, Turn.CHANGED)


def test_an_issue_that_is_closed_by_hand_stays_closed_until_the_drift_changes() -> None:
    closed = life.closed_by_hand(opened(), "maya")
    assert not closed.issue_is_open
    same, turn = looked(closed, APP, RULES, NOW + 3 * HOUR)
    assert (same, turn) == (
        looked(closed, APP, RULES, NOW + 3 * HOUR)[0],
        Turn.NOTHING,
    )
    now, turn = looked(same, found("files/b.conf"), RULES, NOW + 4 * HOUR)
    assert turn is Turn.REOPENED
    assert now is not None
    assert now.issue_is_open


def test_an_issue_that_is_opened_by_hand_counts_until_a_look_says_otherwise() -> None:
    resolved, _ = told(APP, APP, CLEAN)
    assert resolved is not None
    again = life.opened_by_hand(resolved, NOW + 4 * HOUR)
    assert again.issue_is_open
    now, turn = looked(again, CLEAN, RULES, NOW + 5 * HOUR)
    assert (now and now.phase, turn) == (Phase.RESOLVED, Turn.RESOLVED)


def test_what_is_accepted_is_closed_until_something_else_differs() -> None:
    ignored = life.ignored(opened(), "maya", "for a test")
    same, turn = looked(ignored, CLEAN, RULES, NOW + 3 * HOUR)
    assert (same and same.phase, turn) == (Phase.IGNORED, Turn.NOTHING)
    first, _ = looked(same, found("files/b.conf"), RULES, NOW + 4 * HOUR)
    now, turn = looked(first, found("files/b.conf"), RULES, NOW + 5 * HOUR)
    assert (now and now.phase, turn) == (Phase.OPEN, Turn.REOPENED)


def test_one_that_comes_and_goes_is_resolved_when_it_has_been_calm_for_a_while() -> None:
    once = (CLEAN, APP, APP)
    flapping = (APP, APP, *once * 3)
    now, turns = told(*flapping, *[CLEAN] * CALM_LOOKS)
    assert turns.count(Turn.REOPENED) == 3
    assert turns[-CALM_LOOKS:] == [Turn.NOTHING] * (CALM_LOOKS - 1) + [Turn.RESOLVED]
    assert now is not None
    assert now.phase is Phase.RESOLVED


LOOKS = st.lists(st.sampled_from([CLEAN, APP, found("files/b.conf")]), max_size=30)


@given(LOOKS, st.integers(min_value=1, max_value=4))
def test_whatever_is_found_what_is_open_differs_and_what_is_clean_is_not_told(
    looks: list[Found], detections: int
) -> None:
    now: Life | None = None
    for number, look in enumerate(looks):
        before = now
        now, turn = looked(now, look, Rules(detections), NOW + number * timedelta(days=1))
        was_open, is_open = bool(before and before.is_open), bool(now and now.is_open)
        assert (turn in {Turn.OPENED, Turn.REOPENED}) == (is_open and not was_open)
        assert (turn is Turn.RESOLVED) == (was_open and not is_open)
        assert is_open <= bool(look.differences)
        if turn is Turn.OPENED:
            assert now is not None
            assert now.detections >= detections
