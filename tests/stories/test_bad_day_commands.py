"""Whole stories of commands end on a bad day as they end on a quiet one."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.demo.agency import found_agency
from bot.demo.changes import ONE_ACCOUNT_PER_EMAIL, REMEMBER_PHONE
from bot.simulated.github import SimulatedGitHub
from tests.openapi import validate_request
from tests.stories.clock import StoryClock
from tests.stories.days import BadDay, Day, QuietDay
from tests.stories.process import Doorstep
from tests.stories.world import World, running

TENANTS = ("acme", "initech")
ONE = {"src/app.py": "VERSION = 1\n"}
TWO = {"src/app.py": "VERSION = 2\n"}
THREE = {"src/app.py": "VERSION = 3\n"}

Story = Callable[[Day], Awaitable[None]]


async def stopped_at_the_limit_and_resumed(day: Day) -> None:
    """The first wave fails, maya lets the second one go, and tries again what failed."""
    await day.configures(
        '[rollout]\nwaves = ["initech", "rest"]\nfailure_limit = 1\ndeployments = true\n'
    )
    await day.merges(REMEMBER_PHONE.files)
    await day.world.agency.import_customers_twice()
    merge = await day.merges(ONE_ACCOUNT_PER_EMAIL.files)
    assert "stopped by the failure limit (1)" in day.world.sticky_comment(merge.pull)

    await day.types(merge.pull, "/orbits resume")
    assert "1 of 2 tenants updated, 1 failed" in day.world.sticky_comment(merge.pull)

    day.world.merge_customers("initech")
    await day.types(merge.pull, "/orbits retry")
    assert day.world.revisions("backend") == dict.fromkeys(TENANTS, merge.sha)


async def approved(day: Day) -> None:
    """A rollout that reaches many waits for somebody who may say yes."""
    await day.configures("[rollout]\napprove_above = 1\n")
    merge = await day.merges(ONE)
    assert "waits for `/orbits approve`" in day.world.sticky_comment(merge.pull)

    await day.types(merge.pull, "/orbits approve")
    assert day.world.revisions("backend") == {}

    day.world.backend.allow(day.world.maya, "maintain")
    await day.types(merge.pull, "/orbits approve")
    assert day.world.revisions("backend") == dict.fromkeys(TENANTS, merge.sha)


async def rolled_back_held_and_let_go(day: Day) -> None:
    """Maya rolls a merge back, the next one is held, and she deploys it when she trusts it."""
    first, second = await day.merges(ONE), await day.merges(TWO)
    await day.types(second.pull, "/orbits rollback --reason 'orders are lost'")
    third = await day.merges(THREE)
    assert day.world.revisions("backend") == dict.fromkeys(TENANTS, first.sha)

    await day.types(third.pull, "/orbits deploy acme")
    assert day.world.revisions("backend") == {"acme": third.sha, "initech": first.sha}


async def superseded(day: Day) -> None:
    """A newer merge takes over what the older one has not begun."""
    await day.configures('[rollout]\nwaves = ["initech", "rest"]\nbake = "2d"\n')
    older, newer = await day.merges(ONE), await day.merges(TWO)
    assert f"superseded by #&#8203;{newer.pull.number}" in day.world.sticky_comment(older.pull)

    await day.passes(timedelta(days=2))
    assert day.world.revisions("backend") == dict.fromkeys(TENANTS, newer.sha)


async def proposed_from_a_branch_and_from_a_fork(day: Day) -> None:
    """Open pull requests say what merging them would do, at the head of now."""
    zoe = day.world.github.user("zoe")
    day.world.backend.allow(zoe, "read")
    await day.opens(zoe, ONE)
    pull = await day.opens(day.world.maya, REMEMBER_PHONE.files)
    await day.does(lambda: day.world.maya.adds_to(pull, {"docs/phone.md": "Call them.\n"}))
    await day.types(pull, "/orbits plan acme")
    assert f"backend at {pull.head_sha[:7]} would reach 2 tenants" in day.world.sticky_comment(pull)


async def pinned_and_let_go(day: Day) -> None:
    """A tenant is kept on an old commit, whatever is merged, until it may follow again."""
    day.world.backend.allow(day.world.maya, "maintain")
    first, second = await day.merges(ONE), await day.merges(TWO)
    await day.types(second.pull, f"/orbits pin acme backend@{first.sha[:10]}")
    third = await day.merges(THREE)
    assert day.world.revisions("backend") == {"acme": first.sha, "initech": third.sha}

    await day.types(third.pull, "/orbits unpin acme\n\n/orbits deploy acme")
    assert day.world.revisions("backend") == dict.fromkeys(TENANTS, third.sha)


async def paused_and_cancelled(day: Day) -> None:
    """What maya has paused she gives up, and takes back what had begun."""
    first = await day.merges(ONE)
    await day.configures('[rollout]\nwaves = ["initech", "rest"]\nbake = "2d"\n')
    second = await day.merges(TWO)
    await day.types(second.pull, "/orbits pause")
    await day.passes(timedelta(days=2))
    await day.types(second.pull, "/orbits cancel")
    assert day.world.revisions("backend") == {"acme": first.sha, "initech": second.sha}

    await day.types(second.pull, "/orbits rollback")
    assert day.world.revisions("backend") == dict.fromkeys(TENANTS, first.sha)


STORIES: tuple[Story, ...] = (
    stopped_at_the_limit_and_resumed,
    approved,
    rolled_back_held_and_let_go,
    superseded,
    proposed_from_a_branch_and_from_a_fork,
    pinned_and_let_go,
    paused_and_cancelled,
)

NewDay = Callable[[int | None], Any]


@pytest.fixture
def a_day(tmp_path: Path, migrated_file: Path, keys: tuple[str, str], logged: list[Any]) -> NewDay:
    """Makes a day in a world of its own: quiet, or as bad as a seed wants it."""
    del logged

    @asynccontextmanager
    async def day(seed: int | None) -> AsyncIterator[Day]:
        home = tmp_path / f"day-{seed}"
        home.mkdir()
        shutil.copy(migrated_file, home / "orbits.db")
        clock, doorstep = StoryClock(), Doorstep()
        async with SimulatedGitHub(
            home / "github", clock=clock.now, transport=doorstep, new_keys=lambda: keys
        ) as github:
            agency = await found_agency(github, home)
            agency.app.webhook_url = "http://orbits.test/webhooks/github"
            world = World(agency, clock, doorstep, {})
            for tenant in TENANTS:
                await world.takes_on(tenant)
            async with running(world):
                yield QuietDay(world) if seed is None else BadDay(world, seed)
        for request in github.requests:
            validate_request(request.method, request.path, request.query, request.json)

    return day


IN_SHORT = (proposed_from_a_branch_and_from_a_fork,)
"""What is told in every run of the tests; the night tells all, with more seeds."""


@pytest.mark.parametrize(
    ("story", "seed"),
    [
        *((story, 1) for story in IN_SHORT),
        *(
            pytest.param(story, seed, marks=pytest.mark.thorough)
            for story in STORIES
            for seed in range(1 if story not in IN_SHORT else 2, 8)
        ),
    ],
)
async def test_on_a_bad_day_commands_end_as_on_a_quiet_one(
    story: Story, seed: int, a_day: NewDay
) -> None:
    async with a_day(None) as quiet, a_day(seed) as bad:
        await asyncio.gather(story(quiet), story(bad))
        expected, found = quiet.end_state(), bad.end_state()

    assert found == expected
    assert expected.open_checks == []
