"""A plan is made anew when what it is about changes, and ended when nobody needs it any more."""

import contextlib
from collections.abc import AsyncIterator

import pytest
from sqlmodel import Session

from bot.demo.changes import ONE_ACCOUNT_PER_EMAIL, REMEMBER_PHONE
from bot.simulated.github import PullRequest
from bot.store.tables import Run, Tenant
from tests.stories.test_plan import APP, planned, proposes, said
from tests.stories.world import World


async def test_a_push_is_planned_in_place_of_what_was_there_before(world: World) -> None:
    pull = await proposes(world, REMEMBER_PHONE)
    first = pull.head_sha
    await world.maya.adds_to(pull, {"migrations/0003_fax.sql": "ALTER TABLE customers ADD fax;\n"})
    await world.settles()

    assert f"backend at {pull.head_sha[:7]} would reach" in world.sticky_comment(pull)
    assert "| acme | 1 | 4 changes |" in world.sticky_comment(pull)
    assert [planned(world, sha).conclusion for sha in (first, pull.head_sha)] == [
        "success",
        "success",
    ]


@contextlib.asynccontextmanager
async def held_up(world: World) -> AsyncIterator[PullRequest]:
    """Have a pull request whose plan waits for a deployment that does not get through."""
    await world.merges(REMEMBER_PHONE)
    await world.settles()
    with world.busy("acme"):
        await world.merges(ONE_ACCOUNT_PER_EMAIL)
        await world.has_done("iac-deploy", of="backend-acme", times=2)
        pull = await world.maya.opens_pull_request(world.backend, "Fax", {"src/fax.py": "FAX = 1"})
        await world.until(lambda _: bool(world.checks(pull.head_sha)))
        yield pull
    await world.settles()


@pytest.mark.thorough
async def test_a_plan_is_in_progress_until_all_have_been_asked(world: World) -> None:
    async with held_up(world) as pull:
        check = planned(world, pull.head_sha)
        assert (check.status, check.title) == (
            "in_progress",
            f"Backend at {pull.head_sha[:7]} would reach 2 tenants",
        )
        assert "| acme | 1 | 🔄 being looked at |" in (check.summary or "")
        assert world.comments(pull) == []

    assert planned(world, pull.head_sha).conclusion == "success"


@pytest.mark.thorough
async def test_a_plan_that_is_overtaken_is_ended_and_says_by_what(world: World) -> None:
    async with held_up(world) as pull:
        first = pull.head_sha
        await world.maya.adds_to(pull, {"src/fax.py": "FAX = 2\n"})
        await world.until(lambda _: planned(world, first).status == "completed")

    assert said(world, planned(world, first)) == (
        "cancelled",
        f"Superseded by {pull.head_sha[:7]}",
        f"""\
#3 "Fax" by maya · into `main`

| Tenant | Wave | What would change |
|---|---|---|
| acme | 1 | not looked at |
| globex | 1 | not looked at |

The plan is made for {pull.head_sha[:7]}, which took its place.""",
    )
    assert planned(world, pull.head_sha).conclusion == "success"
    assert f"backend at {pull.head_sha[:7]} would reach" in world.sticky_comment(pull)


@pytest.mark.thorough
async def test_a_merge_does_not_wait_for_its_plan(world: World) -> None:
    async with held_up(world) as pull:
        merge = await world.merges_pull(pull)
        await world.until(lambda _: planned(world, pull.head_sha).status == "completed")

    check = planned(world, pull.head_sha)
    assert (check.conclusion, check.title) == ("cancelled", "Merged before the plan was made")
    assert world.revisions("backend") == {"acme": merge.sha, "globex": merge.sha}
    assert "2 of 2 tenants updated" in world.sticky_comment(pull)


@pytest.mark.thorough
async def test_a_plan_that_somebody_ends_does_not_stay_open(world: World) -> None:
    async with held_up(world) as pull:
        plan = world.plan(pull)
        assert plan is not None
        assert plan.run_id is not None
        await world.process.control().cancel(plan.run_id, "maya")
        await world.until(lambda s: s.get_one(Run, plan.run_id).finished_at is not None)
        await world.process.sweeps()

    check = planned(world, pull.head_sha)
    assert (check.conclusion, check.title) == ("cancelled", "The plan was cancelled")
    assert (check.summary or "").endswith("Next: `/orbits plan` looks again.")
    assert world.comments(pull) == []


async def test_another_base_makes_another_plan(world: World) -> None:
    await world.maya.creates_branch(world.backend, "next")
    pull = await proposes(world, REMEMBER_PHONE)

    await world.maya.changes_base(pull, "next")
    await world.settles()

    check = planned(world, pull.head_sha)
    assert (check.conclusion, check.title) == ("skipped", "No tenant is affected")
    assert "### ⏭️ no tenant is affected\n" in world.sticky_comment(pull)


async def test_one_that_is_given_up_says_so(world: World) -> None:
    pull = await proposes(world, REMEMBER_PHONE)
    await world.maya.closes(pull)
    await world.settles()

    assert planned(world, pull.head_sha).conclusion == "success"
    assert "\n\nIt was closed without being merged, and rolls nothing out.\n" in (
        world.sticky_comment(pull)
    )

    await world.maya.reopens(pull)
    await world.settles()
    assert "Merging it rolls it out." in world.sticky_comment(pull)


async def test_a_command_looks_again_at_the_head_of_now(world: World) -> None:
    pull = await proposes(world, REMEMBER_PHONE)
    asked = world.times_done("plan", "stack-acme")

    receipt = await world.types(pull, "/orbits plan acme")

    assert world.reactions(receipt) == ["eyes", "rocket"]
    (answer,) = world.answers(pull)
    assert answer == (
        f"@maya Looking at `{pull.head_sha[:7]}` for `acme`. The check `orbits/plan` and the "
        "comment of the plan say what comes of it."
    )
    assert world.times_done("plan", "stack-acme") == asked + 1
    assert "| globex | 1 | 3 changes |" in world.sticky_comment(pull)


async def test_who_gets_other_variables_is_asked_again(world: World) -> None:
    pull = await proposes(world, REMEMBER_PHONE)
    asked = {name: world.times_done("plan", f"stack-{name}") for name in ("acme", "globex")}

    def moves(session: Session) -> None:
        session.get_one(Tenant, "acme").variables = {"region": "us-east-1"}

    await world.operator_runs(moves)
    await world.process.sweeps()
    await world.settles()

    assert world.times_done("plan", "stack-acme") == asked["acme"] + 1
    assert world.times_done("plan", "stack-globex") == asked["globex"]
    assert planned(world, pull.head_sha).conclusion == "success"


async def test_after_the_merge_there_is_nothing_to_plan(world: World) -> None:
    merge = await world.merges(APP)
    await world.settles()

    await world.types(merge.pull, "/orbits plan")

    (answer,) = world.answers(merge.pull)
    assert answer == (
        "@maya #1 is not open any more: nothing is left to plan. `/orbits status` says how its "
        "rollout stands. Nothing was started."
    )


async def test_a_check_that_is_run_again_is_planned_again(world: World) -> None:
    pull = await proposes(world, REMEMBER_PHONE)
    asked = world.times_done("plan", "stack-acme")

    await world.maya.reruns(planned(world, pull.head_sha))
    await world.settles()
    assert world.times_done("plan", "stack-acme") == asked + 1

    await world.maya.reruns_all(planned(world, pull.head_sha).suite)
    await world.settles()
    assert world.times_done("plan", "stack-acme") == asked + 2
    assert planned(world, pull.head_sha).conclusion == "success"


async def test_an_event_delivered_twice_is_planned_once(world: World) -> None:
    world.github.duplicate_deliveries()
    pull = await proposes(world, REMEMBER_PHONE)

    assert world.times_done("plan", "stack-acme") == 1
    assert planned(world, pull.head_sha).conclusion == "success"
    assert len(world.comments(pull)) == 1


async def test_a_tenant_who_comes_later_is_looked_at_too(world: World) -> None:
    pull = await proposes(world, REMEMBER_PHONE)
    await world.takes_on("hooli")

    await world.process.sweeps()
    await world.settles()

    assert "would reach 3 tenants" in world.sticky_comment(pull)
    assert world.times_done("plan", "stack-acme") == 1
    assert world.times_done("plan", "stack-hooli") == 1
