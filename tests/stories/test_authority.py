"""Who may give which command: asked of GitHub when it is carried out."""

import pytest

from bot.commands.command import Command
from bot.commands.verb import Place
from bot.commands.verbs import VERBS
from bot.orders.asked import Asked
from bot.orders.authority import demand_may
from bot.rollouts.policy.people import Role
from bot.rollouts.selectors import parse_selector
from bot.simulated.github.codebase import Role as GitHubRole
from resources.errors import Refused
from tests.stories.conftest import NewWorld
from tests.stories.world import World

ROLES: tuple[GitHubRole, ...] = ("read", "triage", "write", "maintain", "admin")
ON_PULL_REQUESTS = [verb for verb in VERBS.values() if Place.PULL_REQUEST in verb.places]


async def may(world: World, verb: str, login: str) -> bool:
    """Answer whether somebody may give a command about acme on the first pull request."""
    command = Command(VERBS[verb], parse_selector("acme"))
    asked = Asked(command, f"{verb}/{login}", "agency/backend", 1, login, None)
    try:
        await demand_may(world.process.desk(), asked)
    except Refused:
        return False
    return True


async def test_every_command_needs_its_role(new_world: NewWorld) -> None:
    world = await new_world(("acme",))
    await world.maya.opens_pull_request(world.backend, "Perhaps", {"src/app.py": "VERSION = 2\n"})
    for role in ROLES:
        world.backend.allow(world.github.user(f"a-{role}"), role)
    world.github.user("nobody")

    allowed = {
        verb.name: [role for role in ROLES if await may(world, verb.name, f"a-{role}")]
        for verb in ON_PULL_REQUESTS
    }

    assert allowed == {
        verb.name: [role for role in ROLES if Role(role).reaches(verb.role)]
        for verb in ON_PULL_REQUESTS
    }
    assert [verb for verb in allowed if await may(world, verb, "nobody")] == []


@pytest.mark.parametrize("named", ["@noor", "team:agency/ops", "role:admin"])
async def test_a_rule_gives_to_whom_it_names_and_takes_from_others(
    world: World, named: str
) -> None:
    policy = f'[[rules]]\nwho = ["{named}"]\nverbs = ["rollback"]\ntenants = "acme"\n'
    await world.maya.pushes(world.backend, {"orbits.toml": policy})
    await world.maya.opens_pull_request(world.backend, "Perhaps", {"src/app.py": "VERSION = 2\n"})
    noor = world.github.user("noor")
    world.backend.allow(noor, "admin" if named == "role:admin" else "read")
    world.github.organization("agency").teams["ops"] = {"noor"}

    assert await may(world, "rollback", "noor")
    assert not await may(world, "rollback", "maya")
    assert await may(world, "deploy", "maya")
