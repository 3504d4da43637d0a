"""GitHub cannot be told how a rollout stands: the work goes on, and it is told later, once."""

from datetime import timedelta

import pytest

from bot.demo.changes import REMEMBER_PHONE
from tests.stories.world import World

APP = {"src/app.py": "VERSION = 2\n"}
REPORTS = "check-runs|comments"
A_LITTLE_LATER = timedelta(seconds=31)


@pytest.mark.thorough
async def test_a_comment_whose_answer_was_lost_is_not_posted_twice(world: World) -> None:
    world.github.outages.lose_answer("POST", "/comments")
    merge = await world.merges(APP)
    await world.settles()

    await world.passes(A_LITTLE_LATER)

    assert "2 of 2 tenants updated" in world.sticky_comment(merge.pull)


@pytest.mark.thorough
async def test_a_check_whose_answer_was_lost_is_not_made_twice(world: World) -> None:
    world.github.outages.lose_answer("POST", "/check-runs")
    merge = await world.merges(APP)
    await world.settles()

    await world.passes(A_LITTLE_LATER)

    assert world.check(merge.sha).conclusion == "success"


@pytest.mark.thorough
async def test_the_outcome_does_not_depend_on_whether_it_can_be_reported(world: World) -> None:
    world.github.outages.fail(path=REPORTS, times=None)
    merge = await world.merges(APP)
    await world.settles()
    assert world.revisions("backend") == {"acme": merge.sha, "globex": merge.sha}
    assert (world.checks(merge.sha), world.comments(merge.pull)) == ([], [])

    world.github.outages.end()
    await world.passes(A_LITTLE_LATER)

    assert world.check(merge.sha).conclusion == "success"
    assert "2 of 2 tenants updated" in world.sticky_comment(merge.pull)


@pytest.mark.thorough
async def test_what_could_not_be_reported_is_reported_after_a_restart(world: World) -> None:
    world.github.outages.fail(path=REPORTS, times=None)
    merge = await world.merges(APP)
    await world.settles()
    await world.stop()
    world.github.outages.end()
    await world.start()

    await world.passes(A_LITTLE_LATER)

    assert world.check(merge.sha).conclusion == "success"
    assert "2 of 2 tenants updated" in world.sticky_comment(merge.pull)


async def test_a_comment_that_cannot_be_posted_does_not_keep_the_check_from_ending(
    world: World,
) -> None:
    world.github.outages.fail("POST", "/comments", times=None)
    merge = await world.merges(APP)
    await world.settles()

    await world.passes(A_LITTLE_LATER)

    assert world.check(merge.sha).conclusion == "success"


@pytest.mark.thorough
async def test_a_comment_that_somebody_deleted_is_posted_again_at_the_next_change(
    world: World,
) -> None:
    await world.merges(APP)
    await world.settles()
    with world.busy("acme"):
        merge = await world.merges(REMEMBER_PHONE)
        await world.until(lambda _: "1 of 2 tenants updated" in "".join(world.comments(merge.pull)))
        await world.maya.deletes_comment(merge.pull.comments[0])
    await world.settles()

    assert "2 of 2 tenants updated" in world.sticky_comment(merge.pull)


async def test_where_the_conversation_is_locked_the_check_says_so(world: World) -> None:
    pull = await world.maya.opens_pull_request(world.backend, "Change it", APP)
    await world.maya.locks(pull)
    merge = await world.merges_pull(pull)
    await world.settles()

    title, summary, _ = world.written(world.check(merge.sha))

    assert (title, world.comments(pull)) == ("2 of 2 tenants updated", [])
    assert "The comment on the pull request could not be written." in summary
    assert "The conversation is locked." in summary


async def test_a_comment_of_somebody_else_is_never_ours(world: World) -> None:
    pull = await world.maya.opens_pull_request(world.backend, "Change it", APP)
    quoted = "<!-- orbits: the rollout of this pull request -->\n\nThis is what it said last time."
    comment = await world.maya.comments(pull, quoted)

    await world.merges_pull(pull)
    await world.settles()

    assert comment.body == quoted
    assert "2 of 2 tenants updated" in world.sticky_comment(pull)


async def test_progress_is_told_while_the_rollout_goes_on(world: World) -> None:
    first = await world.merges(APP)
    await world.settles()
    with world.busy("acme"):
        merge = await world.merges(REMEMBER_PHONE)
        await world.until(lambda _: "1 of 2 tenants updated" in "".join(world.comments(merge.pull)))

        assert world.check(merge.sha).status == "in_progress"
        assert world.sticky_comment(merge.pull).startswith(f"""\
<!-- orbits: the rollout of this pull request -->

### 🔄 backend → {merge.short}: 1 of 2 tenants updated, 1 running
#2 "Remember the customers' phone numbers" by maya

| Tenant | From → To | Result | Took |
|---|---|---|---|
| acme | {first.short} → {merge.short} | 🔄 running |  |
""")
    await world.settles()


@pytest.mark.thorough
async def test_a_report_waits_as_long_as_github_asks(world: World) -> None:
    world.github.outages.slow_down("POST", "/comments", retry_after="120")
    merge = await world.merges(APP)
    await world.settles()
    await world.passes(timedelta(seconds=110))
    assert world.comments(merge.pull) == []

    await world.passes(timedelta(seconds=10))

    assert "2 of 2 tenants updated" in world.sticky_comment(merge.pull)


@pytest.mark.thorough
async def test_where_github_asks_us_to_wait_nothing_else_is_sent_before(world: World) -> None:
    world.github.outages.slow_down("POST", "/check-runs", retry_after="120")
    await world.merges(APP)
    await world.settles()

    written = [each for each in world.github.requests if each.method in {"POST", "PATCH"}]
    to_repository = [each for each in written if each.path.startswith("/repos/")]
    assert [(each.path, each.status) for each in to_repository] == [
        ("/repos/agency/backend/check-runs", 403)
    ]
