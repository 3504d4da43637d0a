"""Which deliveries never got in, by GitHub's log of its attempts."""

from datetime import UTC, datetime, timedelta

from bot.github.delivery import DeliveryAttempt
from bot.recovery.deliveries import missed

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def attempt(guid: str, status: int, minute: int = 0) -> DeliveryAttempt:
    """An attempt at a delivery, some minutes after noon."""
    at = NOON + timedelta(minutes=minute)
    return DeliveryAttempt(
        id=minute, guid=guid, event="push", delivered_at=at, status_code=status, redelivery=False
    )


def test_what_failed_and_never_got_in_is_missed_the_oldest_first() -> None:
    log = [attempt("c", 502, 3), attempt("b", 202, 2), attempt("a", 504, 1)]

    assert [each.guid for each in missed(log, {"b": None})] == ["a", "c"]


def test_what_failed_first_and_got_through_later_is_not_missed() -> None:
    assert missed([attempt("a", 202, 2), attempt("a", 502, 1)], {}) == []


def test_what_got_in_although_it_failed_is_not_missed_in_whatever_case_its_name_is() -> None:
    assert missed([attempt("A", 504)], {"a": None}) == []


def test_what_failed_twice_is_missed_once() -> None:
    log = [attempt("a", 502, 2), attempt("a", 502, 1)]

    assert [each.id for each in missed(log, {})] == [2]


def test_what_was_put_aside_is_let_through_where_somebody_asked_again_and_got_no_answer() -> None:
    log = [attempt("a", 502, 9), attempt("a", 202, 1)]

    assert missed(log, {"a": NOON + timedelta(minutes=10)}) == []
    assert len(missed(log, {"a": NOON + timedelta(minutes=5)})) == 1
