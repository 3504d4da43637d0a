"""One App at many organisations: each has its own installation, and its own token."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import httpx
import pytest

from bot.github.auth import AppKey
from bot.github.door import GitHub
from bot.github.failures import NotFound
from bot.simulated.github import Organization, SimulatedGitHub
from tests.github.conftest import NAME, Agency

TOKENS = "/access_tokens"


async def organization(agency: Agency, login: str, *names: str) -> Organization:
    """Another organisation with the App on some repositories."""
    found = agency.simulator.organization(login)
    for name in names:
        await found.create_repository(name)
    agency.app.install_on(found)
    return found


async def test_all_installations_and_their_repositories_are_told(agency: Agency) -> None:
    await agency.organization.create_repository("site")
    await organization(agency, "studio", "backend")

    installations = await agency.door.installations()
    found = {
        each.account.login: [one.full_name for one in await agency.door.repositories(each.id)]
        for each in installations
        if each.account is not None
    }

    assert found == {"agency": ["agency/backend", "agency/site"], "studio": ["studio/backend"]}


async def test_an_installation_that_is_gone_is_not_found(agency: Agency) -> None:
    [installation] = await agency.door.installations()
    agency.app.uninstall_from(agency.organization)

    with pytest.raises(NotFound):
        await agency.door.repositories(installation.id)
    assert await agency.door.installations() == ()


async def test_a_token_that_an_installation_lost_is_minted_anew(agency: Agency) -> None:
    [installation] = await agency.door.installations()
    await agency.door.repositories(installation.id)
    agency.simulator.outages.fail("GET", "/installation/repositories$", status=401)

    assert len(await agency.door.repositories(installation.id)) == 1
    assert agency.asked("POST", TOKENS) == 2


async def test_many_organisations_at_once_mint_one_token_each(agency: Agency) -> None:
    names = [f"org-{number}" for number in range(8)]
    for name in names:
        await organization(agency, name, "backend", "site")

    await asyncio.gather(
        *(
            agency.door.head_of(f"{name}/{repository}", "main")
            for _ in range(5)
            for name in names
            for repository in ("backend", "site")
        )
    )

    minted = [seen.path for seen in agency.simulator.requests if seen.path.endswith(TOKENS)]
    assert len(minted) == len(set(minted)) == 8
    assert agency.asked("GET", "/installation") == 16


async def test_an_organisation_whose_token_is_slow_holds_no_other_up(agency: Agency) -> None:
    await organization(agency, "studio", "backend")
    slow = agency.app.installations[0]
    transport = _Held(agency.simulator, lambda path: f"/{slow.id}{TOKENS}" in path)
    async with GitHub(
        f"{agency.simulator.address}/api/v3",
        AppKey(str(agency.app.id), agency.app.private_key),
        clock=agency.clock,
        transport=transport,
    ) as door:
        waiting = asyncio.create_task(door.head_of(NAME, "main"))
        await transport.reached.wait()

        assert await door.head_of("studio/backend", "main") is not None
        assert not waiting.done()
        transport.go_on.set()
        assert await waiting is not None


async def test_one_organisation_that_removed_the_app_leaves_the_others(agency: Agency) -> None:
    studio = await organization(agency, "studio", "backend")
    agency.app.uninstall_from(studio)

    found = await asyncio.gather(
        agency.door.head_of(NAME, "main"),
        agency.door.pull_request("studio/backend", 1),
        return_exceptions=True,
    )

    assert isinstance(found[0], str)
    assert isinstance(found[1], NotFound)


@pytest.mark.parametrize("expired", [False, True])
async def test_twenty_requests_survive_that_the_app_is_installed_again(
    agency: Agency, expired: bool
) -> None:
    """Each of them finds its token refused, or the installation gone; one of them mends it."""
    await agency.door.head_of(NAME, "main")
    agency.app.uninstall_from(agency.organization)
    agency.app.install_on(agency.organization)
    if expired:
        agency.clock.advance(timedelta(hours=2))

    heads = await asyncio.gather(*(agency.door.head_of(NAME, "main") for _ in range(20)))

    assert len(set(heads)) == 1
    assert agency.asked("GET", "/installation") == 2
    # The first, one that the old installation refuses, and the new one.
    assert agency.asked("POST", TOKENS) == 3


class _Held(httpx.AsyncBaseTransport):
    """A way to the simulated GitHub on which some requests wait to be let go."""

    def __init__(self, simulator: SimulatedGitHub, holds: Callable[[str], bool]) -> None:
        self._transport = httpx.ASGITransport(simulator.asgi)
        self._holds = holds
        self.reached, self.go_on = asyncio.Event(), asyncio.Event()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self._holds(request.url.path):
            self.reached.set()
            await self.go_on.wait()
        return await self._transport.handle_async_request(request)
