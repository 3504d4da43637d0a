"""GitHub on its bad days: what is asked again, what is not, and what the caller hears."""

import asyncio
import gzip
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from bot.github.auth import PersonalToken
from bot.github.door import GitHub
from bot.github.failures import GitHubFailed, Locked, Refusal, RetryLater, failure, waiting_time
from bot.github.wire import Patience
from tests.github.conftest import Agency, Clock

NAME = "agency/backend"
NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)


def answering(body: bytes, **headers: str) -> httpx.MockTransport:
    """A GitHub that knows one answer."""
    return httpx.MockTransport(lambda _: httpx.Response(200, content=body, headers=headers))


def door_to(transport: httpx.AsyncBaseTransport, clock: Clock) -> GitHub:
    patience = Patience(timedelta(milliseconds=200), largest_answer=1024**2, pauses=())
    return GitHub(
        "https://api.github.test",
        PersonalToken("secret"),
        clock=clock,
        transport=transport,
        patience=patience,
    )


async def test_a_read_is_asked_again_where_github_stumbles(agency: Agency) -> None:
    agency.simulator.outages.fail("GET", "/app$", status=502, times=2)

    assert (await agency.door.me()).login == "orbits[bot]"
    assert agency.slept == [0.5, 1.0]


async def test_a_read_gives_up_after_four_attempts(agency: Agency) -> None:
    agency.simulator.outages.fail("GET", "/app$", status=503, times=None)

    with pytest.raises(GitHubFailed) as failed:
        await agency.door.me()
    assert str(failed.value) == (
        "GitHub answered 503 to GET /api/v3/app. "
        "GitHub has a problem of its own; its status page may tell more."
    )
    assert agency.asked("GET", "/app") == 4
    assert agency.slept == [0.5, 1.0, 2.0]


async def test_a_write_whose_answer_was_lost_is_not_repeated(agency: Agency) -> None:
    pull = await agency.maya.opens_pull_request(agency.repository, "A", {"a.py": "1\n"})
    agency.simulator.outages.lose_answer("POST", "/comments$")

    with pytest.raises(GitHubFailed) as failed:
        await agency.door.create_comment(NAME, pull.number, "once")

    assert failed.value.status == 502
    assert [comment.body for comment in pull.comments] == ["once"]
    assert agency.slept == []


async def test_a_token_is_minted_again_where_github_stumbles(agency: Agency) -> None:
    pull = await agency.maya.opens_pull_request(agency.repository, "A", {"a.py": "1\n"})
    agency.simulator.outages.fail("POST", "/access_tokens$", status=502)

    await agency.door.create_comment(NAME, pull.number, "once")

    assert [comment.body for comment in pull.comments] == ["once"]


async def test_a_limit_says_when_to_come_back(agency: Agency) -> None:
    pull = await agency.maya.opens_pull_request(agency.repository, "A", {"a.py": "1\n"})
    agency.simulator.outages.slow_down("POST", "/comments$", retry_after="90")

    with pytest.raises(RetryLater) as limited:
        await agency.door.create_comment(NAME, pull.number, "once")

    assert limited.value.after == timedelta(seconds=90)
    assert str(limited.value) == (
        "GitHub limits our requests and did not do POST "
        "/api/v3/repos/agency/backend/issues/1/comments. "
        "Nothing is lost: it is asked again in 90 seconds."
    )
    assert pull.comments == []
    assert agency.slept == []


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7),
        ({"retry-after": "Mon, 02 Nov 2026 09:32:00 GMT"}, 120),
        ({"retry-after": "Mon, 02 Nov 2026 09:00:00 GMT"}, 1),
        ({"retry-after": "soon"}, 60),
        ({"retry-after": "999999999"}, 7200),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1793612100"}, 300),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "later"}, 60),
        ({"x-ratelimit-remaining": "9", "x-ratelimit-reset": "1793612100"}, 60),
        ({}, 60),
    ],
)
def test_the_wait_is_what_github_says_within_reason(headers: dict[str, str], seconds: int) -> None:
    assert waiting_time(headers, NOW) == timedelta(seconds=seconds)


def test_a_missing_permission_is_no_limit_and_is_named() -> None:
    headers = {"x-accepted-github-permissions": "checks=write"}
    refusal = Refusal(403, headers, "Resource not accessible by integration")

    assert str(failure("POST", "/x", refusal, NOW)) == (
        "GitHub answered 403 to POST /x. The App lacks a permission, "
        "or the installation is suspended. Needed: checks=write."
    )


@pytest.mark.parametrize("status", [403, 422])
def test_a_locked_conversation_is_told_by_its_words(status: int) -> None:
    refusal = Refusal(status, {}, "Unable to create comment because issue is locked.")

    error = failure("POST", "/x", refusal, NOW)

    assert isinstance(error, Locked)
    assert str(error) == f"GitHub answered {status} to POST /x. The conversation is locked."


def test_a_secondary_limit_without_headers_is_told_by_its_words() -> None:
    refusal = Refusal(403, {}, "You have exceeded a secondary rate limit.")

    error = failure("POST", "/x", refusal, NOW)

    assert isinstance(error, RetryLater)
    assert error.after == timedelta(seconds=60)


async def test_an_answer_that_is_no_json_fails_without_quoting_it(clock: Clock) -> None:
    async with door_to(answering(b"<html>secret</html>"), clock) as door:
        with pytest.raises(GitHubFailed) as failed:
            await door.me()
    assert str(failed.value) == (
        "GitHub answered 200 to GET /user. The answer cannot be read: "
        "`its JSON` is not as GitHub documents it (json_invalid)."
    )


async def test_an_answer_is_not_read_beyond_its_bound(clock: Clock) -> None:
    bomb = gzip.compress(b" " * 64 * 1024**2)
    async with door_to(answering(bomb, **{"content-encoding": "gzip"}), clock) as door:
        with pytest.raises(GitHubFailed, match="larger than 1 MB and was not read"):
            await door.me()


async def test_a_github_that_never_answers_is_not_waited_for(clock: Clock) -> None:
    async def never(request: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError(request)

    async with door_to(httpx.MockTransport(never), clock) as door:
        with pytest.raises(GitHubFailed) as failed:
            await door.create_comment(NAME, 1, "hello")
    assert failed.value.status is None
    assert str(failed.value) == (
        "GitHub gave no answer to POST /repos/agency/backend/issues/1/comments. The connection "
        "failed (TimeoutError); whether it was done can only be seen on GitHub."
    )


async def test_a_connection_that_breaks_leaves_the_outcome_open(clock: Clock) -> None:
    def breaks(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadError("secret", request=request)

    async with door_to(httpx.MockTransport(breaks), clock) as door:
        with pytest.raises(GitHubFailed) as failed:
            await door.edit_comment(NAME, 1, "hello")
    assert failed.value.status is None
    assert "secret" not in str(failed.value)
