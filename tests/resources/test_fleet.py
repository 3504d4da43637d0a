"""What an agency says of its fleet is heeded, and refused where it could mean two things."""

from dataclasses import replace
from pathlib import Path

import pytest

from bot.demo.agency import found_agency
from bot.parts import opened
from bot.simulated.github import SimulatedGitHub
from bot.simulated.serving import serving
from bot.worker import working
from resources import Action, Secret
from resources.fleet import Desired, Fleet, Service
from resources.model.resource import Resource
from resources.secrets import FileSecrets


class Vault:
    """A place for secrets of the agency's own."""

    scheme = "vault"

    async def read(self, name: str) -> str:
        return f"the value of {name}"


def stack(desired: Desired) -> Resource:
    raise NotImplementedError(desired.tenant)


def test_services_are_told_apart_by_their_names() -> None:
    backend = Service("backend", "agency/backend")
    assert Fleet((backend,), stack).service("backend") is backend
    with pytest.raises(ValueError, match="two services of the fleet carry one name; give each"):
        Fleet((backend, backend), stack)


@pytest.mark.parametrize("secrets", [(Vault(), Vault()), (FileSecrets(),)])
def test_sources_of_secrets_are_told_apart_by_their_schemes(secrets: tuple[Vault, ...]) -> None:
    assert Fleet((), stack, secrets=(Vault(),)).secrets[0].scheme == "vault"
    with pytest.raises(ValueError, match="two sources") as refused:
        Fleet((), stack, secrets=secrets)
    assert str(refused.value) == (
        "two sources of the fleet's secrets have one scheme, or one has that of the bot's own "
        "(env, file); give each its own"
    )


class Length(Action):
    """How long a secret is."""

    secret: Secret

    async def run(self) -> int:
        return len(await self.reveal(self.secret))


async def test_the_bot_looks_for_secrets_where_the_fleet_says(tmp_path: Path) -> None:
    async with SimulatedGitHub(tmp_path / "github") as github, serving(github.asgi) as address:
        github.address = address
        agency = await found_agency(github, tmp_path, {})
        fleet = replace(agency.fleet, secrets=(Vault(),))
        async with opened(agency.settings(), fleet=fleet) as parts, working(parts) as bot:
            asked_for = Length(secret=Secret(reference="vault:acme"))
            assert await bot.engine.run(asked_for) == len("the value of acme")
