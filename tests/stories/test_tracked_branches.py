"""A client that tracks another branch of a service gets what is merged there, and nothing else."""

from bot.store.tables import Tenant
from tests.stories.conftest import NewWorld
from tests.stories.world import World


async def follows_next(new_world: NewWorld) -> World:
    """A world in which acme tracks `next` of the backend, and globex does not."""
    world = await new_world(("globex",))
    await world.operator_runs(
        lambda session: session.add(
            Tenant(
                name="acme",
                branches={"backend": "next"},
                variables={"region": "eu-west-1"},
                created_at=world.clock.now(),
            )
        )
    )
    await world.maya.creates_branch(world.backend, "next")
    return world


async def test_a_tenant_gets_what_is_merged_to_the_branch_that_it_tracks(
    new_world: NewWorld,
) -> None:
    world = await follows_next(new_world)

    main = await world.merges({"src/app.py": "VERSION = 2\n"})
    await world.settles()
    ahead = await world.merges({"src/app.py": "VERSION = 9\n"}, base="next")
    await world.settles()

    assert world.revisions("backend") == {"acme": ahead.sha, "globex": main.sha}
    assert "- acme: acme tracks next of backend, not main\n" in world.sticky_comment(main.pull)
    assert "- globex: globex tracks main of backend, not next\n" in world.sticky_comment(ahead.pull)
