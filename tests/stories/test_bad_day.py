"""A day on which everything goes wrong on the way between GitHub and the bot."""

import random
from datetime import timedelta

import pytest

from tests.stories.world import World


@pytest.mark.parametrize(
    "seed", [1, *(pytest.param(seed, marks=pytest.mark.thorough) for seed in range(2, 12))]
)
async def test_on_a_bad_day_every_merge_is_deployed_once_and_told_once(
    world: World, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 - a day that repeats
    world.github.duplicate_deliveries()
    merges = []
    for repository in (world.auth, world.backend, world.frontend):
        world.github.outages.fail(status=502, times=chance.randrange(6))
        world.github.outages.lose_answer("POST", "/repos/", times=chance.randrange(3))
        world.github.outages.lose_answer("PATCH", times=chance.randrange(3))
        world.github.outages.slow_down(times=chance.randrange(3), retry_after="70")
        merges.append(
            (repository, await world.merges({"deploy/note.txt": "$tenant"}, to=repository))
        )
        await world.github.deliveries_settled()
        if chance.random() < 0.7:
            await world.restart()

    for _ in range(8):
        await world.passes(timedelta(minutes=2))

    for repository, merge in merges:
        assert world.revisions(repository.name) == {"acme": merge.sha, "globex": merge.sha}
        assert world.check(merge.sha, repository).conclusion == "success"
        assert f"### ✅ {repository.name} → {merge.short}" in world.sticky_comment(merge.pull)
    assert len(world.rollouts()) == len(merges)
