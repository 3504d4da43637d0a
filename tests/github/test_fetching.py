"""Logins for git: a token for one repository, on our own GitHub, where the App is."""

import pytest

from bot.github.fetching import GithubLogins, git_host
from resources.errors import OrbitsError
from tests.github.conftest import Agency

BACKEND = "http://github.test/agency/backend"


@pytest.fixture
def heard() -> list[str]:
    return []


@pytest.fixture
def logins(agency: Agency, heard: list[str]) -> GithubLogins:
    return GithubLogins(agency.door, "http://github.test/api/v3", heard.append)


@pytest.mark.parametrize("address", [BACKEND, f"{BACKEND}.git", f"{BACKEND}/", BACKEND.upper()])
async def test_a_token_reads_one_repository_and_nothing_else(
    logins: GithubLogins, agency: Agency, heard: list[str], address: str
) -> None:
    address = address.replace("HTTP://GITHUB.TEST", "http://GITHUB.test")
    login = await logins.login(address)

    assert login is not None
    assert (login.user, heard) == ("x-access-token", [login.password])
    assert login.password not in repr(login)
    minted = agency.simulator.requests[-1]
    assert minted.path.endswith("/access_tokens")
    assert minted.json == {"repositories": ["backend"], "permissions": {"contents": "read"}}


@pytest.mark.parametrize(
    "address",
    [
        "https://github.test/agency/backend",
        "http://github.test.evil/agency/backend",
        "http://github.test:81/agency/backend",
        "http://github.test/agency",
        "http://github.test/agency/backend/more",
        "http://github.test/agency/..",
        "http://github.test/agency/backend?x=1",
        "git@github.test:agency/backend",
        "ssh://git@github.test/agency/backend",
        "/srv/git/agency/backend",
        "",
    ],
)
async def test_for_other_addresses_there_is_none(
    logins: GithubLogins, agency: Agency, address: str
) -> None:
    assert await logins.login(address) is None
    assert agency.simulator.requests == []


async def test_where_the_app_is_not_installed_there_is_none(
    logins: GithubLogins, agency: Agency
) -> None:
    agency.app.installations[0].selected = set()

    assert await logins.login(BACKEND) is None
    assert logins.remedy(BACKEND) == (
        "Install the App on agency/backend, with the permission `Contents: read`, and retry."
    )


async def test_an_app_that_was_installed_again_goes_on(
    logins: GithubLogins, agency: Agency
) -> None:
    assert await logins.login(BACKEND) is not None
    agency.app.uninstall_from(agency.organization)
    agency.app.install_on(agency.organization)

    assert await logins.login(BACKEND) is not None


async def test_an_app_that_reads_no_contents_says_so(logins: GithubLogins, agency: Agency) -> None:
    del agency.app.permissions["contents"]

    with pytest.raises(OrbitsError) as refused:
        await logins.login(BACKEND)

    assert str(refused.value) == (
        "agency/backend cannot be fetched: the App gets no token to read it with. It lacks the "
        "permission `Contents: read`, or its installation is suspended: grant the one, or end the "
        "other, and retry."
    )


async def test_a_person_fetches_with_their_own_token(agency: Agency, heard: list[str]) -> None:
    async with agency.door_of(agency.maya) as door:
        login = await GithubLogins(door, "http://github.test/api/v3", heard.append).login(BACKEND)

    assert login is not None
    assert login.password.startswith("ghp_")
    assert heard == [login.password]


@pytest.mark.parametrize(
    ("api", "git"),
    [
        ("api.github.com", "github.com"),
        ("API.agency.ghe.com", "agency.ghe.com"),
        ("github.agency.example:8443", "github.agency.example:8443"),
        ("api.agency.example", "api.agency.example"),
    ],
)
def test_git_is_where_the_api_says(api: str, git: str) -> None:
    assert git_host(api) == git
