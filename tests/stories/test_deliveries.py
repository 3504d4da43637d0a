"""GitHub tells of a merge twice, late, in another order, or while it cannot be asked anything."""

import asyncio
from datetime import timedelta

import pytest
from sqlmodel import col, select

from bot.demo.changes import ONE_ACCOUNT_PER_EMAIL, REMEMBER_PHONE
from bot.states import State
from bot.store.tables import Delivery
from tests.stories.conftest import NewWorld
from tests.stories.world import Merge, World

APP = {"src/app.py": "VERSION = 2\n"}
PAGE = {"src/app.js": "let version = 2;\n"}


def deployed_once(world: World, merge: Merge) -> bool:
    """Answer whether there is one rollout of a merge, with one comment and one check."""
    assert [each.sha for each in world.rollouts()] == [merge.sha]
    assert (len(world.comments(merge.pull)), len(world.checks(merge.sha))) == (1, 1)
    return world.revisions("backend") == {"acme": merge.sha, "globex": merge.sha}


async def test_an_event_delivered_twice_deploys_once(world: World) -> None:
    world.github.duplicate_deliveries()
    merge = await world.merges(APP)

    await world.settles()

    assert deployed_once(world, merge)
    assert [each.response_body for each in world.deliveries("pull_request", "closed")] == [
        '{"message":"Taken in."}',
        '{"message":"Taken in before; nothing is done twice."}',
    ]


async def test_an_event_delivered_ten_times_at_once_deploys_once(world: World) -> None:
    world.github.pause_deliveries()
    merge = await world.merges(APP)
    closed = next(each for each in world.github.queue.waiting if each.action == "closed")

    async with world.process.client() as client:
        answers = await asyncio.gather(
            *(
                client.post("/webhooks/github", content=closed.body, headers=closed.headers)
                for _ in range(10)
            )
        )
    await world.settles()

    assert {answer.status_code for answer in answers} == {202}
    assert deployed_once(world, merge)


@pytest.mark.thorough
async def test_a_redelivery_of_what_was_done_starts_nothing(world: World) -> None:
    merge = await world.merges(APP)
    await world.settles()
    asked = len(world.github.requests)

    await world.github.redeliver(world.deliveries("pull_request", "closed")[0].parcel.guid)
    await world.settles()

    assert deployed_once(world, merge)
    assert len(world.github.requests) == asked


async def test_the_same_merge_told_anew_under_another_guid_deploys_once(world: World) -> None:
    merge = await world.merges(APP)
    await world.settles()
    (told,) = world.deliveries("pull_request", "closed")
    headers = {**told.parcel.headers, "X-GitHub-Delivery": "0" * 8 + "-0000-4000-8000-" + "0" * 12}

    async with world.process.client() as client:
        await client.post("/webhooks/github", content=told.parcel.body, headers=headers)
    await world.settles()

    assert deployed_once(world, merge)


async def test_deliveries_that_come_late_and_out_of_order_are_all_handled(world: World) -> None:
    world.github.pause_deliveries()
    world.github.shuffle_deliveries(seed=3)
    backend = await world.merges(APP)
    frontend = await world.merges(PAGE, to=world.frontend)
    await world.passes(timedelta(minutes=4))
    assert world.rollouts() == []

    world.github.resume_deliveries()
    await world.settles()

    assert world.revisions("backend") == {"acme": backend.sha, "globex": backend.sha}
    assert world.revisions("frontend") == {"acme": frontend.sha, "globex": frontend.sha}


async def test_a_merge_while_github_answers_nothing_but_502_is_deployed_later(
    world: World,
) -> None:
    world.github.outages.fail(times=None)
    merge = await world.merges(APP)
    await world.settles()
    assert world.rollouts() == []
    chosen = select(Delivery).where(col(Delivery.action) == "closed")
    waiting = world.stored(lambda session: session.exec(chosen).one())
    assert (waiting.state, waiting.attempts) == (State.QUEUED, 1)
    assert waiting.problem == (
        "GitHubFailed: GitHub answered 502 to GET "
        f"/api/v3/repos/agency/backend/commits/{merge.sha}. "
        "GitHub has a problem of its own; its status page may tell more."
    )

    world.github.outages.end()
    await world.passes(timedelta(seconds=2))

    assert deployed_once(world, merge)


@pytest.mark.thorough
async def test_a_merge_while_github_limits_us_is_deployed_when_it_lets_us(world: World) -> None:
    world.github.outages.slow_down("GET", "/commits/[0-9a-f]{40}$", retry_after="90")
    merge = await world.merges(APP)
    await world.settles()
    await world.passes(timedelta(seconds=80))
    assert world.rollouts() == []

    await world.passes(timedelta(seconds=10))

    assert deployed_once(world, merge)


@pytest.mark.thorough
async def test_what_could_not_be_delivered_is_deployed_when_it_is_delivered_again(
    world: World,
) -> None:
    await world.stop()
    merge = await world.merges(APP)
    await world.github.deliveries_settled()
    await world.start()
    (lost,) = world.deliveries("pull_request", "closed")
    assert not lost.succeeded

    await world.github.redeliver(lost.parcel.guid)
    await world.settles()

    assert deployed_once(world, merge)


@pytest.mark.thorough
async def test_a_delivery_whose_answer_was_lost_is_deployed_all_the_same(world: World) -> None:
    world.github.lose_next_delivery_answers(10)
    merge = await world.merges(APP)

    await world.settles()

    assert deployed_once(world, merge)


async def delivered_the_wrong_way_round(world: World) -> None:
    """Deliver the merges that GitHub holds back, the last one first."""
    waiting = [each for each in world.github.queue.waiting if each.action == "closed"]
    async with world.process.client() as client:
        for parcel in reversed(waiting):
            await client.post("/webhooks/github", content=parcel.body, headers=parcel.headers)
            await world.settles()


@pytest.mark.thorough
async def test_an_older_merge_that_is_delivered_last_does_not_undo_the_newer(world: World) -> None:
    world.github.pause_deliveries()
    older = await world.merges(APP)
    newer = await world.merges({"src/app.py": "VERSION = 3\n"})

    await delivered_the_wrong_way_round(world)

    assert world.revisions("backend") == {"acme": newer.sha, "globex": newer.sha}
    assert world.check(older.sha).conclusion == "skipped"
    kept = f"| ⏭️ skipped: it has {newer.short}, a newer one |"
    assert world.sticky_comment(older.pull).count(kept) == 2


@pytest.mark.thorough
async def test_who_could_not_take_the_newer_merge_gets_the_older_that_came_late(
    new_world: NewWorld,
) -> None:
    world = await new_world(("acme", "initech"))
    await world.merges(REMEMBER_PHONE)
    await world.settles()
    await world.agency.import_customers_twice()
    world.github.pause_deliveries()
    older = await world.merges(APP)
    newer = await world.merges(ONE_ACCOUNT_PER_EMAIL)

    await delivered_the_wrong_way_round(world)

    assert world.revisions("backend") == {"acme": newer.sha, "initech": older.sha}


@pytest.mark.thorough
async def test_an_older_merge_that_had_to_wait_does_not_undo_the_newer(world: World) -> None:
    world.github.outages.slow_down("GET", "/commits/[0-9a-f]{40}$", retry_after="90")
    await world.merges(APP)
    await world.settles()
    newer = await world.merges({"src/app.py": "VERSION = 3\n"})
    await world.settles()

    await world.passes(timedelta(seconds=90))

    assert world.revisions("backend") == {"acme": newer.sha, "globex": newer.sha}
