"""A merge that was rolled back is brought again, and each answer is true of what then happens."""

import sqlite3
from contextlib import closing

from bot.demo.changes import ONE_ACCOUNT_PER_EMAIL, REMEMBER_PHONE
from tests.stories.conftest import NewWorld
from tests.stories.world import Merge, World

APP = {"src/app.py": "VERSION = 2\n"}
NEXT = {"src/app.py": "VERSION = 3\n"}
HOW_IT_ENDS = "The comment above says how it ends."


async def rolled_back(world: World, typed: str = "/orbits rollback") -> tuple[Merge, Merge]:
    first = await world.merges(APP)
    await world.settles()
    second = await world.merges(NEXT)
    await world.settles()
    await world.types(second.pull, typed)
    return first, second


async def test_a_merge_that_was_rolled_back_is_deployed_again(world: World) -> None:
    first, second = await rolled_back(world)
    assert world.revisions("backend") == {"acme": first.sha, "globex": first.sha}

    await world.types(second.pull, "/orbits deploy")

    assert world.revisions("backend") == {"acme": second.sha, "globex": second.sha}
    assert world.answers(second.pull)[-1] == (
        f"@maya Deploying to 2 tenants: `acme` and `globex`. {HOW_IT_ENDS}"
    )
    assert f"backend → {second.short}: 2 of 2 tenants updated" in world.sticky_comment(second.pull)
    third = await world.merges({"src/app.py": "VERSION = 4\n"})
    await world.settles()
    assert world.revisions("backend") == {"acme": third.sha, "globex": third.sha}


async def test_who_was_let_go_after_a_rollback_is_deployed_to_at_once(world: World) -> None:
    first, second = await rolled_back(world)
    await world.types(second.pull, "/orbits unhold all")

    await world.types(second.pull, "/orbits deploy acme --dry-run")
    assert world.revisions("backend") == {"acme": first.sha, "globex": first.sha}
    assert world.answers(second.pull)[-1] == (
        "@maya It would be deployed to `acme`; nothing was started."
    )
    await world.types(second.pull, "/orbits deploy acme")

    assert world.revisions("backend") == {"acme": second.sha, "globex": first.sha}


async def test_who_has_the_commit_is_not_deployed_to(world: World) -> None:
    _, second = await rolled_back(world, "/orbits rollback acme")
    await world.types(second.pull, "/orbits deploy acme")

    receipt = await world.types(second.pull, "/orbits deploy")

    assert world.reactions(receipt) == ["confused", "eyes"]
    assert world.answers(second.pull)[-1] == (
        "@maya Nobody is left to deploy #2 to: `acme` and `globex` "
        f"(at {second.short} already). Nothing was started."
    )


async def test_a_deployment_of_an_older_merge_takes_no_newer_one_back(world: World) -> None:
    first, second = await rolled_back(world, "/orbits rollback acme")
    third = await world.merges({"src/app.py": "VERSION = 4\n"})
    await world.settles()

    await world.types(second.pull, "/orbits deploy")

    assert world.revisions("backend") == {"acme": second.sha, "globex": third.sha}
    assert world.answers(second.pull)[-1] == (
        f"@maya Deploying to `acme`. {HOW_IT_ENDS}\n\n"
        f"Left as they are: `globex` (at {third.short}, a newer one)."
    )
    await world.types(third.pull, "/orbits deploy")
    assert world.revisions("backend") == {"acme": third.sha, "globex": third.sha}
    assert first.sha != second.sha


async def test_what_was_deployed_again_to_some_is_rolled_back_from_all(world: World) -> None:
    first, second = await rolled_back(world, "/orbits rollback acme")
    await world.types(second.pull, "/orbits deploy acme")

    await world.types(second.pull, "/orbits rollback")

    assert world.revisions("backend") == {"acme": first.sha, "globex": first.sha}
    await world.types(second.pull, "/orbits rollback")
    assert world.answers(second.pull)[-1] == (
        "@maya Nobody can be rolled back: `acme` and `globex` (rolled back already). "
        "Nothing was started."
    )


async def test_a_rollback_that_failed_is_not_what_is_deployed(world: World) -> None:
    first = await world.merges(APP)
    await world.settles()
    second = await world.merges(REMEMBER_PHONE)
    await world.settles()
    look_customers_up_by_phone(world, "acme")
    await world.types(second.pull, "/orbits rollback")
    assert world.revisions("backend") == {"acme": second.sha, "globex": first.sha}
    await world.types(second.pull, "/orbits explain acme")
    told = world.answers(second.pull)[-1]
    assert "it was updated; its rollback by maya: it failed at the step" in told

    await world.types(second.pull, "/orbits deploy")

    assert world.answers(second.pull)[-1] == (
        f"@maya Deploying to 2 tenants: `acme` and `globex`. {HOW_IT_ENDS}"
    )
    assert world.revisions("backend") == {"acme": second.sha, "globex": second.sha}
    assert f"backend → {second.short}: 2 of 2 tenants updated" in world.sticky_comment(second.pull)


async def test_a_rollback_that_fails_is_not_told_as_done(world: World) -> None:
    await world.merges(APP)
    await world.settles()
    second = await world.merges(REMEMBER_PHONE)
    await world.settles()
    look_customers_up_by_phone(world, "acme")

    await world.types(second.pull, "/orbits rollback acme")

    assert world.answers(second.pull) == [
        f"@maya Rolling back `acme`, which is held there then. {HOW_IT_ENDS}"
    ]
    assert "0 of 1 tenant rolled back, 1 failed" in world.sticky_comment(second.pull)


async def test_who_may_deploy_to_one_brings_a_merge_to_no_other_again(world: World) -> None:
    noor = world.github.user("noor")
    world.backend.allow(noor, "read")
    rules = '[[rules]]\nwho = ["@noor"]\nverbs = ["deploy"]\ntenants = "acme"\n'
    await world.merges({"orbits.toml": rules})
    await world.settles()
    first, second = await rolled_back(world)
    await world.types(second.pull, "/orbits deploy acme", noor)
    assert world.revisions("backend") == {"acme": second.sha, "globex": first.sha}

    await world.types(second.pull, "/orbits deploy", noor)

    assert world.revisions("backend") == {"acme": second.sha, "globex": first.sha}
    assert "needs the write role" in world.answers(second.pull)[-1]


async def test_explain_says_who_was_rolled_back_and_how_to_bring_it_again(world: World) -> None:
    _, second = await rolled_back(world, "/orbits rollback acme --reason 'orders are lost'")

    await world.types(second.pull, "/orbits explain")

    assert world.answers(second.pull)[-1] == (
        "@maya Why #2 reaches whom it reaches:\n\n"
        "- auth is out: auth is deployed from agency/auth, not from agency/backend\n"
        "- backend is in: backend: src/app.py matches &#42;&#42;\n"
        "- frontend is out: frontend is deployed from agency/frontend, not from agency/backend\n"
        "- acme is in: acme uses backend; it was rolled back by maya: orders are lost; "
        "`/orbits deploy acme` brings it again\n"
        "- globex is in: globex uses backend; it was updated"
    )


async def test_explain_says_why_it_failed_and_who_holds_the_others(new_world: NewWorld) -> None:
    world = await new_world(("acme", "globex", "initech"))
    await world.merges(REMEMBER_PHONE)
    await world.settles()
    await world.agency.import_customers_twice()
    waves = '[rollout]\nwaves = ["initech", "acme", "rest"]\nfailure_limit = 1\n'
    await world.merges({"orbits.toml": waves})
    await world.settles()
    earlier = await world.merges(APP)
    await world.settles()
    await world.types(earlier.pull, "/orbits hold globex --reason 'their fair'")
    merge = await world.merges(ONE_ACCOUNT_PER_EMAIL)
    await world.settles()

    await world.types(merge.pull, "/orbits explain")

    (answer,) = world.answers(merge.pull)
    acme, globex, initech = answer.splitlines()[-3:]
    assert acme == (
        "- acme is in: acme uses backend; it is held: wave 2 was stopped by the failure limit (1); "
        "`/orbits resume` lets it go on"
    )
    assert globex == (
        f"- globex is in: globex uses backend; it stays: held at {earlier.short} by maya: their "
        "fair; `/orbits unhold globex service=backend` lifts it"
    )
    assert initech.startswith(
        "- initech is in: initech uses backend; it failed at the step `sql-migrate`: "
    )
    assert initech.endswith("; mend the cause, then type `/orbits retry initech`")


def look_customers_up_by_phone(world: World, tenant: str) -> None:
    """Let somebody at a tenant add an index, so that the column cannot be taken away."""
    path = world.agency.home / "accounts" / tenant / "backend" / "database.sqlite3"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE INDEX by_phone ON customers (phone)")
