"""What fails by the clock is logged as everything is, so that somebody is alerted of it."""

import asyncio
from datetime import UTC, datetime

import structlog
from apscheduler.events import EVENT_JOB_ERROR, JobExecutionEvent

from bot.alerts.mishaps import Heard, Mishaps
from bot.schedule import tell_of_failure

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)


def failed(error: BaseException) -> JobExecutionEvent:
    return JobExecutionEvent(EVENT_JOB_ERROR, "sweep-drifts", "default", NOW, exception=error)


def test_a_chore_that_fails_is_told_of() -> None:
    mishaps = Mishaps()
    with structlog.testing.capture_logs() as logged, mishaps.listening():
        tell_of_failure(failed(KeyError("hunter22")))

    assert [(each["event"], each["chore"]) for each in logged] == [("chore_failed", "sweep-drifts")]
    assert mishaps.take() == [Heard("chore_failed", "KeyError", "")]


def test_a_chore_that_is_cut_off_at_the_end_is_not() -> None:
    with structlog.testing.capture_logs() as logged:
        tell_of_failure(failed(asyncio.CancelledError()))

    assert logged == []
