from datetime import timedelta

import httpx
import pytest

from bot.simulated.github import App, Repository, SimulatedGitHub, User
from tests.simulated.github.conftest import Clock, json_web_token

BACKEND = "/repos/agency/backend"


async def test_the_next_requests_fail(
    bot: httpx.AsyncClient, github: SimulatedGitHub, backend: Repository
) -> None:
    github.outages.fail("POST", r"/issues$", status=500, times=2)

    found = [
        (await bot.post(f"{BACKEND}/issues", json={"title": "Hello"})).status_code for _ in range(3)
    ]

    assert found == [500, 500, 201]
    assert len(backend.issues) == 1
    assert [request.status for request in github.requests[-3:]] == [500, 500, 201]


async def test_an_answer_is_lost_after_the_deed(
    bot: httpx.AsyncClient, github: SimulatedGitHub, backend: Repository
) -> None:
    github.outages.lose_answer("POST", r"/issues$")

    answer = await bot.post(f"{BACKEND}/issues", json={"title": "Hello"})

    assert answer.status_code == 502
    assert [issue.title for issue in backend.issues.values()] == ["Hello"]


async def test_an_outage_lasts_until_it_ends(
    bot: httpx.AsyncClient, github: SimulatedGitHub, backend: Repository
) -> None:
    github.outages.slow_down(retry_after="7", times=None)
    for _ in range(2):
        answer = await bot.get(BACKEND)
        assert (answer.status_code, answer.headers["retry-after"]) == (403, "7")

    github.outages.end()

    assert (await bot.get(BACKEND)).status_code == 200


async def test_eighty_writes_a_minute_are_enough(
    bot: httpx.AsyncClient, github: SimulatedGitHub, backend: Repository, maya: User, clock: Clock
) -> None:
    await maya.opens_issue(backend, "One")
    url = f"{BACKEND}/issues/1/comments"
    github.rate_limits.enabled = True
    clock.pass_by(timedelta(minutes=1))

    found = [(await bot.post(url, json={"body": "x"})).status_code for _ in range(81)]

    assert found == [201] * 80 + [403]
    refused = await bot.post(url, json={"body": "x"})
    assert refused.headers["retry-after"] == "61"
    clock.pass_by(timedelta(minutes=1, seconds=1))
    assert (await bot.post(url, json={"body": "x"})).status_code == 201


async def test_the_primary_limit_is_per_hour(
    bot: httpx.AsyncClient, github: SimulatedGitHub, backend: Repository, clock: Clock
) -> None:
    github.rate_limits.enabled = True
    github.rate_limits.per_hour = 2
    github.rate_limits.points_per_minute = 10**9

    answers = [await bot.get(BACKEND) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 403]
    last = answers[-1]
    assert (last.json()["message"], last.headers["x-ratelimit-remaining"]) == (
        "API rate limit exceeded",
        "0",
    )
    reset = int(last.headers["x-ratelimit-reset"])
    assert 0 < reset - clock().timestamp() <= 3600


async def test_each_installation_has_limits_of_its_own(
    bot: httpx.AsyncClient, github: SimulatedGitHub, backend: Repository, app: App, clock: Clock
) -> None:
    other = await github.organization("studio").create_repository("site")
    installation = app.install_on(github.organization("studio"))
    github.rate_limits.enabled = True
    github.rate_limits.per_hour = 2
    assert [(await bot.get(BACKEND)).status_code for _ in range(3)] == [200, 200, 403]

    app_itself = {"authorization": f"Bearer {json_web_token(app, clock())}"}
    answer = await bot.post(
        f"/app/installations/{installation.id}/access_tokens", headers=app_itself
    )
    token = {"authorization": f"Bearer {answer.json()['token']}"}

    found = await bot.get(f"/repos/{other.full_name}", headers=token)

    assert found.status_code == 200


@pytest.mark.parametrize("status", [500, 502, 503])
async def test_bad_days_have_words(
    bot: httpx.AsyncClient, github: SimulatedGitHub, backend: Repository, status: int
) -> None:
    github.outages.fail(status=status)

    answer = await bot.get(BACKEND)

    assert answer.status_code == status
    assert answer.json()["message"] in ("Server Error", "Service unavailable")
