"""An `orbits.toml` says in which waves a rollout goes, when it stops, and for whom it waits."""

from copy import copy
from datetime import timedelta

import pytest

from bot.demo.changes import ONE_ACCOUNT_PER_EMAIL, REMEMBER_PHONE
from bot.simulated.github import CheckRun
from bot.states import State
from tests.stories.conftest import NewWorld
from tests.stories.world import Merge, World

APP = {"src/app.py": "VERSION = 2\n"}
FOUR = ("acme", "globex", "initech", "wayne")


async def configured(world: World, policy: str) -> None:
    """Let maya push an `orbits.toml` to the backend's main branch, without a pull request."""
    await world.maya.pushes(world.backend, {"orbits.toml": policy})
    await world.settles()


def times_written(world: World, check: CheckRun) -> int:
    path = f"/check-runs/{check.id}"
    requests = [each for each in world.github.requests if each.path.endswith(path)]
    return len([each for each in requests if each.method == "PATCH"])


async def test_waves_go_one_after_the_other_with_a_pause_between(new_world: NewWorld) -> None:
    world = await new_world(FOUR)
    await configured(world, '[rollout]\nwaves = ["wayne", "50%", "rest"]\nbake = "10m"\n')
    merge = await world.merges(APP)
    await world.settles()

    assert world.revisions("backend") == {"wayne": merge.sha}
    assert "wave 2 of 3 · pauses until" in world.sticky_comment(merge.pull)

    await world.passes(timedelta(minutes=10))
    assert set(world.revisions("backend")) == {"wayne", "acme", "globex"}

    await world.passes(timedelta(minutes=10))
    assert set(world.revisions("backend")) == set(FOUR)
    assert world.check(merge.sha).conclusion == "success"


async def first_of_four_fails(world: World) -> Merge:
    await world.merges(REMEMBER_PHONE)
    await world.settles()
    await world.agency.import_customers_twice()
    await configured(world, '[rollout]\nwaves = ["initech", "rest"]\nfailure_limit = 1\n')
    merge = await world.merges(ONE_ACCOUNT_PER_EMAIL)
    await world.settles()
    return merge


async def test_the_failure_limit_stops_it_and_a_command_lets_it_go_on(
    new_world: NewWorld,
) -> None:
    world = await new_world(FOUR)
    merge = await first_of_four_fails(world)

    comment = world.sticky_comment(merge.pull)
    assert "0 of 4 tenants updated, 1 failed, 3 held" in comment
    assert "stopped by the failure limit (1)" in comment
    assert "Next: `/orbits retry initech` · `/orbits resume`" in comment
    assert world.check(merge.sha).conclusion == "failure"

    await world.types(merge.pull, "/orbits resume")
    brought = {name for name, sha in world.revisions("backend").items() if sha == merge.sha}
    assert brought == {"acme", "globex", "wayne"}
    assert "3 of 4 tenants updated, 1 failed" in world.sticky_comment(merge.pull)


async def test_what_reaches_many_waits_for_somebody_who_may_say_yes(new_world: NewWorld) -> None:
    world = await new_world(FOUR)
    await configured(world, "[rollout]\napprove_above = 3\n")
    merge = await world.merges(APP)
    await world.settles()

    assert world.revisions("backend") == {}
    comment = world.sticky_comment(merge.pull)
    assert "waits for `/orbits approve`: 4 tenants are more than 3" in comment
    assert world.check(merge.sha).conclusion == "action_required"

    await world.types(merge.pull, "/orbits approve")
    assert world.revisions("backend") == {}
    world.backend.allow(world.maya, "maintain")
    await world.types(merge.pull, "/orbits approve")
    assert set(world.revisions("backend")) == set(FOUR)
    assert world.check(merge.sha).conclusion == "success"


FROZEN = """
[[freezes]]
name = "fair"
from = "2026-02-28T00:00"
until = "2026-03-01T18:00"
zone = "UTC"
tenants = "acme"
"""


async def test_a_frozen_tenant_follows_when_its_freeze_ends(new_world: NewWorld) -> None:
    world = await new_world(("acme", "globex"))
    await configured(world, FROZEN)
    merge = await world.merges(APP)
    await world.settles()

    assert world.revisions("backend") == {"globex": merge.sha}
    assert "frozen by `fair` until 2026-03-01 18:00 (UTC)" in world.sticky_comment(merge.pull)

    world.clock.pass_by(timedelta(hours=9, minutes=1))
    await world.process.sweeps()
    await world.settles()
    assert world.revisions("backend") == {"acme": merge.sha, "globex": merge.sha}


async def test_a_newer_merge_takes_over_what_the_older_has_not_begun(
    new_world: NewWorld,
) -> None:
    world = await new_world(FOUR)
    await configured(world, '[rollout]\nwaves = ["wayne", "rest"]\nbake = "1h"\n')
    older = await world.merges(APP)
    await world.settles()
    newer = await world.merges({"src/app.py": "VERSION = 3\n"})
    await world.settles()

    comment = world.sticky_comment(older.pull)
    assert "1 of 4 tenants updated" in comment
    assert f"superseded by #&#8203;{newer.pull.number}" in comment
    await world.passes(timedelta(hours=1))
    assert world.revisions("backend") == dict.fromkeys(FOUR, newer.sha)


async def test_a_paused_rollout_goes_no_further_until_it_is_resumed(new_world: NewWorld) -> None:
    world = await new_world(FOUR)
    await configured(world, '[rollout]\nwaves = ["wayne", "rest"]\nbake = "1h"\n')
    merge = await world.merges(APP)
    await world.settles()

    await world.types(merge.pull, "/orbits pause --reason 'the database is slow'")
    await world.passes(timedelta(hours=2))
    assert world.revisions("backend") == {"wayne": merge.sha}
    comment = world.sticky_comment(merge.pull)
    assert "paused by maya (the database is slow)" in comment
    assert "Next: `/orbits resume` · `/orbits rollback`" in comment

    await world.types(merge.pull, "/orbits resume")
    assert world.revisions("backend") == dict.fromkeys(FOUR, merge.sha)


@pytest.mark.thorough
async def test_a_cancelled_rollout_ends_with_what_it_has_done(new_world: NewWorld) -> None:
    world = await new_world(FOUR)
    await configured(world, '[rollout]\nwaves = ["wayne", "rest"]\nbake = "1h"\n')
    merge = await world.merges(APP)
    await world.settles()

    await world.types(merge.pull, "/orbits cancel")
    await world.passes(timedelta(hours=1))

    assert world.revisions("backend") == {"wayne": merge.sha}
    assert world.rollouts()[-1].state == State.CANCELLED
    assert world.check(merge.sha).conclusion == "cancelled"


async def test_a_policy_that_cannot_be_read_moves_nobody_and_says_why(world: World) -> None:
    await configured(world, '[rollout]\nwavs = ["rest"]\n')
    merge = await world.merges(APP)
    await world.settles()

    assert world.revisions("backend") == {}
    check = world.check(merge.sha)
    assert check.conclusion == "failure"
    assert "line 2: `rollout.wavs` is unknown. Did you mean `waves`?" in (check.summary or "")


async def test_a_push_is_rolled_out_where_the_policy_says_so(world: World) -> None:
    await configured(world, "[rollout]\non_push = true\n")
    sha = await world.maya.pushes(world.backend, APP)
    await world.settles()

    assert world.revisions("backend") == {"acme": sha, "globex": sha}
    assert world.check(sha).conclusion == "success"


async def test_each_of_a_few_tenants_has_a_check_of_its_own(new_world: NewWorld) -> None:
    world = await new_world(FOUR)
    await world.merges(REMEMBER_PHONE)
    await world.settles()
    await world.agency.import_customers_twice()
    merge = await world.merges(ONE_ACCOUNT_PER_EMAIL)
    await world.settles()

    assert world.tenant_checks(merge.sha) == {
        "acme": "success",
        "globex": "success",
        "initech": "failure",
        "wayne": "success",
    }


@pytest.mark.thorough
async def test_a_deployment_tells_github_s_environments_where_the_policy_wants_it(
    world: World,
) -> None:
    await configured(world, "[rollout]\ndeployments = true\n")
    merge = await world.merges(APP)
    await world.settles()

    told = {each.environment: each for each in world.backend.deployments}
    assert set(told) == {"acme", "globex"}
    assert {each.sha for each in told.values()} == {merge.sha}
    assert [each.statuses[-1].state for each in told.values()] == ["success", "success"]


async def test_a_button_does_what_a_typed_command_does(new_world: NewWorld) -> None:
    world = await new_world(FOUR)
    merge = await first_of_four_fails(world)
    check = world.check(merge.sha)
    assert [each.label for each in check.actions] == ["Retry failed", "Resume"]

    await world.maya.clicks(check, "resume-1")
    await world.settles()

    assert "3 of 4 tenants updated, 1 failed" in world.sticky_comment(merge.pull)
    world.merge_customers("initech")
    await world.maya.reruns(world.check(merge.sha))
    await world.settles()
    assert set(world.revisions("backend").values()) == {merge.sha}


@pytest.mark.thorough
async def test_a_button_that_is_heard_of_twice_is_pressed_once(new_world: NewWorld) -> None:
    world = await new_world(FOUR)
    merge = await first_of_four_fails(world)
    check = world.check(merge.sha)
    world.github.duplicate_deliveries()

    await world.maya.clicks(check, "resume-1")
    await world.settles()

    assert "3 of 4 tenants updated, 1 failed" in world.sticky_comment(merge.pull)
    assert world.answers(merge.pull) == []


@pytest.mark.thorough
async def test_a_button_of_what_is_over_says_so(new_world: NewWorld) -> None:
    world = await new_world(FOUR)
    merge = await first_of_four_fails(world)
    seen = copy(world.check(merge.sha))
    await world.types(merge.pull, "/orbits retry")

    await world.maya.clicks(seen, "resume-1")
    await world.settles()

    assert world.answers(merge.pull)[-1] == (
        "@maya The rollout has moved on since that button was there: look at its check as it is "
        "now. Nothing was started."
    )
    assert world.check(merge.sha).title == "0 of 4 tenants updated, 1 failed, 3 held"


async def test_a_check_that_is_run_again_is_written_again_though_nothing_changed(
    world: World,
) -> None:
    """Until an App writes to a check, GitHub takes the whole suite as queued."""
    merge = await world.merges(APP)
    await world.settles()
    writes = times_written(world, world.check(merge.sha))

    await world.maya.reruns(world.check(merge.sha))
    await world.settles()

    assert times_written(world, world.check(merge.sha)) == writes + 1
    assert world.answers(merge.pull) == []


@pytest.mark.thorough
async def test_the_first_failure_is_told_at_once(new_world: NewWorld) -> None:
    world = await new_world(FOUR)
    await world.merges(REMEMBER_PHONE)
    await world.settles()
    await world.agency.import_customers_twice()
    with world.busy("acme"):
        merge = await world.merges(ONE_ACCOUNT_PER_EMAIL)
        await world.until(lambda _: "1 failed" in "".join(world.comments(merge.pull)))
        assert world.check(merge.sha).status == "in_progress"


async def test_a_rollback_in_the_middle_takes_back_what_moved_and_stops_the_rest(
    new_world: NewWorld,
) -> None:
    world = await new_world(FOUR)
    first = await world.merges(APP)
    await world.settles()
    await configured(world, '[rollout]\nwaves = ["wayne", "rest"]\nbake = "1h"\n')
    merge = await world.merges({"src/app.py": "VERSION = 3\n"})
    await world.settles()

    await world.types(merge.pull, "/orbits rollback")
    await world.passes(timedelta(hours=1))

    assert world.revisions("backend") == dict.fromkeys(FOUR, first.sha)
    check, _ = world.checks(merge.sha)
    assert "maya rolled it back before it began" in (check.summary or "")


@pytest.mark.thorough
async def test_while_the_policy_cannot_be_read_only_an_admin_may_change_anything(
    world: World,
) -> None:
    first = await world.merges(APP)
    await world.settles()
    second = await world.merges({"src/app.py": "VERSION = 3\n"})
    await world.settles()
    await configured(world, "[rollout\n")

    await world.types(second.pull, "/orbits rollback")
    (answer,) = world.answers(second.pull)
    assert "`orbits.toml` cannot be read." in answer
    assert "needs the admin role on this repository; yours is write" in answer
    world.backend.allow(world.maya, "admin")
    await world.types(second.pull, "/orbits rollback")
    assert world.revisions("backend") == {"acme": first.sha, "globex": first.sha}


@pytest.mark.thorough
async def test_a_rollback_after_a_cancel_takes_back_those_who_had_begun(
    new_world: NewWorld,
) -> None:
    world = await new_world(FOUR)
    first = await world.merges(APP)
    await world.settles()
    await configured(world, '[rollout]\nwaves = ["wayne", "rest"]\nbake = "1h"\n')
    merge = await world.merges({"src/app.py": "VERSION = 3\n"})
    await world.settles()
    await world.types(merge.pull, "/orbits cancel")

    await world.types(merge.pull, "/orbits rollback")

    assert world.revisions("backend") == dict.fromkeys(FOUR, first.sha)
    assert world.answers(merge.pull)[-1] == (
        "@maya Rolling back `wayne`, which is held there then. The comment above says how it "
        "ends.\n\n"
        "Left as they are: `acme`, `globex` and `initech` (not moved: cancelled)."
    )
