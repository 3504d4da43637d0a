"""The bot's own errors: told once for each kind and hour, by class and place, without a value."""

from datetime import timedelta

import structlog

from bot.alerts.mishaps import Heard, Mishaps, note
from tests.alerts.newsroom import Newsroom, answers

log = structlog.get_logger("tests")
HEARD = Heard("inbox_failed", "KeyError", "bot/inbox.py, line 12")


def fail() -> None:
    raise KeyError("hunter22")


async def notes(room: Newsroom, *heard: Heard) -> None:
    now = room.clock.now()
    await room.database.write(lambda session: note(heard, now, session))
    await room.settles()


def test_what_is_logged_as_an_error_is_heard_by_its_class_and_place() -> None:
    mishaps = Mishaps()
    with structlog.testing.capture_logs() as logged, mishaps.listening():
        log.info("working")
        log.warning("outbox_limited")
        try:
            fail()
        except KeyError:
            log.exception("inbox_failed", delivery="1")
        log.error("delivery_given_up")

    (first, second) = mishaps.take()
    assert (first.kind, first.what) == ("inbox_failed", "KeyError")
    assert first.where.startswith("tests/alerts/test_mishaps.py, line ")
    assert second == Heard("delivery_given_up", "", "")
    assert "hunter22" not in str((first, second))
    assert len(logged) == 4
    assert mishaps.take() == []


def test_nobody_listens_any_more() -> None:
    mishaps = Mishaps()
    with structlog.testing.capture_logs():
        with mishaps.listening():
            pass
        log.error("inbox_failed")

    assert mishaps.take() == []


async def test_a_kind_is_told_once_an_hour_and_counted(room: Newsroom) -> None:
    await notes(room, HEARD, HEARD)
    room.clock.pass_by(timedelta(minutes=10))
    await notes(room, HEARD)

    assert room.title == "🐞 Orbits itself has a problem: inbox_failed"
    assert answers(room.message) == {
        "What": "`KeyError` at bot/inbox.py, line 12",
        "Since": "2026-11-02 09:30 UTC, 3 times",
        "Still spreading": (
            "it is tried again where that can help; deployments go on where they can"
        ),
        "Type now": "orbits runs --state failed",
    }

    room.clock.pass_by(timedelta(hours=1))
    await notes(room, HEARD)
    assert len(room.deploys.messages) == 2


async def test_another_kind_is_another_message(room: Newsroom) -> None:
    await notes(room, HEARD, HEARD._replace(kind="outbox_failed"))

    assert len(room.deploys.messages) == 2
