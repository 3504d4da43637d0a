"""Late deliveries, in an order that would undo a newer merge."""

import pytest

from tests.stories.world import World


@pytest.mark.thorough
async def test_older_merges_that_come_late_in_their_own_order_undo_nothing(world: World) -> None:
    """The bot was away for two merges; GitHub tells of the third, and then of those, in order."""
    world.github.pause_deliveries()
    for version in (2, 3, 4):
        newest = await world.merges({"src/app.py": f"VERSION = {version}\n"})
    waiting = [each for each in world.github.queue.waiting if each.action == "closed"]
    async with world.process.client() as client:
        for parcel in (waiting[2], waiting[0], waiting[1]):
            await client.post("/webhooks/github", content=parcel.body, headers=parcel.headers)
            await world.settles()
    assert world.revisions("backend") == {"acme": newest.sha, "globex": newest.sha}


async def test_a_merge_into_another_branch_lets_no_older_merge_undo_a_newer(world: World) -> None:
    await world.maya.creates_branch(world.backend, "develop")
    world.github.pause_deliveries()
    older = await world.merges({"src/app.py": "VERSION = 2\n"})
    newer = await world.merges({"src/app.py": "VERSION = 3\n"})
    await world.merges({"src/app.py": "VERSION = 9\n"}, base="develop")
    waiting = [each for each in world.github.queue.waiting if each.action == "closed"]
    async with world.process.client() as client:
        for parcel in (waiting[1], waiting[2], waiting[0]):
            await client.post("/webhooks/github", content=parcel.body, headers=parcel.headers)
            await world.settles()
    assert older.sha != newer.sha
    assert world.revisions("backend") == {"acme": newer.sha, "globex": newer.sha}
