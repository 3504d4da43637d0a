"""GitHub tells once, and perhaps nobody hears it: a merge is deployed all the same."""

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session, col, select
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from bot.github.events import handles
from bot.recovery.counts import recovered
from bot.simulated.github.pulls import Method
from bot.store.tables import Deployed, Head, Look, Rollout, Tenant
from tests.stories.conftest import NewWorld
from tests.stories.world import Merge, World

APP = {"src/app.py": "VERSION = 2\n"}
NEWER = {"src/app.py": "VERSION = 3\n"}
ON_PUSH = {"orbits.toml": "[rollout]\non_push = true\n"}

SOON = timedelta(minutes=5)
LATER = timedelta(minutes=40)
"""Both kinds of looks are due again, and what landed is no longer young."""


def counted(world: World) -> dict[str, int]:
    """Answer how often something was recovered, by its kind."""
    return {kind: each.count for kind, each in world.stored(recovered).items()}


def not_told(world: World) -> int:
    """Answer of how much that matters GitHub could tell nobody; its ping is no event."""
    tried = [each for each in world.github.deliveries if each.parcel.event != "ping"]
    matter = [each for each in tried if handles(each.parcel.event, each.parcel.action)]
    got_in = {each.parcel.guid for each in matter if each.succeeded}
    return len({each.parcel.guid for each in matter} - got_in)


def deployed(world: World, merge: Merge) -> bool:
    """Answer whether both tenants have a merge, and it was told once."""
    assert (len(world.comments(merge.pull)), len(world.checks(merge.sha))) == (1, 1)
    return world.revisions("backend") == {"acme": merge.sha, "globex": merge.sha}


async def vanishes(world: World) -> None:
    """Let what GitHub had to tell be gone without a trace, from its own log too."""
    await world.github.deliveries_settled()
    world.github.deliveries.clear()


async def merged_in_vain(world: World, changes: dict[str, str]) -> Merge:
    """Let maya merge while nothing that GitHub tells gets through."""
    await world.github.deliveries_settled()
    world.github.lose_next_deliveries(10)
    merge = await world.merges(changes)
    await world.settles()
    world.github.lose_next_deliveries(0)
    assert world.rollouts() == []
    return merge


async def merged_unheard(world: World, changes: dict[str, str], method: Method = "squash") -> Merge:
    """Let maya merge while what GitHub tells of it is lost, and nothing is left of it."""
    world.github.lose_next_deliveries(10)
    merge = await world.merges(changes, method=method)
    await vanishes(world)
    world.github.lose_next_deliveries(0)
    return merge


async def test_a_merge_while_the_bot_is_down_is_deployed_when_it_is_up_again(world: World) -> None:
    await world.stop()
    merge = await world.merges(APP)
    await world.github.deliveries_settled()

    await world.start()
    await world.settles()

    assert deployed(world, merge)
    assert counted(world) == {"delivery": not_told(world), "branch": 0}


async def test_a_merge_that_could_not_be_delivered_is_deployed_within_minutes(
    world: World, logged: list[Any]
) -> None:
    merge = await merged_in_vain(world, APP)

    await world.passes(SOON)

    assert deployed(world, merge)
    assert counted(world) == {"delivery": not_told(world), "branch": 0}
    lines = [each for each in logged if each["event"] == "delivery_recovered"]
    told = [(each["delivered"], each["action"], each["answered"]) for each in lines]
    assert told.index(("pull_request", "opened", 502)) < told.index(("pull_request", "closed", 502))
    async with world.process.client() as client:
        ready = (await client.get("/readyz")).json()
    assert ready["recovered"] == counted(world)


async def test_a_merge_that_we_answered_with_a_fault_is_deployed_within_minutes(
    world: World,
) -> None:
    async def fault(_: Request) -> PlainTextResponse:
        return PlainTextResponse("Internal Server Error", status_code=500)

    await world.github.deliveries_settled()
    world.doorstep.web = Starlette(routes=[Route("/webhooks/github", fault, methods=["POST"])])
    merge = await world.merges(APP)
    await world.settles()
    world.doorstep.web = world.process.web
    assert [each.status_code for each in world.deliveries("pull_request", "closed")] == [500]

    await world.passes(SOON)

    assert deployed(world, merge)


async def test_a_merge_that_we_did_not_believe_is_deployed_within_minutes(world: World) -> None:
    secret, world.agency.app.webhook_secret = world.agency.app.webhook_secret, "another secret"
    merge = await world.merges(APP)
    await world.settles()
    world.agency.app.webhook_secret = secret
    refused = world.deliveries("pull_request", "closed")
    assert [each.status_code for each in refused] == [401]

    await world.passes(SOON)

    assert deployed(world, merge)


async def test_what_comes_in_while_it_is_recovered_is_handled_once(world: World) -> None:
    merge = await merged_in_vain(world, APP)

    for lost in list(world.github.deliveries):
        await world.github.redeliver(lost.parcel.guid)
    await world.passes(SOON)

    assert deployed(world, merge)
    assert len(world.rollouts()) == 1


async def test_what_got_in_although_its_answer_was_lost_is_no_miss(world: World) -> None:
    world.github.lose_next_delivery_answers(2)
    merge = await world.merges(APP)
    await world.settles()

    await world.passes(SOON)
    await world.passes(SOON)

    assert deployed(world, merge)
    assert counted(world) == {"delivery": 0, "branch": 0}


@pytest.mark.thorough
async def test_a_restart_reads_only_what_is_new_of_githubs_log(world: World) -> None:
    merge = await merged_in_vain(world, APP)
    for _ in range(5):
        await world.passes(SOON)
    asked = len(world.github.requests)

    await world.restart()
    await world.settles()

    assert deployed(world, merge)
    log = [each.path for each in world.github.requests[asked:] if "deliveries" in each.path]
    assert log == ["/app/hook/deliveries"]
    assert counted(world) == {"delivery": not_told(world), "branch": 0}


@pytest.mark.thorough
async def test_a_limit_in_the_middle_of_the_recovery_is_obeyed_also_after_a_restart(
    world: World,
) -> None:
    await world.stop()
    merge = await world.merges(APP)
    await world.github.deliveries_settled()
    world.github.outages.slow_down("GET", r"/app/hook/deliveries/\d+", retry_after="240")
    await world.start()
    asked = len(world.github.requests)

    await world.restart()
    await world.passes(timedelta(minutes=3))
    heard = [each for each in world.github.requests[asked:] if "deliveries" in each.path]
    assert (heard, world.rollouts()) == ([], [])
    await world.passes(timedelta(seconds=90))

    assert deployed(world, merge)
    assert counted(world) == {"delivery": not_told(world), "branch": 0}


@pytest.mark.thorough
async def test_one_delivery_that_github_cannot_give_does_not_stop_the_others(world: World) -> None:
    merge = await merged_in_vain(world, APP)
    opened = world.deliveries("pull_request", "opened")[0]
    world.github.outages.fail("GET", f"/app/hook/deliveries/{opened.id}", times=4)

    await world.passes(SOON)
    assert deployed(world, merge)
    assert counted(world) == {"delivery": not_told(world) - 1, "branch": 0}
    await world.passes(SOON)

    assert counted(world) == {"delivery": not_told(world), "branch": 0}


@pytest.mark.parametrize("method", ["squash", "merge", "rebase"])
async def test_a_merge_of_which_nothing_is_left_is_found_on_its_branch(
    world: World, method: Method, logged: list[Any]
) -> None:
    world.github.lose_next_deliveries(10)
    pull = await world.maya.opens_pull_request(world.backend, "Two commits", APP)
    await world.maya.adds_to(pull, {"src/more.py": "MORE = 1\n"})
    merge = await world.merges_pull(pull, method)
    await vanishes(world)

    await world.passes(LATER)

    assert deployed(world, merge)
    (rollout,) = world.rollouts()
    told = (rollout.kind, rollout.pull_request, rollout.title, rollout.asked_by)
    assert told == ("merge", pull.number, "Two commits", "maya")
    assert counted(world) == {"delivery": 0, "branch": 1}
    (line,) = [each for each in logged if each["event"] == "merge_recovered"]
    assert (line["repository"], line["branch"], line["sha"]) == (
        "agency/backend",
        "main",
        merge.sha,
    )


@pytest.mark.thorough
async def test_of_two_merges_that_were_lost_the_newest_wins(world: World) -> None:
    older = await merged_unheard(world, APP)
    newer = await merged_unheard(world, NEWER)

    await world.passes(LATER)

    assert deployed(world, newer)
    assert [each.sha for each in world.rollouts()] == [older.sha, newer.sha]
    assert counted(world) == {"delivery": 0, "branch": 2}


@pytest.mark.thorough
async def test_a_merge_that_was_lost_before_one_that_was_heard_is_found(
    new_world: NewWorld,
) -> None:
    world = await new_world(paths={"backend": ("src/**",)})
    lost = await merged_unheard(world, APP)
    heard = await world.merges({"README.md": "Read me.\n"})
    await world.settles()
    assert world.check(heard.sha).conclusion == "skipped"

    await world.passes(LATER)

    assert deployed(world, lost)


async def test_an_older_merge_that_was_lost_undoes_no_newer(world: World) -> None:
    await merged_unheard(world, APP)
    newer = await world.merges(NEWER)
    await world.settles()

    await world.passes(LATER)

    assert deployed(world, newer)


@pytest.mark.thorough
async def test_a_branch_of_a_tenants_own_is_looked_at_as_well(world: World) -> None:
    await world.maya.creates_branch(world.backend, "stable")
    await world.operator_runs(tracks("acme", "stable"))
    await world.passes(LATER)
    world.github.lose_next_deliveries(10)
    merge = await world.merges(APP, base="stable")
    await vanishes(world)

    await world.passes(LATER)

    assert world.revisions("backend") == {"acme": merge.sha}


def tracks(tenant: str, branch: str) -> Any:
    """Let a tenant track a branch of the backend."""

    def statement(session: Session) -> None:
        row = session.get_one(Tenant, tenant)
        row.branches = {"backend": branch}
        session.add(row)

    return statement


@pytest.mark.thorough
async def test_a_push_that_was_lost_is_rolled_out_where_the_policy_wants_it(world: World) -> None:
    await merged_unheard(world, ON_PUSH)
    await world.passes(LATER)
    world.github.lose_next_deliveries(10)
    await world.maya.pushes(world.backend, APP)
    pushed = await world.maya.pushes(world.backend, NEWER, message="Count to three")
    await vanishes(world)

    await world.passes(LATER)

    assert world.revisions("backend") == {"acme": pushed, "globex": pushed}
    rollout = world.rollouts()[-1]
    told = (rollout.kind, rollout.sha, rollout.title, rollout.asked_by)
    assert told == ("push", pushed, "Count to three", "maya")


@pytest.mark.thorough
async def test_a_push_that_was_lost_is_left_where_no_policy_wants_it(world: World) -> None:
    await world.maya.pushes(world.backend, APP)
    await world.settles()

    # A look leaves what is being told of just now to the next one.
    await world.passes(LATER)
    await world.passes(LATER)
    asked = len(world.github.requests)
    await world.passes(LATER)

    assert world.rollouts() == []
    again = {each.path.rpartition("/repos/agency/")[2] for each in world.github.requests[asked:]}
    assert {path for path in again if path.startswith(("auth/", "backend/", "frontend/"))} == {
        "auth/git/ref/heads/main",
        "backend/git/ref/heads/main",
        "frontend/git/ref/heads/main",
    }


@pytest.mark.thorough
async def test_a_forced_push_that_was_lost_is_rolled_out_where_the_policy_wants_it(
    world: World,
) -> None:
    await merged_unheard(world, ON_PUSH)
    await world.passes(LATER)
    first = await world.maya.pushes(world.backend, APP)
    await world.maya.pushes(world.backend, NEWER)
    await world.passes(LATER)
    world.github.lose_next_deliveries(10)
    await world.maya.force_pushes(world.backend, "main", first)
    other = await world.maya.pushes(world.backend, {"src/app.py": "VERSION = 4\n"})
    await vanishes(world)

    await world.passes(LATER)

    assert world.revisions("backend") == {"acme": other, "globex": other}


async def test_a_merge_on_a_history_that_was_written_anew_is_found(world: World) -> None:
    world.github.lose_next_deliveries(10)
    merge = await world.merges(APP)
    await vanishes(world)
    await world.operator_runs(is_at("0" * 39 + "1"))  # a commit that is gone by now

    await world.passes(LATER)

    assert deployed(world, merge)


@pytest.mark.thorough
async def test_a_bot_that_is_killed_in_the_middle_of_the_recovery_begins_nothing_twice(
    world: World,
) -> None:
    older = await merged_unheard(world, APP)
    newer = await merged_unheard(world, NEWER)
    await world.stop()
    before = world.stored(lambda session: session.get_one(Head, ("agency/backend", "main")).sha)
    world.clock.pass_by(LATER)
    await world.start()
    await world.settles()

    # As if it had ended before it noted how far it had come.
    await world.stop()
    await world.operator_runs(is_at(before))
    await world.start()
    await world.settles()

    assert deployed(world, newer)
    assert [each.sha for each in world.rollouts()] == [older.sha, newer.sha]
    assert counted(world) == {"delivery": 0, "branch": 2}
    assert world.stored(lambda s: s.get_one(Head, ("agency/backend", "main")).sha) == newer.sha


def is_at(sha: str) -> Any:
    """Let a branch be handled up to an older commit only."""

    def statement(session: Session) -> None:
        row = session.get_one(Head, ("agency/backend", "main"))
        row.sha = sha
        session.add(row)

    return statement


@pytest.mark.thorough
async def test_a_limit_in_the_middle_of_a_branch_loses_nothing(world: World) -> None:
    older = await merged_unheard(world, APP)
    newer = await merged_unheard(world, NEWER)
    world.github.outages.slow_down("GET", f"/pulls/{newer.pull.number}$", retry_after="120")

    await world.passes(LATER)
    assert [each.sha for each in world.rollouts()] == [older.sha]
    await world.passes(timedelta(minutes=2))

    assert deployed(world, newer)
    assert counted(world) == {"delivery": 0, "branch": 2}


async def test_one_repository_that_cannot_be_seen_does_not_stop_the_others(world: World) -> None:
    merge = await merged_unheard(world, APP)
    world.github.outages.fail("GET", "/repos/agency/auth/git/ref", times=None)

    await world.passes(LATER)

    assert deployed(world, merge)


async def test_a_merge_of_which_github_may_still_tell_is_not_missed(world: World) -> None:
    await world.passes(timedelta(minutes=28))
    world.github.pause_deliveries()
    merge = await world.merges(APP)
    await world.passes(timedelta(minutes=3))
    assert world.rollouts() == []

    world.github.resume_deliveries()
    await world.settles()
    await world.passes(LATER)

    assert deployed(world, merge)
    assert counted(world) == {"delivery": 0, "branch": 0}


async def test_a_bot_that_is_new_at_an_old_repository_deploys_nothing(world: World) -> None:
    await world.stop()
    await world.merges(APP)
    await world.github.deliveries_settled()
    world.clock.pass_by(timedelta(minutes=1))
    await world.operator_runs(forget_all)

    await world.start()
    await world.settles()
    await world.passes(LATER)

    assert (world.rollouts(), world.stored(lambda s: list(s.exec(select(Deployed))))) == ([], [])
    assert counted(world) == {"delivery": 0, "branch": 0}


def forget_all(session: Session) -> None:
    """Let the store be as new, but for its tenants."""
    for table in (Head, Look, Rollout):
        for row in session.exec(select(table)).all():
            session.delete(row)


async def test_a_branch_that_nobody_tracks_any_more_is_forgotten(world: World) -> None:
    await world.maya.creates_branch(world.backend, "stable")
    await world.operator_runs(tracks("acme", "stable"))
    await world.passes(LATER)
    await world.operator_runs(tracks("acme", "main"))

    await world.passes(LATER)

    chosen = select(Head.repository, Head.branch).order_by(col(Head.repository))
    assert world.stored(lambda session: list(session.exec(chosen))) == [
        ("agency/auth", "main"),
        ("agency/backend", "main"),
        ("agency/frontend", "main"),
    ]
