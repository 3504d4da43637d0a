"""A change does not fit one tenant: the others get it, and that one has what it had."""

import pytest
from sqlalchemy import update
from sqlmodel import Session, col

from bot.demo.changes import ONE_ACCOUNT_PER_EMAIL, REMEMBER_PHONE
from bot.states import LIVE, State
from bot.store.tables import Run
from tests.stories.conftest import NewWorld
from tests.stories.world import Merge, World

THREE = ("acme", "globex", "initech")


async def one_that_does_not_fit(world: World) -> tuple[Merge, Merge]:
    """Merge a change that fits everybody, then one that does not fit initech's data."""
    first = await world.merges(REMEMBER_PHONE)
    await world.settles()
    await world.agency.import_customers_twice()
    second = await world.merges(ONE_ACCOUNT_PER_EMAIL)
    return first, second


async def test_one_tenant_fails_alone(new_world: NewWorld) -> None:
    world = await new_world(THREE)
    first, second = await one_that_does_not_fit(world)

    await world.settles()

    assert world.revisions("backend") == {
        "acme": second.sha,
        "globex": second.sha,
        "initech": first.sha,
    }
    table = f"""\
| Tenant | From → To | Result | Took |
|---|---|---|---|
| **initech** | {first.short} → {second.short} | ❌ step `sql-migrate`: `python3 -IS - up \
/srv/agency/accounts/initech/backend/database.sqlite3` ended with status 3 \
· rolled back to {first.short} · run 7f3c | 0s |"""
    printed = """\
<details><summary>initech: what <code>sql-migrate</code> printed last</summary>

```text
0003_unique_email.sql, line 2: UNIQUE constraint failed: customers.email
CREATE UNIQUE INDEX one_account_per_email ON customers (email);
Nothing of 0003_unique_email.sql was applied.
```

</details>"""
    updated = f"""\
<details><summary>2 updated</summary>

| Tenant | From → To | Result | Took |
|---|---|---|---|
| acme | {first.short} → {second.short} | ✅ updated | 0s |
| globex | {first.short} → {second.short} | ✅ updated | 0s |

</details>"""
    origin = '#2 "One account per e-mail address" by maya · took 0s'
    what_next = "Next: `/orbits retry initech` · `/orbits rollback`"
    assert (
        world.sticky_comment(second.pull)
        == f"""\
<!-- orbits: the rollout of this pull request -->

### ❌ backend → {second.short}: 2 of 3 tenants updated, 1 failed
{origin}

{table}

{printed}

{updated}

{what_next}
"""
    )
    check = world.check(second.sha)
    assert (check.status, check.conclusion) == ("completed", "failure")
    assert world.written(check) == (
        "2 of 3 tenants updated, 1 failed",
        f"{origin}\n\n{table}\n\n{updated}\n\n{what_next}",
        printed,
    )


async def test_a_tenant_that_failed_has_the_files_and_the_schema_that_it_had(
    new_world: NewWorld,
) -> None:
    world = await new_world(("initech",))
    await world.merges(REMEMBER_PHONE)
    await world.settles()
    await world.agency.import_customers_twice()
    files, columns = world.files("initech"), world.agency.columns("initech")

    await world.merges(ONE_ACCOUNT_PER_EMAIL)
    await world.settles()

    assert world.files("initech") == files
    assert world.agency.columns("initech") == columns == ["id", "name", "email", "phone"]


@pytest.mark.thorough
async def test_who_had_nothing_before_is_not_said_to_be_rolled_back(new_world: NewWorld) -> None:
    world = await new_world(("acme",))
    merge = await world.merges({"migrations/0002_bad.sql": "ALTER TABLE nowhere ADD COLUMN x;\n"})

    await world.settles()

    assert world.revisions("backend") == {}
    assert f"""
| **acme** | none → {merge.short} | ❌ step `sql-migrate`: `python3 -IS - up \
/srv/agency/accounts/acme/backend/database.sqlite3` ended with status 3 · run 7f3c | 0s |
""" in world.sticky_comment(merge.pull)


@pytest.mark.thorough
async def test_a_fix_that_is_merged_afterwards_brings_the_failed_tenant_up_to_date(
    new_world: NewWorld,
) -> None:
    world = await new_world(("acme", "initech"))
    first, _ = await one_that_does_not_fit(world)
    await world.settles()
    world.merge_customers("initech")

    fix = await world.merges({"src/app.py": "VERSION = 4\n"})
    await world.settles()

    assert world.revisions("backend") == {"acme": fix.sha, "initech": fix.sha}
    assert "verified" in world.agency.columns("initech")
    assert world.check(fix.sha).conclusion == "success"
    comment = world.sticky_comment(fix.pull)
    assert f"| initech | {first.short} → {fix.short} | ✅ updated | 0s |" in comment


@pytest.mark.thorough
async def test_where_there_is_no_way_back_the_comment_says_why(new_world: NewWorld) -> None:
    world = await new_world(("acme",))
    await world.merges({"src/app.py": "VERSION = 2\n"})
    await world.settles()

    merge = await world.merges(
        {
            "migrations/0002_orders.sql": "CREATE TABLE orders (id);\n",
            "migrations/0003_bad.sql": "ALTER TABLE nowhere ADD COLUMN x;\n",
        }
    )
    await world.settles()

    comment = world.sticky_comment(merge.pull)
    assert "0002_orders.sql was applied without a 0002_orders.down.sql." in comment
    assert "0003_bad.sql, line 1: no such table: nowhere" in comment


@pytest.mark.thorough
async def test_a_tenant_that_is_removed_before_its_turn_comes_is_left_alone(world: World) -> None:
    first = await world.merges({"src/app.py": "VERSION = 2\n"})
    await world.settles()
    with world.busy("acme"):
        await world.merges(REMEMBER_PHONE)
        await world.has_done("iac-deploy", of="backend-acme", times=2)
        merge = await world.merges({"src/app.py": "VERSION = 3\n"})
        await world.has_done("record-success", of="deployment-globex", times=3)
        await world.forgets("acme")
    await world.settles()

    assert world.revisions("backend") == {"globex": merge.sha}
    assert f"""
| **acme** | {first.short} → {merge.short} | ❌ step `begin`: `acme` was removed before \
its turn came. Nothing was changed · run 7f3c |  |
""" in world.sticky_comment(merge.pull)


@pytest.mark.thorough
async def test_a_merge_is_never_green_where_a_planned_deployment_did_not_end(world: World) -> None:
    first = await world.merges({"src/app.py": "VERSION = 2\n"})
    await world.settles()
    with world.busy("acme"):
        merge = await world.merges(REMEMBER_PHONE)
        await world.has_done("record-success", of="deployment-globex", times=2)
        await world.stop()
    await world.operator_runs(end_every_run)
    await world.start()

    await world.process.sweeps()
    await world.settles()

    assert world.check(merge.sha).conclusion == "failure"
    comment = world.sticky_comment(merge.pull)
    assert f"### ❌ backend → {merge.short}: 1 of 2 tenants updated, 1 failed\n" in comment
    ended = (
        "❌ The rollout's run was ended in the middle of this deployment; part of it may be done "
        "· run 7f3c"
    )
    assert f"| **acme** | {first.short} → {merge.short} | {ended} | 0s |" in comment


def end_every_run(session: Session) -> None:
    """What somebody may do by hand who wants the bot to stop trying."""
    session.execute(update(Run).where(col(Run.state).in_(LIVE)).values(state=State.FAILED))
