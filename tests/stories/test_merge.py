"""A pull request is merged, and every tenant that uses the service gets it."""

import pytest

from bot.demo.changes import REMEMBER_PHONE
from bot.simulated.github.pulls import Method
from tests.stories.conftest import NewWorld
from tests.stories.world import World

APP = {"src/app.py": "VERSION = 2\n"}


@pytest.mark.parametrize("method", ["squash", "merge", "rebase"])
async def test_a_merge_reaches_every_tenant(world: World, method: Method) -> None:
    merge = await world.merges(REMEMBER_PHONE, method=method)

    await world.settles()

    assert world.revisions("backend") == {"acme": merge.sha, "globex": merge.sha}
    assert "phone" in world.agency.columns("acme")
    assert "phone" in world.agency.columns("globex")
    told = f"""\
#1 "Remember the customers' phone numbers" by maya · took 0s

<details><summary>2 updated</summary>

| Tenant | From → To | Result | Took |
|---|---|---|---|
| acme | none → {merge.short} | ✅ updated | 0s |
| globex | none → {merge.short} | ✅ updated | 0s |

</details>"""
    assert world.sticky_comment(merge.pull) == (
        "<!-- orbits: the rollout of this pull request -->\n\n"
        f"### ✅ backend → {merge.short}: 2 of 2 tenants updated\n{told}\n"
    )
    check = world.check(merge.sha)
    assert (check.name, check.status, check.conclusion) == ("orbits/deploy", "completed", "success")
    assert world.written(check) == ("2 of 2 tenants updated", told, "")


async def test_the_next_merge_says_what_each_tenant_had_before(world: World) -> None:
    first = await world.merges(APP)
    await world.settles()
    second = await world.merges({"src/app.py": "VERSION = 3\n"})
    await world.settles()

    comment = world.sticky_comment(second.pull)
    assert f"| acme | {first.short} → {second.short} | ✅ updated | 0s |" in comment


async def test_a_rebase_of_several_commits_counts_the_files_of_all(new_world: NewWorld) -> None:
    world = await new_world(("acme",), paths={"backend": ("src/",)})
    pull = await world.maya.opens_pull_request(world.backend, "Two commits", APP)
    await world.maya.adds_to(pull, {"docs/app.md": "The app.\n"})

    merge = await world.merges_pull(pull, "rebase")
    await world.settles()

    assert world.revisions("backend") == {"acme": merge.sha}


async def test_a_merge_that_touches_nothing_deployed_leaves_one_skipped_check(
    new_world: NewWorld,
) -> None:
    world = await new_world(("acme",), paths={"backend": ("src/", "migrations/")})
    merge = await world.merges({"docs/app.md": "The app.\n"})

    await world.settles()

    check = world.check(merge.sha)
    assert (check.status, check.conclusion) == ("completed", "skipped")
    assert world.written(check) == (
        "No tenant is affected",
        '#1 "Change docs/app.md" by maya · took 0s',
        """\
<details><summary>1 not affected</summary>

- backend: no changed file matches src/ or migrations/ of backend

</details>""",
    )
    assert world.comments(merge.pull) == []
    assert world.revisions("backend") == {}


async def test_a_merge_to_another_branch_leaves_one_skipped_check(world: World) -> None:
    await world.maya.creates_branch(world.backend, "next")
    merge = await world.merges(APP, base="next")

    await world.settles()

    check = world.check(merge.sha)
    assert check.conclusion == "skipped"
    assert "backend: branch next is not main, which backend deploys" in (check.text or "")
    assert world.comments(merge.pull) == []


async def test_a_merge_that_reaches_nobody_is_skipped_and_not_green(new_world: NewWorld) -> None:
    world = await new_world(())
    merge = await world.merges(APP)

    await world.settles()

    assert world.check(merge.sha).conclusion == "skipped"
    assert world.check(merge.sha).title == "No tenant is affected"
    assert world.comments(merge.pull) == []


async def test_a_repository_that_nothing_is_deployed_from_hears_nothing(world: World) -> None:
    handbook = await world.github.organization("agency").create_repository("handbook")
    handbook.allow(world.maya, "write")
    asked = len(world.github.requests)
    merge = await world.merges({"README.md": "Read me.\n"}, to=handbook)

    await world.settles()

    assert (world.checks(merge.sha, handbook), world.comments(merge.pull)) == ([], [])
    assert len(world.github.requests) == asked


async def test_a_pull_request_that_is_closed_unmerged_starts_nothing(world: World) -> None:
    pull = await world.maya.opens_pull_request(world.backend, "Perhaps not", APP)
    await world.maya.closes(pull)

    await world.settles()

    assert all(check.status == "completed" for check in world.checks(pull.head_sha))
    assert (world.rollouts(), world.revisions("backend")) == ([], {})


async def test_who_does_not_use_a_service_is_left_alone_and_the_comment_says_so(
    world: World,
) -> None:
    await world.takes_on("hooli", "auth", "frontend")
    merge = await world.merges(APP)

    await world.settles()

    assert set(world.revisions("backend")) == {"acme", "globex"}
    assert world.files("hooli") == {}
    assert world.sticky_comment(merge.pull).endswith("""
<details><summary>1 not affected</summary>

- hooli: hooli does not use backend

</details>
""")


async def test_two_services_that_change_at_once_do_not_undo_one_another(world: World) -> None:
    backend = await world.merges(APP)
    frontend = await world.merges({"src/app.js": "let version = 2;\n"}, to=world.frontend)

    await world.settles()

    for merge, service in ((backend, "backend"), (frontend, "frontend")):
        assert world.revisions(service) == {"acme": merge.sha, "globex": merge.sha}
        assert merge.sha.encode() in b"".join(world.files("acme", service).values())


async def test_of_two_merges_in_a_row_every_tenant_ends_with_the_newer(world: World) -> None:
    world.github.pause_deliveries()
    older = await world.merges(APP)
    newer = await world.merges({"src/app.py": "VERSION = 3\n"})
    world.github.resume_deliveries()

    await world.settles()

    assert world.revisions("backend") == {"acme": newer.sha, "globex": newer.sha}
    for merge in (older, newer):
        assert world.check(merge.sha).conclusion == "success"
