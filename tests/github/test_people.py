"""Who we are, and who may do what."""

import pytest

from bot.github.answers import Me
from bot.simulated.github.codebase import ROLES, Role
from tests.github.conftest import NAME, Agency, answering


async def test_the_app_knows_its_own_login_and_asks_once(agency: Agency) -> None:
    for _ in range(2):
        assert await agency.door.me() == Me(login="orbits[bot]", app_id=agency.app.id)
    assert agency.asked("GET", "/app") == 1


@pytest.mark.parametrize("role", ROLES)
async def test_a_role_is_told_by_its_own_name(agency: Agency, role: Role) -> None:
    rowan = agency.simulator.user("rowan")
    agency.repository.allow(rowan, role)

    assert await agency.door.role_of(NAME, "rowan") == role


async def test_a_role_that_was_taken_away_is_gone_at_once(agency: Agency) -> None:
    before = await agency.door.role_of(NAME, "maya")
    agency.repository.allow(agency.maya, None)

    assert before == "write"
    assert await agency.door.role_of(NAME, "maya") is None


async def test_who_does_not_exist_has_no_role(agency: Agency) -> None:
    assert await agency.door.role_of(NAME, "nobody") is None


async def test_a_role_of_an_organisations_own_counts_as_what_it_was_made_from() -> None:
    """As GitHub answers for what the simulated one does not know."""
    answers = {"role_name": "release-engineer", "permission": "write"}
    async with answering(answers) as door:
        assert await door.role_of(NAME, "maya") == "write"


async def test_a_login_that_would_lead_elsewhere_is_refused(agency: Agency) -> None:
    with pytest.raises(ValueError, match=r"\.\."):
        await agency.door.role_of(NAME, "..")
    assert agency.simulator.requests == []
