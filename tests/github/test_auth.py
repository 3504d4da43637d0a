"""How the bot proves who it is: one token at a time, renewed in time, and never shown."""

import asyncio
from datetime import timedelta

import httpx
import pytest

from bot.github.auth import AppKey, PersonalToken
from bot.github.door import GitHub
from bot.github.failures import GitHubFailed, NotFound
from resources.errors import OrbitsError
from tests.github.conftest import Agency, Clock

NAME = "agency/backend"
TOKENS = "/access_tokens"


async def comment(agency: Agency, number: int) -> None:
    await agency.door.create_comment(NAME, number, "hello")


@pytest.fixture
async def number(agency: Agency) -> int:
    pull = await agency.maya.opens_pull_request(agency.repository, "A", {"a.py": "1\n"})
    return pull.number


async def test_twenty_requests_at_once_mint_one_token(agency: Agency, number: int) -> None:
    await asyncio.gather(*(comment(agency, number) for _ in range(20)))

    assert agency.asked("GET", "/installation") == 1
    assert agency.asked("POST", TOKENS) == 1


async def test_more_requests_than_githubkit_lets_through_do_not_wait_for_themselves(
    agency: Agency, number: int
) -> None:
    await asyncio.gather(*(agency.door.pull_request(NAME, number) for _ in range(120)))

    assert agency.asked("POST", TOKENS) == 1


async def test_a_token_is_renewed_before_it_expires(agency: Agency, number: int) -> None:
    await comment(agency, number)
    agency.clock.advance(timedelta(minutes=54))
    await comment(agency, number)
    assert agency.asked("POST", TOKENS) == 1

    agency.clock.advance(timedelta(minutes=2))
    await comment(agency, number)
    assert agency.asked("POST", TOKENS) == 2


async def test_two_spellings_of_a_repository_share_a_token(agency: Agency, number: int) -> None:
    await agency.door.pull_request("agency/backend", number)
    await agency.door.pull_request("Agency/Backend", number)

    assert agency.asked("POST", TOKENS) == 1


async def test_two_repositories_of_an_installation_share_a_token(agency: Agency) -> None:
    site = await agency.organization.create_repository("site", {"a.py": "1\n"})
    for name in ("backend", "site"):
        repository = agency.repository if name == "backend" else site
        sha = await repository.commit_named("main")
        await agency.door.changed_paths(f"agency/{name}", sha)

    assert agency.asked("POST", TOKENS) == 1


async def test_an_app_that_was_installed_again_goes_on(agency: Agency, number: int) -> None:
    await comment(agency, number)
    agency.app.uninstall_from(agency.organization)
    agency.app.install_on(agency.organization)

    await comment(agency, number)

    assert agency.asked("GET", "/installation") == 2


async def test_an_app_that_was_installed_again_goes_on_after_its_token_expired(
    agency: Agency, number: int
) -> None:
    await comment(agency, number)
    agency.app.uninstall_from(agency.organization)
    agency.app.install_on(agency.organization)
    agency.clock.advance(timedelta(hours=2))

    await comment(agency, number)

    assert agency.asked("GET", "/installation") == 2


async def test_a_repository_without_the_app_is_not_found(agency: Agency) -> None:
    other = agency.simulator.organization("other")
    await other.create_repository("backend")

    with pytest.raises(NotFound) as missing:
        await agency.door.pull_request("other/backend", 1)
    assert str(missing.value) == (
        "GitHub answered 404 to GET /api/v3/repos/other/backend/installation. "
        "It does not exist, or the App is not installed there or may not read it."
    )


async def test_a_token_that_is_not_accepted_is_tried_once(clock: Clock) -> None:
    asked: list[str] = []

    def refuse(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        return httpx.Response(401, json={"message": "Bad credentials"})

    door = GitHub(
        "https://api.github.test",
        PersonalToken("ghp_secret"),
        clock=clock,
        transport=httpx.MockTransport(refuse),
    )
    async with door:
        with pytest.raises(GitHubFailed) as failed:
            await door.me()
    assert asked == ["/user"]
    assert str(failed.value) == (
        "GitHub answered 401 to GET /user. "
        "The key or token is not accepted, or this machine's clock is wrong by minutes."
    )


async def test_a_token_that_is_never_accepted_is_renewed_once(agency: Agency, number: int) -> None:
    agency.simulator.outages.fail("POST", "/comments$", status=401, times=None)

    with pytest.raises(GitHubFailed) as failed:
        await comment(agency, number)

    assert failed.value.status == 401
    assert agency.asked("POST", TOKENS) == 2
    assert agency.asked("POST", "/comments") == 2


@pytest.mark.parametrize(
    "key", ["", "secret", "-----BEGIN OPENSSH PRIVATE KEY-----\nsecret\n-----END"]
)
def test_a_key_that_cannot_be_read_says_what_to_do(clock: Clock, key: str) -> None:
    with pytest.raises(OrbitsError) as error:
        GitHub("https://api.github.test", AppKey("1", key), clock=clock)
    assert str(error.value) == (
        "The App's private key is not an RSA key in PEM. "
        "Download a key from the App's page on GitHub and set it again."
    )


def test_credentials_do_not_show_their_secrets() -> None:
    assert repr(AppKey("1", "secret")) == "AppKey(app_id='1')"
    assert repr(PersonalToken("secret")) == "PersonalToken()"
