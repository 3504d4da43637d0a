"""The bot looks at what it deployed, again and again; what it finds then is drift, or is none."""

from datetime import timedelta

import pytest

from bot.demo.changes import REMEMBER_PHONE
from bot.drift.hand import Sight
from bot.drift.life import Phase
from bot.drift.wanted import desired_of
from bot.store.tables import Watch
from bot.store.tallies import tallies
from resources.model.resource import Difference
from tests.stories.drifting import (
    CONF,
    HOUR,
    begun,
    drift_of,
    drifts_of,
    edits,
    looks,
    looks_often,
    paths_of,
    says_policy,
    watch_of,
)
from tests.stories.world import World


async def test_who_is_deployed_to_is_looked_at_when_that_is_over(world: World) -> None:
    await world.merges(REMEMBER_PHONE)
    await world.settles()
    await drifts_of(world).sweep()
    edits(world, "acme")
    with world.busy("acme"):
        await world.merges({"migrations/0007_seven.sql": "CREATE TABLE seven (id INTEGER);\n"})
        await world.has_done("iac-deploy", of="backend-acme", times=2)
        world.clock.pass_by(HOUR)

        assert "acme" not in await drifts_of(world).tick()
        put_off = watch_of(world, "acme")
        assert put_off.looked_at is None
    await world.settles()

    assert put_off.due_at is not None
    assert put_off.due_at - world.clock.now() <= timedelta(minutes=6)
    assert "acme" in await looks(world, timedelta(minutes=6))
    # The merge has written the file anew.
    assert paths_of(world, "acme") == []
    assert watch_of(world, "acme").looked_at is not None


@pytest.mark.thorough
async def test_what_a_deployment_has_overtaken_is_no_drift(world: World) -> None:
    first = await world.merges(REMEMBER_PHONE)
    await world.settles()
    drifts = drifts_of(world)
    await drifts.sweep()
    world.clock.pass_by(HOUR)
    assert await drifts.tick() == ["acme", "globex"]
    await world.settles()
    desired = world.stored(lambda session: desired_of(session, "acme"))
    assert desired is not None
    assert desired.revisions == {"backend": first.sha}
    await world.merges({"src/app.py": "pass\n"})
    await world.settles()
    world.clock.pass_by(HOUR)
    (run,) = [row for row in await begun(world, drifts) if row.tenant == "acme"]

    sight = Sight(differences=(Difference(path="x", desired=1, observed=2),), every=HOUR)
    await drifts.note(desired, run.run_id or "", sight)

    assert drift_of(world, "acme") is None


async def test_a_look_that_fails_is_never_taken_for_no_drift(world: World) -> None:
    await world.merges(REMEMBER_PHONE)
    await world.settles()
    edits(world, "acme")
    await looks_often(world, 2)
    world.spoil_database("acme")

    await looks_often(world, 2)
    watch = watch_of(world, "acme")
    assert (watch.failures, watch.unable_since, watch.matching_since) == (2, None, None)
    await looks(world)

    watch = watch_of(world, "acme")
    assert watch.failures == 3
    assert watch.unable_since is not None
    assert watch.problem is not None
    assert watch.problem.startswith("step `cycle")
    row = drift_of(world, "acme")
    assert row is not None
    assert row.phase == Phase.OPEN
    assert watch_of(world, "globex").failures == 0


@pytest.mark.thorough
async def test_a_look_goes_on_after_a_restart(world: World) -> None:
    await world.merges(REMEMBER_PHONE)
    await world.settles()
    edits(world, "acme")
    await looks(world)
    world.clock.pass_by(HOUR)
    assert await drifts_of(world).tick() == ["acme", "globex"]

    await world.restart()
    await world.settles()

    row = drift_of(world, "acme")
    assert row is not None
    assert (row.phase, row.detections) == (Phase.OPEN, 2)
    assert watch_of(world, "acme").underway_since is None


async def test_turns_that_were_missed_are_one_look(world: World) -> None:
    await world.merges(REMEMBER_PHONE)
    await world.settles()
    await drifts_of(world).sweep()
    await world.stop()
    world.clock.pass_by(timedelta(days=3))
    await world.start()
    await world.settles()

    assert await drifts_of(world).tick() == ["acme", "globex"]
    await world.settles()

    assert await drifts_of(world).tick() == []
    assert drift_of(world, "acme") is None


@pytest.mark.thorough
async def test_what_is_held_back_is_desired_as_it_is(world: World) -> None:
    first = await world.merges(REMEMBER_PHONE)
    await world.settles()
    await world.types(first.pull, "/orbits hold acme")
    second = await world.merges({"deploy/service.conf": "workers = 12\n"})
    await world.settles()
    assert world.revisions("backend") == {"acme": first.sha, "globex": second.sha}

    await looks_often(world, 3)

    assert drift_of(world, "acme") is None
    assert drift_of(world, "globex") is None


@pytest.mark.thorough
async def test_what_nobody_minds_is_no_drift(world: World) -> None:
    await says_policy(
        world, '[[drift.ignore]]\npaths = ["backend/files/*.conf"]\ntenants = "acme"\n'
    )
    edits(world, "acme")
    edits(world, "globex")

    await looks_often(world, 2)

    assert drift_of(world, "acme") is None
    assert paths_of(world, "globex") == [f"backend/files/{CONF}"]


@pytest.mark.thorough
async def test_what_was_accepted_is_no_drift_until_it_changes(world: World) -> None:
    await world.merges(REMEMBER_PHONE)
    await world.settles()
    edits(world, "acme")
    await looks_often(world, 2)
    assert await drifts_of(world).ignore(["acme", "globex"], "maya", "a test", None) == ["acme"]

    await looks_often(world, 2)
    row = drift_of(world, "acme")
    assert row is not None
    assert row.phase == Phase.IGNORED
    edits(world, "acme", "workers = 65\n")
    await looks_often(world, 2)

    row = drift_of(world, "acme")
    assert row is not None
    assert row.phase == Phase.OPEN


@pytest.mark.thorough
async def test_who_is_paused_is_looked_at_only_when_somebody_asks(world: World) -> None:
    await world.merges(REMEMBER_PHONE)
    await world.settles()
    drifts = drifts_of(world)
    await drifts.sweep()
    assert await drifts.pause(["acme"], "maya", world.clock.now() + 3 * HOUR) == ["acme"]

    assert await looks(world) == ["globex"]
    assert await drifts.look_now(["acme", "nobody"], "maya") == ["acme"]
    await world.settles()
    asked = watch_of(world, "acme").looked_at
    assert asked is not None
    assert await looks(world) == ["globex"]
    assert watch_of(world, "acme").looked_at == asked

    assert await looks(world, 2 * HOUR) == ["acme", "globex"]


@pytest.mark.thorough
async def test_who_is_asked_for_while_a_look_goes_on_is_looked_at_once_more(world: World) -> None:
    await world.merges(REMEMBER_PHONE)
    await world.settles()
    drifts = drifts_of(world)
    await drifts.sweep()
    world.clock.pass_by(HOUR)
    before, _ = await begun(world, drifts)

    await drifts.look_now(["acme"], "maya")
    await drifts.tick()
    await world.settles()
    await drifts.tick()
    await world.settles()

    row = watch_of(world, "acme")
    assert row.run_id != before.run_id
    assert not row.asked


@pytest.mark.thorough
async def test_every_look_is_counted_by_what_it_came_to(world: World) -> None:
    await world.merges(REMEMBER_PHONE)
    await world.settles()

    await looks(world)
    assert world.stored(lambda session: tallies(session, "cycle")) == {"clean": 2}

    edits(world, "acme")
    await looks(world)
    assert world.stored(lambda session: tallies(session, "cycle")) == {"clean": 3, "drift": 1}


@pytest.mark.thorough
async def test_nobody_looks_in_a_freeze_where_the_policy_says_so(world: World) -> None:
    await says_policy(
        world,
        "[drift]\npause_in_freezes = true\n"
        '[[freezes]]\nname = "the sales"\nzone = "UTC"\n'
        'from = "2026-03-01T10:00"\nuntil = "2026-03-01T14:00"\ntenants = "acme"\n',
    )

    assert await looks(world) == ["globex"]
    assert await looks(world, 5 * HOUR) == ["acme", "globex"]


@pytest.mark.thorough
async def test_who_is_forgotten_is_watched_no_more(world: World) -> None:
    await world.merges(REMEMBER_PHONE)
    await world.settles()
    edits(world, "acme")
    await looks_often(world, 2)

    await world.forgets("acme")
    await looks(world)

    row = drift_of(world, "acme")
    assert row is not None
    assert (row.phase, row.reason) == (Phase.RESOLVED, "the tenant was forgotten")
    assert world.stored(lambda session: session.get(Watch, "acme")) is None
