"""The bot is stopped and started, or another process takes over: nobody notices."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import delete

from bot.demo.changes import REMEMBER_PHONE
from bot.store.tables import Owner
from tests.stories.conftest import NewWorld
from tests.stories.world import World

APP = {"src/app.py": "VERSION = 2\n"}


@pytest.mark.parametrize(
    ("step", "of"),
    [
        pytest.param("begin", "deployment-acme", marks=pytest.mark.thorough),
        pytest.param("fetch-source", "backend-acme", marks=pytest.mark.thorough),
        ("iac-deploy", "backend-globex"),
        pytest.param("stack", "deployment-globex", marks=pytest.mark.thorough),
        pytest.param("record-success", "deployment-acme", marks=pytest.mark.thorough),
    ],
)
async def test_a_rollout_that_a_restart_cuts_off_ends_as_if_nothing_had_happened(
    world: World, step: str, of: str
) -> None:
    merge = await world.merges(REMEMBER_PHONE)
    await world.has_done(step, of)

    await world.restart()
    await world.settles()

    assert world.revisions("backend") == {"acme": merge.sha, "globex": merge.sha}
    assert world.check(merge.sha).conclusion == "success"
    assert f"### ✅ backend → {merge.short}: 2 of 2 tenants" in world.sticky_comment(merge.pull)


@pytest.mark.thorough
async def test_a_step_that_was_done_is_not_done_again_after_a_restart(world: World) -> None:
    await world.merges(APP)
    await world.settles()
    with world.busy("acme"):
        merge = await world.merges(REMEMBER_PHONE)
        await world.has_done("iac-deploy", "backend-acme", times=2)
        await world.has_done("record-success", "deployment-globex", times=2)
        await world.stop()
    await world.start()
    await world.settles()

    assert world.times_done("iac-deploy", "backend-acme") == 2
    assert world.times_done("record-success", "deployment-globex") == 2
    assert world.check(merge.sha).conclusion == "success"
    assert "phone" in world.agency.columns("acme")


async def test_a_merge_that_was_taken_in_before_a_stop_is_deployed_after_it(world: World) -> None:
    merge = await world.merges(APP)
    await world.github.deliveries_settled()

    await world.restart()
    await world.settles()

    assert world.revisions("backend") == {"acme": merge.sha, "globex": merge.sha}


async def test_a_second_process_stands_by_and_takes_deliveries_in(world: World) -> None:
    async with world.machine.started() as second, second.client() as client:
        ready = await client.get("/readyz")
        world.doorstep.web = second.web
        merge = await world.merges(APP)
        await world.settles()

        assert ready.json()["role"] == "standing by"
        assert not second.parts.works
        assert world.revisions("backend") == {"acme": merge.sha, "globex": merge.sha}


@pytest.mark.thorough
async def test_a_second_process_takes_over_when_the_first_ends(world: World) -> None:
    await world.merges(APP)
    await world.settles()
    async with world.machine.started() as second, second.client() as client:
        with world.busy("acme"):
            merge = await world.merges(REMEMBER_PHONE)
            await world.has_done("record-success", "deployment-globex", times=2)
            await world.stop()
        await world.until(lambda _: second.parts.works)
        await world.settles()

        assert (await client.get("/readyz")).json()["role"] == "working"
    assert world.revisions("backend") == {"acme": merge.sha, "globex": merge.sha}
    assert world.check(merge.sha).conclusion == "success"


async def test_a_process_that_is_stopped_while_it_starts_leaves_its_place(
    new_world: NewWorld,
) -> None:
    world = await new_world(())
    await world.stop()
    for turns in range(0, 20, 2):
        async with world.machine.started():
            for _ in range(turns):
                await asyncio.sleep(0.001)

    async with asyncio.timeout(1):
        await world.start()


@pytest.mark.thorough
async def test_a_process_that_was_struck_off_by_mistake_works_again(
    world: World, logged: list[Any]
) -> None:
    await world.operator_runs(lambda session: session.execute(delete(Owner)))
    await world.until(lambda _: "declared_dead" in {each["event"] for each in logged})
    logged.clear()

    merge = await world.merges(APP)
    async with asyncio.timeout(10):
        await world.settles()

    assert world.revisions("backend") == {"acme": merge.sha, "globex": merge.sha}
