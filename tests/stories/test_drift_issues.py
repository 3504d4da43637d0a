"""What people see of drift on GitHub: its issue where the policy has it, and looks they ask for."""

import pytest

from bot.demo.changes import REMEMBER_PHONE
from bot.simulated.github import PullRequest
from tests.stories.drifting import CONF, edits, looks, paths_of, says_policy
from tests.stories.world import World


async def test_the_issue_is_in_the_repository_that_the_policy_names(world: World) -> None:
    await world.merges(REMEMBER_PHONE)
    await says_policy(world, '[drift]\nrepository = "agency/frontend"\ndetections = 1\n')
    before = world.files("acme")[CONF]

    edits(world, "acme")
    await looks(world)

    (issue,) = world.frontend.issues.values()
    assert (issue.title, issue.state) == ("acme is not as it should be", "open")
    assert all(isinstance(each, PullRequest) for each in world.backend.issues.values())

    await world.maya.comments(issue, "/orbits drift fix acme")
    await world.settles()

    assert world.files("acme")[CONF] == before
    assert issue.state == "closed"


@pytest.mark.thorough
async def test_a_look_is_asked_for_on_a_pull_request(world: World) -> None:
    merge = await world.merges(REMEMBER_PHONE)
    await world.settles()
    edits(world, "acme")

    await world.types(merge.pull, "/orbits drift check")

    (answer,) = world.answers(merge.pull)
    assert answer == (
        "@maya Looking now at 2 tenants: `acme` and `globex`. What differs is told in an issue "
        "for each tenant that drifts."
    )
    assert paths_of(world, "acme") == [f"backend/files/{CONF}"]
    assert paths_of(world, "globex") == []
