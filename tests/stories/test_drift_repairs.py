"""What was changed by hand at a tenant is found, and brought back when somebody says so."""

import pytest

from bot.demo.changes import REMEMBER_PHONE
from bot.drift.life import Phase
from tests.stories.drifting import (
    CONF,
    HOUR,
    alters_schema,
    drift_of,
    drifts_of,
    edits,
    looks,
    looks_often,
    paths_of,
    rewrites_history,
    rows_of,
    says_policy,
    watch_of,
)
from tests.stories.world import World


async def test_a_file_that_was_changed_by_hand_is_found_and_repaired(world: World) -> None:
    await world.merges(REMEMBER_PHONE)
    await world.settles()
    before = world.files("acme")[CONF]
    assert await looks(world) == ["acme", "globex"]
    assert drift_of(world, "acme") is None

    edits(world, "acme")
    await looks_often(world, 2)

    row = drift_of(world, "acme")
    assert row is not None
    assert (row.phase, row.detections) == (Phase.OPEN, 2)
    assert row.differences == [
        {
            "path": f"backend/files/{CONF}",
            "desired": before.decode(),
            "observed": "workers = 64\n",
            "severity": "warning",
        }
    ]
    assert drift_of(world, "globex") is None

    assert await drifts_of(world).fix(["acme", "globex"], "maya") == ["acme"]
    await world.settles()

    row = drift_of(world, "acme")
    assert row is not None
    assert (row.phase, row.fixed_by, row.fix_problem) == (Phase.RESOLVED, "maya", None)
    assert world.files("acme")[CONF] == before


@pytest.mark.thorough
async def test_a_setting_of_a_shared_repository_is_brought_back(world: World) -> None:
    await world.merges(REMEMBER_PHONE)
    await world.settles()

    await rewrites_history(world)
    await looks_often(world, 2)
    assert paths_of(world, "acme") == ["backend/git/receive.denyNonFastForwards"]
    assert paths_of(world, "globex") == ["backend/git/receive.denyNonFastForwards"]
    await drifts_of(world).fix(["acme"], "maya")
    await world.settles()
    await looks(world)

    assert [getattr(drift_of(world, name), "phase", None) for name in ("acme", "globex")] == [
        Phase.RESOLVED,
        Phase.RESOLVED,
    ]
    assert watch_of(world, "acme").matching_since is not None


async def test_what_was_taken_from_a_schema_by_hand_is_made_again(world: World) -> None:
    await world.merges(REMEMBER_PHONE)
    await world.settles()

    alters_schema(
        world,
        "acme",
        [
            "INSERT INTO customers (id, name, email) VALUES (17, 'Ada', 'ada@example.com')",
            "ALTER TABLE customers DROP COLUMN phone",
        ],
    )
    await looks_often(world, 2)
    assert paths_of(world, "acme") == ["backend/schema/table customers"]
    await drifts_of(world).fix(["acme"], "maya")
    await world.settles()

    row = drift_of(world, "acme")
    assert row is not None
    assert (row.phase, row.fix_problem) == (Phase.RESOLVED, None)
    assert rows_of(world, "acme", "SELECT name, phone FROM customers WHERE id = 17") == [
        ("Ada", None)
    ]


@pytest.mark.thorough
async def test_what_was_added_to_a_schema_by_hand_is_left_to_people(world: World) -> None:
    await world.merges(REMEMBER_PHONE)
    await world.settles()

    alters_schema(world, "acme", ["ALTER TABLE customers ADD COLUMN nick TEXT DEFAULT 'none'"])
    await looks_often(world, 2)
    await drifts_of(world).fix(["acme"], "maya")
    await world.settles()
    row = drift_of(world, "acme")
    assert row is not None
    assert row.phase == Phase.OPEN
    assert (row.fix, row.fixing, row.fix_problem) == (1, False, None)

    alters_schema(world, "acme", ["ALTER TABLE customers DROP COLUMN nick"])
    await looks(world)

    row = drift_of(world, "acme")
    assert row is not None
    assert row.phase == Phase.RESOLVED


@pytest.mark.thorough
async def test_the_policy_repairs_as_soon_as_drift_is_sure(world: World) -> None:
    await says_policy(world, "[drift]\nfix = true\n")
    before = world.files("acme")[CONF]
    edits(world, "acme")

    await looks(world)
    assert world.files("acme")[CONF] != before
    await looks(world)

    row = drift_of(world, "acme")
    assert row is not None
    assert (row.phase, row.fixed_by, row.fix) == (Phase.RESOLVED, "orbits", 1)
    assert world.files("acme")[CONF] == before


@pytest.mark.thorough
async def test_the_policy_repairs_nothing_in_a_freeze(world: World) -> None:
    await says_policy(
        world,
        "[drift]\nfix = true\n"
        '[[freezes]]\nname = "the sales"\nzone = "UTC"\n'
        'from = "2026-03-01T10:00"\nuntil = "2026-03-01T14:00"\ntenants = "acme"\n',
    )
    edits(world, "acme")

    await looks_often(world, 3)
    row = drift_of(world, "acme")
    assert row is not None
    assert (row.phase, row.fix) == (Phase.OPEN, 0)
    await looks(world, 5 * HOUR)
    row = drift_of(world, "acme")
    assert row is not None
    assert (row.phase, row.fix) == (Phase.RESOLVED, 1)


@pytest.mark.thorough
async def test_the_policy_repairs_nobody_whose_looks_are_paused(world: World) -> None:
    await says_policy(world, "[drift]\nfix = true\n")
    drifts = drifts_of(world)
    await drifts.sweep()
    await drifts.pause(["acme"], "maya")
    edits(world, "acme")

    for _ in range(3):
        await drifts.look_now(["acme"], "maya")
        await world.settles()

    row = drift_of(world, "acme")
    assert row is not None
    assert (row.phase, row.fix) == (Phase.OPEN, 0)


@pytest.mark.thorough
async def test_a_repair_is_refused_where_something_else_is_desired_by_now(world: World) -> None:
    first = await world.merges(REMEMBER_PHONE)
    await world.settles()
    await rewrites_history(world)
    await looks_often(world, 2)
    second = await world.merges({"src/app.py": "pass\n"})
    await world.settles()

    await drifts_of(world).fix(["acme"], "maya")
    await world.settles()

    row = drift_of(world, "acme")
    assert row is not None
    assert (row.phase, row.fixing) == (Phase.OPEN, False)
    assert row.fix_problem == (
        "acme is not repaired: since its drift was found, backend went from "
        f"{first.short} to {second.short}. Nothing was changed. The next look tells what differs "
        "now; `/orbits drift fix acme --force` repairs it all the same."
    )
    await drifts_of(world).fix(["acme"], "maya", force=True)
    await world.settles()

    row = drift_of(world, "acme")
    assert row is not None
    assert row.phase == Phase.RESOLVED
