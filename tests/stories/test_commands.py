"""People type commands under a pull request, and the bot does what they say, and says so."""

import pytest

from bot.demo.changes import ONE_ACCOUNT_PER_EMAIL, REMEMBER_PHONE
from tests.stories.conftest import NewWorld
from tests.stories.world import Merge, World

APP = {"src/app.py": "VERSION = 2\n"}
NEXT = {"src/app.py": "VERSION = 3\n"}


async def two_versions(world: World) -> tuple[Merge, Merge]:
    first = await world.merges(APP)
    await world.settles()
    second = await world.merges(NEXT)
    await world.settles()
    return first, second


async def test_a_rollback_puts_every_tenant_back_and_holds_it_there(world: World) -> None:
    first, second = await two_versions(world)

    receipt = await world.types(second.pull, "/orbits rollback --reason 'orders are lost'")

    assert world.revisions("backend") == {"acme": first.sha, "globex": first.sha}
    assert world.reactions(receipt) == ["eyes", "rocket"]
    assert world.answers(second.pull) == [
        (
            "@maya Rolling back 2 tenants: `acme` and `globex`, which are held there then. The "
            "comment above says how it ends."
        )
    ]
    assert (
        world.sticky_comment(second.pull)
        == f"""\
<!-- orbits: the rollout of this pull request -->

### ✅ backend: 2 of 2 tenants rolled back
#2 "Change src/app.py" by maya · rolled back by maya: orders are lost · took 0s

<details><summary>2 rolled back</summary>

| Tenant | From → To | Result | Took |
|---|---|---|---|
| acme | {second.short} → {first.short} | ✅ rolled back | 0s |
| globex | {second.short} → {first.short} | ✅ rolled back | 0s |

</details>

Before that:
- backend → {second.short}: 0 of 2 tenants updated, 2 rolled back
"""
    )
    assert [each.title for each in world.checks(second.sha)] == [
        "0 of 2 tenants updated, 2 rolled back",
        "2 of 2 tenants rolled back",
    ]


async def test_the_next_merge_leaves_who_is_held_until_somebody_lets_go(world: World) -> None:
    first, second = await two_versions(world)
    await world.types(second.pull, "/orbits rollback acme")
    third = await world.merges({"src/app.py": "VERSION = 4\n"})
    await world.settles()

    assert world.revisions("backend") == {"acme": first.sha, "globex": third.sha}
    comment = world.sticky_comment(third.pull)
    assert "1 of 2 tenants updated, 1 held" in comment
    assert (
        f"| acme | {first.short} | ⏸️ held at {first.short} by maya: rollback of #&#8203;2; "
        "`/orbits unhold acme service=backend` lifts it |  |"
    ) in comment

    await world.types(third.pull, "/orbits deploy acme")
    assert world.revisions("backend") == {"acme": third.sha, "globex": third.sha}


@pytest.mark.thorough
async def test_a_preview_of_a_rollback_changes_nothing(world: World) -> None:
    first, second = await two_versions(world)

    await world.types(second.pull, "/orbits rollback --dry-run")

    assert world.revisions("backend") == {"acme": second.sha, "globex": second.sha}
    (answer,) = world.answers(second.pull)
    assert (
        answer
        == f"""\
@maya 2 would be rolled back and held there; nothing was started.

| Tenant | Service | From → To |
|---|---|---|
| acme | backend | {second.short} → {first.short} |
| globex | backend | {second.short} → {first.short} |"""
    )


@pytest.mark.thorough
async def test_what_a_newer_merge_has_brought_since_is_rolled_back_first(world: World) -> None:
    first, second = await two_versions(world)

    receipt = await world.types(first.pull, "/orbits rollback")

    assert world.revisions("backend") == {"acme": second.sha, "globex": second.sha}
    assert world.reactions(receipt) == ["confused", "eyes"]
    assert world.answers(first.pull) == [
        (
            "@maya Nobody can be rolled back: `acme` and `globex` (got `backend` from a newer "
            "rollout since: roll that back first). Nothing was started."
        )
    ]


async def test_a_failed_tenant_is_tried_again(new_world: NewWorld) -> None:
    world = await new_world(("acme", "initech"))
    await world.merges(REMEMBER_PHONE)
    await world.settles()
    await world.agency.import_customers_twice()
    second = await world.merges(ONE_ACCOUNT_PER_EMAIL)
    await world.settles()
    assert "Next: `/orbits retry initech`" in world.sticky_comment(second.pull)
    world.merge_customers("initech")

    await world.types(second.pull, "/orbits retry")

    assert world.answers(second.pull) == [
        "@maya Trying again: `initech`. The comment above says how it ends."
    ]
    assert world.revisions("backend") == {"acme": second.sha, "initech": second.sha}
    assert "2 of 2 tenants updated" in world.sticky_comment(second.pull)
    assert world.check(second.sha).conclusion == "success"


@pytest.mark.parametrize("edited", ["by its author"])
async def test_a_comment_that_is_edited_into_a_command_does_nothing(
    world: World, edited: str
) -> None:
    _, second = await two_versions(world)
    comment = await world.maya.comments(second.pull, f"Looks bad, {edited}.")
    await world.maya.edits_comment(comment, "/orbits rollback")

    await world.settles()

    assert world.revisions("backend") == {"acme": second.sha, "globex": second.sha}
    assert world.reactions(comment) == []


@pytest.mark.thorough
async def test_who_is_held_can_be_let_go_without_a_deployment(world: World) -> None:
    _, second = await two_versions(world)
    await world.types(second.pull, "/orbits hold acme --reason 'their fair' --until 3d")
    await world.types(second.pull, "/orbits unhold acme")
    third = await world.merges({"src/app.py": "VERSION = 4\n"})
    await world.settles()

    assert world.revisions("backend") == {"acme": third.sha, "globex": third.sha}
    assert world.answers(second.pull) == [
        (
            "@maya Held until 2026-03-04 09:00 UTC: `acme`. Later merges leave `backend` as it is "
            "there."
        ),
        (
            "@maya Let go: `acme`. The next merge reaches them; `/orbits deploy` on a merged pull "
            "request brings them to it now."
        ),
    ]


async def test_a_pin_moves_a_tenant_there_and_keeps_it(world: World) -> None:
    world.backend.allow(world.maya, "maintain")
    first, second = await two_versions(world)

    await world.types(second.pull, f"/orbits pin acme backend@{first.sha[:10]}")

    assert world.revisions("backend") == {"acme": first.sha, "globex": second.sha}
    third = await world.merges({"src/app.py": "VERSION = 4\n"})
    await world.settles()
    assert world.revisions("backend") == {"acme": first.sha, "globex": third.sha}


@pytest.mark.thorough
async def test_several_commands_stop_at_the_first_that_is_refused(world: World) -> None:
    _, second = await two_versions(world)

    typed = "/orbits status\n\n/orbits resume\n\n/orbits rollback"
    await world.types(second.pull, typed)

    assert world.revisions("backend") == {"acme": second.sha, "globex": second.sha}
    (answer,) = world.answers(second.pull)
    assert "The rollout of #2 has succeeded, and is not paused. Nothing was changed." in answer
    assert answer.endswith("Not carried out, as a command before it was refused.")


async def test_what_cannot_be_read_starts_nothing_and_says_what_to_type(world: World) -> None:
    _, second = await two_versions(world)

    receipt = await world.types(second.pull, "/orbits rolback acme")

    assert world.reactions(receipt) == ["confused"]
    assert world.answers(second.pull) == [
        "@maya I know no command `rolback`. Did you mean `/orbits rollback`? Nothing was started."
    ]


async def test_who_may_not_is_told_who_may(world: World) -> None:
    guest = world.github.user("noor")
    world.backend.allow(guest, "read")
    _, second = await two_versions(world)

    receipt = await world.types(second.pull, "/orbits rollback", guest)

    assert world.revisions("backend") == {"acme": second.sha, "globex": second.sha}
    assert world.reactions(receipt) == ["confused", "eyes"]
    assert world.answers(second.pull) == [
        (
            "@noor, `/orbits rollback` needs the write role on this repository; yours is read. "
            "Nothing was started."
        )
    ]
