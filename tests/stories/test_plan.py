"""An open pull request says whom merging it would reach, and what would change there."""

import pytest

from bot.demo.changes import ONE_ACCOUNT_PER_EMAIL, REMEMBER_PHONE, ProposedChange
from bot.rollouts.moves import HeldBy
from bot.rollouts.rows import holds
from bot.simulated.github import CheckRun, PullRequest
from tests.stories.conftest import NewWorld
from tests.stories.world import World

APP = {"src/app.py": "VERSION = 2\n"}
NO_PHONE = ProposedChange(
    "Forget the customers' phone numbers",
    {"migrations/0003_no_phone.sql": "ALTER TABLE customers DROP COLUMN phone;\n"},
)
WAVES = '[rollout]\nwaves = ["globex", "rest"]\nbake = "10m"\n'


async def proposes(world: World, change: ProposedChange, base: str = "main") -> PullRequest:
    pull = await world.maya.opens_pull_request(
        world.backend, change.title, dict(change.files), base=base
    )
    await world.settles()
    return pull


def planned(world: World, sha: str) -> CheckRun:
    (check,) = [each for each in world.checks(sha) if each.name == "orbits/plan"]
    return check


def said(world: World, check: CheckRun) -> tuple[str | None, str | None, str]:
    return check.conclusion, check.title, world.written(check)[1]


async def test_an_open_pull_request_says_what_merging_it_would_do(world: World) -> None:
    pull = await proposes(world, REMEMBER_PHONE)

    head = pull.head_sha[:7]
    check = planned(world, pull.head_sha)
    told = """\
#1 "Remember the customers' phone numbers" by maya · into `main`

| Tenant | Wave | What would change |
|---|---|---|
| acme | 1 | 3 changes |
| globex | 1 | 3 changes |
"""
    details = """\
<details><summary>acme, globex: 3 changes</summary>

- adds `backend/files/service.conf`
- adds `backend/migrations/0001_customers.sql`
- adds `backend/migrations/0002_phone.sql`

</details>"""
    last = "Merging it rolls it out. `/orbits plan` looks again."
    assert (check.name, check.status, check.conclusion) == ("orbits/plan", "completed", "success")
    assert world.written(check) == (
        f"Backend at {head} would reach 2 tenants",
        f"{told}\n{last}",
        details,
    )
    assert world.sticky_comment(pull) == (
        "<!-- orbits: the rollout of this pull request -->\n\n"
        f"### 📋 backend at {head} would reach 2 tenants\n{told}\n{details}\n\n{last}\n"
    )
    assert world.revisions("backend") == {}


@pytest.mark.thorough
async def test_what_is_deployed_is_not_told_again(world: World) -> None:
    await world.merges(REMEMBER_PHONE)
    await world.settles()

    pull = await proposes(world, ONE_ACCOUNT_PER_EMAIL)

    assert "| acme | 1 | 2 changes |" in world.sticky_comment(pull)
    assert "- changes `backend/files/service.conf`" in world.sticky_comment(pull)
    assert "eu-west-1" not in world.sticky_comment(pull)


async def test_the_comment_of_the_plan_becomes_the_one_of_the_rollout(world: World) -> None:
    pull = await proposes(world, REMEMBER_PHONE)
    merge = await world.merges_pull(pull)
    await world.settles()

    assert "2 of 2 tenants updated" in world.sticky_comment(pull)
    assert planned(world, pull.head_sha).conclusion == "success"
    assert world.check(merge.sha).conclusion == "success"


async def test_one_that_reaches_nobody_leaves_one_skipped_check_and_no_comment(
    new_world: NewWorld,
) -> None:
    world = await new_world(("acme",), paths={"backend": ("src/",)})
    pull = await world.maya.opens_pull_request(world.backend, "", {"docs/app.md": "The app.\n"})
    await world.settles()

    check = planned(world, pull.head_sha)
    assert (check.status, check.conclusion) == ("completed", "skipped")
    assert world.written(check) == (
        "No tenant is affected",
        '#1 "Update docs/app.md" by maya · into `main`',
        """\
<details><summary>1 not affected</summary>

- backend: no changed file matches src/ of backend

</details>""",
    )
    assert world.comments(pull) == []


async def test_of_a_fork_nothing_is_checked_out(world: World) -> None:
    zoe = world.github.user("zoe")
    world.backend.allow(zoe, "read")
    pull = await zoe.opens_pull_request(world.backend, "Guess", dict(REMEMBER_PHONE.files))
    await world.settles()

    check = planned(world, pull.head_sha)
    assert said(world, check) == (
        "neutral",
        f"Backend at {pull.head_sha[:7]} would reach 2 tenants",
        """\
#1 "Guess" by zoe · into `main`

What stacks would do is not asked: the branch is in a fork, of which nothing is checked out \
before it is merged.

| Tenant | Wave | What would change |
|---|---|---|
| acme | 1 | not looked at |
| globex | 1 | not looked at |

Merging it rolls it out. `/orbits plan` looks again.""",
    )
    assert not (world.agency.home / "cache").exists()


async def test_of_a_draft_stacks_are_asked_once_it_is_ready(world: World) -> None:
    pull = await world.maya.opens_pull_request(world.backend, "Idea", APP, draft=True)
    await world.settles()

    check = planned(world, pull.head_sha)
    assert check.conclusion == "neutral"
    assert "What stacks would do is asked once this draft is ready" in (check.summary or "")
    assert world.times_done("plan", "stack-acme") == 0

    await world.maya.marks_ready(pull)
    await world.settles()
    assert check.conclusion == "success"
    assert world.times_done("plan", "stack-acme") == 1


async def test_a_broken_orbits_toml_is_told_on_its_line(world: World) -> None:
    broken = ProposedChange("Waves", {"orbits.toml": '[rollout]\nwave = ["rest"]\n'})
    pull = await proposes(world, broken)

    check = planned(world, pull.head_sha)
    assert said(world, check) == (
        "failure",
        "`orbits.toml` cannot be used: merging it would roll nothing out",
        """\
#1 "Waves" by maya · into `main`

The `orbits.toml` of this change cannot be used, and nothing is rolled out by it:

- line 2: `rollout.wave` is unknown. Did you mean `waves`?""",
    )
    assert check.annotations == [
        {
            "path": "orbits.toml",
            "start_line": 2,
            "end_line": 2,
            "annotation_level": "failure",
            "message": "`rollout.wave` is unknown. Did you mean `waves`?",
        }
    ]
    assert "line 2: `rollout.wave` is unknown" in world.sticky_comment(pull)

    await world.maya.adds_to(pull, {"orbits.toml": WAVES})
    await world.settles()
    assert planned(world, pull.head_sha).conclusion == "success"


async def test_a_new_orbits_toml_shows_its_own_waves(world: World) -> None:
    pull = await proposes(world, ProposedChange("Waves", {"orbits.toml": WAVES}))

    comment = world.sticky_comment(pull)
    assert f"### 📋 backend at {pull.head_sha[:7]} would reach 2 tenants in 2 waves\n" in comment
    assert "The waves are those of the `orbits.toml` that this change brings." in comment
    assert "| globex | 1 | 2 changes |\n| acme | 2 | 2 changes |" in comment


async def test_waves_approval_and_freezes_are_those_of_the_base(world: World) -> None:
    policy = WAVES + "approve_above = 0\n"
    freeze = '[[freezes]]\nname = "sunday"\ndays = ["sun"]\nfrom = "00:00"\nuntil = "24:00"\n'
    await world.maya.pushes(
        world.backend, {"orbits.toml": f'{policy}{freeze}tenants = "acme"\nzone = "UTC"\n'}
    )
    await world.settles()
    pull = await proposes(world, REMEMBER_PHONE)

    comment = world.sticky_comment(pull)
    assert "would reach 1 tenant, 1 frozen" in comment
    assert "Once merged it waits for `/orbits approve`: 1 tenant is more than 0." in comment
    assert "| acme |  | ⏸️ frozen by `sunday` until 2026-03-02 00:00 (UTC) · 3 changes |" in comment


async def test_who_is_held_is_not_looked_at(world: World) -> None:
    why = holds.Placed(HeldBy.HOLD, "@maya", "their fair", world.clock.now())
    await world.operator_runs(lambda s: holds.place(s, "globex", "backend", None, why))
    pull = await proposes(world, REMEMBER_PHONE)

    comment = world.sticky_comment(pull)
    assert "would reach 1 tenant, 1 held" in comment
    assert "| globex |  | ⏸️ held by @&#8203;maya: their fair; " in comment
    assert world.times_done("plan", "stack-globex") == 0


@pytest.mark.thorough
async def test_what_would_lose_data_is_marked(world: World) -> None:
    await world.merges(REMEMBER_PHONE)
    await world.settles()

    pull = await proposes(world, NO_PHONE)

    check = planned(world, pull.head_sha)
    assert check.conclusion == "success"
    assert (check.title or "").endswith("would reach 2 tenants, 2 would lose data")
    assert "| **acme** | 1 | ⚠️ 2 changes, data would be lost |" in world.sticky_comment(pull)
    assert world.sticky_comment(pull).partition("\n\n")[2].startswith("### ⚠️ backend at ")


@pytest.mark.thorough
async def test_a_stack_that_cannot_say_fails_alone(world: World) -> None:
    await world.merges(REMEMBER_PHONE)
    await world.settles()
    world.spoil_database("globex")

    pull = await proposes(world, NO_PHONE)

    check = planned(world, pull.head_sha)
    assert check.conclusion == "failure"
    assert "1 could not be planned" in (check.title or "")
    comment = world.sticky_comment(pull)
    assert "| **globex** | 1 | ❌ the plan failed: step " in comment
    assert "| **acme** | 1 | ⚠️ 2 changes, data would be lost |" in comment


async def test_a_group_of_the_merge_queue_gets_the_same_check(world: World) -> None:
    pull = await proposes(world, REMEMBER_PHONE)
    asked = world.times_done("plan", "stack-acme")

    group = await world.maya.queues(pull)
    await world.settles()

    check = planned(world, group.head_sha)
    assert (check.name, *said(world, check)) == (
        "orbits/plan",
        "success",
        f"Backend at {group.head_sha[:7]} would reach 2 tenants",
        """\
a group of the merge queue · into `main`

What stacks would do was asked on the pull requests, and is not asked again.

| Tenant | Wave | What would change |
|---|---|---|
| acme | 1 | not looked at |
| globex | 1 | not looked at |""",
    )
    assert world.times_done("plan", "stack-acme") == asked

    sha = await group.lands()
    await world.settles()
    assert world.revisions("backend") == {"acme": sha, "globex": sha}


async def test_a_group_with_a_broken_orbits_toml_fails(world: World) -> None:
    broken = ProposedChange("Waves", {"orbits.toml": '[rollout]\nwave = ["rest"]\n'})
    group = await world.maya.queues(await proposes(world, broken))
    await world.settles()

    assert planned(world, group.head_sha).conclusion == "failure"
