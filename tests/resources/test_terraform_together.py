"""Infrastructure that others work on at the same time."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
from sqlmodel import Session

from bot.engine.clock import SystemClock
from bot.engine.engine import Engine
from bot.states import State
from bot.store.database import Database
from bot.store.tables import Owner, Run
from bot.terraform_state import locks, versions
from bot.terraform_state.passwords import Bearer
from resources.errors import StepFailed
from tests.resources.infrastructure import DATABASE, Infrastructure, behind, until

ACME = "terraform-acme"
NOW = SystemClock().now()


@pytest.fixture
async def engine(infrastructure: Infrastructure) -> AsyncIterator[Engine]:
    async with infrastructure.engine() as engine:
        yield engine


def another_run(session: Session) -> None:
    """Let a run that has nothing to do with this machine lock the state."""
    session.add(
        Run(
            id="0192",
            root_id="0192",
            identity="terraform-by-maya",
            command="update",
            kind="a:B",
            arguments="{}",
            fingerprint="x",
            state=State.RUNNING,
            token=1,
            owner="elsewhere",
            created_at=NOW,
        )
    )
    session.add(Owner(id="elsewhere", host="b", pid=1, started_at=NOW, heartbeat_at=NOW))
    locks.take(session, locks.Wish(ACME, "l1", "{}", Bearer("0192", 1), NOW))


async def test_who_finds_the_state_locked_waits_and_says_for_whom(
    engine: Engine, infrastructure: Infrastructure, database: Database
) -> None:
    await database.write(another_run)
    going = asyncio.create_task(engine.run(infrastructure.module()))
    said = (
        "Waiting for the state, which is locked by run 0192 (terraform-by-maya, update), since "
        f"{NOW:%Y-%m-%d %H:%M:%S} UTC.\n"
    )
    await until(lambda: said in infrastructure.log)

    await database.write(lambda session: locks.release(session, ACME, "l1", Bearer("0192", 1)))

    assert (await going)["color"] == "red"
    assert infrastructure.log.count("Waiting for the state") == 1
    assert "Error acquiring the state lock" not in infrastructure.log


async def test_who_has_waited_for_too_long_says_for_whom(
    engine: Engine, infrastructure: Infrastructure, database: Database
) -> None:
    await database.write(another_run)

    with pytest.raises(StepFailed) as failed:
        await engine.run(infrastructure.module(patience="PT0S"))

    assert str(failed.value.cause) == (
        "The state of terraform-acme is locked by run 0192 (terraform-by-maya, update), since "
        f"{NOW:%Y-%m-%d %H:%M:%S} UTC, and `apply` has waited for it for 0:00:00. Nothing was "
        "changed; see what that run does, and retry."
    )


async def test_two_runs_on_one_state_take_turns(
    engine: Engine, infrastructure: Infrastructure, database: Database
) -> None:
    modules = [infrastructure.module(variables={"color": color}) for color in ("red", "blue")]

    first, second = await asyncio.gather(*(engine.run(module) for module in modules))

    assert [first["color"], second["color"]] == ["red", "blue"]
    kept = await database.read(lambda session: versions.versions(session, ACME))
    assert [each.serial for each in kept] == [2, 1]


async def test_a_plan_that_went_stale_is_made_once_more(
    engine: Engine, infrastructure: Infrastructure, database: Database
) -> None:
    await engine.run(infrastructure.module())
    asked, go = infrastructure.folder / "asked", infrastructure.folder / "go"
    waits = f"touch {asked}; while [ ! -e {go} ]; do sleep 0.05; done"
    program = behind(infrastructure.folder / "bin", "apply", waits)
    blue = infrastructure.module(variables={"color": "blue"}, binary=str(program))
    going = asyncio.create_task(engine.run(blue))
    await until(asked.exists)

    await database.write(lambda session: versions.restore(session, ACME, 1, "maya", NOW))
    go.touch()

    assert (await going)["color"] == "blue"
    assert (
        "The plan of terraform-acme went stale: its state was changed since, and has the serial 2 "
        "by now. Nothing of it was applied; look who else works on this state, and retry.\n"
    ) in infrastructure.log


async def test_a_plan_that_was_made_before_there_was_a_state_is_made_once_more(
    infrastructure: Infrastructure, engine: Engine, database: Database
) -> None:
    asked, go = infrastructure.folder / "asked", infrastructure.folder / "go"
    waits = f"touch {asked}; while [ ! -e {go} ]; do sleep 0.05; done"
    program = behind(infrastructure.folder / "bin", "apply", waits)
    going = asyncio.create_task(engine.run(infrastructure.module(binary=str(program))))
    await until(asked.exists)

    others = {"version": 4, "serial": 3, "lineage": "others", "outputs": {}, "resources": []}
    state = versions.written(json.dumps(others).encode())
    await database.write(lambda session: versions.put(session, ACME, state, "maya", NOW))
    go.touch()

    assert (await going)["color"] == "red"
    assert (
        "The plan of terraform-acme went stale: its state was changed since, and has the serial 3 "
        "by now."
    ) in infrastructure.log
    kept = await database.read(lambda session: versions.versions(session, ACME))
    assert [(each.serial, each.lineage) for each in kept] == [(4, "others"), (3, "others")]


@pytest.mark.thorough
async def test_a_plan_that_goes_stale_again_and_again_is_given_up(
    engine: Engine, infrastructure: Infrastructure, database: Database
) -> None:
    await engine.run(infrastructure.module())
    asked, go = infrastructure.folder / "asked", infrastructure.folder / "go"
    waits = f"touch {asked}; while [ ! -e {go} ]; do sleep 0.05; done; rm {go}"
    program = behind(infrastructure.folder / "bin", "apply", waits)
    blue = infrastructure.module(variables={"color": "blue"}, binary=str(program))
    going = asyncio.create_task(engine.run(blue))

    for _ in range(2):
        await until(asked.exists)
        asked.unlink()
        await database.write(lambda session: versions.restore(session, ACME, 1, "maya", NOW))
        go.touch()

    with pytest.raises(StepFailed, match="The plan of terraform-acme went stale"):
        await going


async def test_an_older_version_of_the_state_is_put_back(
    engine: Engine, infrastructure: Infrastructure, database: Database
) -> None:
    await engine.run(infrastructure.module())
    infrastructure.write(database=DATABASE)
    with_database = infrastructure.module(may_destroy=True)
    await engine.run(with_database, force=True)
    assert (await engine.run(with_database, "plan")).changes == ()

    await database.write(lambda session: versions.restore(session, ACME, 1, "maya", NOW))

    plan = await engine.run(with_database, "plan")
    assert [each.path for each in plan.changes] == ["terraform/terraform_data.database"]
