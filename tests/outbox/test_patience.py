"""How long is waited after a failure, and when it is given up."""

from datetime import timedelta

import pytest

from bot.github.failures import AppNeeded, GitHubFailed, Locked, NotFound
from bot.outbox.patience import PASSING_ATTEMPTS, REFUSED_ATTEMPTS, may_be_done, next_try

SECOND = timedelta(seconds=1)


def refused(status: int | None) -> GitHubFailed:
    return GitHubFailed("POST", "/repos/agency/backend/issues/1/comments", status, "Why.")


def waits(error: Exception, refusals: int = REFUSED_ATTEMPTS) -> list[timedelta]:
    """Answer all the pauses until it is given up."""
    pauses: list[timedelta] = []
    while (wait := next_try(error, len(pauses) + 1, refusals)) is not None:
        pauses.append(wait)
        assert len(pauses) < 1_000, "it goes on for ever"
    return pauses


@pytest.mark.parametrize("status", [None, 401, 500, 502, 503])
def test_what_passes_is_tried_every_five_minutes_for_a_day(status: int | None) -> None:
    pauses = waits(refused(status))
    assert pauses[:5] == [30 * SECOND, 60 * SECOND, 120 * SECOND, 240 * SECOND, 300 * SECOND]
    assert len(pauses) == PASSING_ATTEMPTS - 1
    assert timedelta(days=1) < sum(pauses, timedelta(0)) < timedelta(days=1, hours=2)


@pytest.mark.parametrize("error", [refused(403), NotFound("POST", "/repos", 404, ""), KeyError()])
def test_what_is_refused_is_tried_ever_more_seldom_for_more_than_a_day(error: Exception) -> None:
    pauses = waits(error)
    assert len(pauses) == REFUSED_ATTEMPTS - 1
    assert sorted(pauses) == pauses
    assert timedelta(days=1) < sum(pauses, timedelta(0)) < timedelta(days=2)
    assert len(waits(error, refusals=3)) == 2


@pytest.mark.parametrize(
    "error",
    [refused(422), Locked("POST", "/repos", 403, ""), AppNeeded("POST", "/repos", "write checks")],
)
def test_what_is_futile_is_given_up_at_once(error: Exception) -> None:
    assert waits(error) == []


def test_a_write_may_have_been_done_unless_github_says_that_it_was_not() -> None:
    assert all(may_be_done(refused(status)) for status in (None, 500, 502, 200))
    assert not any(may_be_done(refused(status)) for status in (401, 403, 404, 409, 422))
