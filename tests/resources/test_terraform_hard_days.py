"""Infrastructure on days on which something breaks off."""

import asyncio
import json
import shutil
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.engine.engine import Engine
from bot.states import State
from bot.store.database import Database
from bot.store.tables import TerraformLock
from bot.terraform_state import versions
from resources.errors import StepFailed
from tests.resources.infrastructure import Infrastructure, behind, until

ACME = "terraform-acme"
SLOW = """
resource "terraform_data" "first" {
  provisioner "local-exec" {
    command = "echo made >> MADE"
  }
}

resource "terraform_data" "second" {
  depends_on = [terraform_data.first]
  provisioner "local-exec" {
    command = "touch BEGAN; while [ ! -e GO ]; do sleep 0.05; done"
  }
}
"""


@pytest.fixture
async def engine(infrastructure: Infrastructure) -> AsyncIterator[Engine]:
    async with infrastructure.engine() as engine:
        yield engine


def slow(infrastructure: Infrastructure) -> tuple[Path, Path, Path]:
    """Let an apply stop half-way; answer what says that it did, lets it go on, and how often."""
    began, go, made = (infrastructure.folder / name for name in ("began", "go", "made"))
    named = {"BEGAN": str(began), "GO": str(go), "MADE": str(made)}
    text = SLOW
    for name, path in named.items():
        text = text.replace(name, path)
    infrastructure.write(slow=text)
    return began, go, made


async def test_what_was_changed_by_hand_is_found(
    engine: Engine, infrastructure: Infrastructure
) -> None:
    await engine.run(infrastructure.module())
    # No object of Terraform's own can be changed behind its back: say what it would say.
    gone = {"resource": {"addr": "terraform_data.site"}, "action": "delete"}
    other = {"resource": {"addr": "module.a.x"}, "action": "update"}
    events = "\n".join(
        json.dumps(
            {"@level": "info", "@message": "Drift", "type": "resource_drift", "change": each}
        )
        for each in (gone, other)
    )
    program = behind(infrastructure.folder / "bin", "plan", f"cat <<'EOF'\n{events}\nEOF")

    found = await engine.run(infrastructure.module(binary=str(program)), "cycle")

    assert [(each.path, each.observed, each.severity) for each in found] == [
        ("terraform/terraform_data.site", None, "critical"),
        ("terraform/module.a.x", "changed since", "warning"),
    ]


async def test_a_state_that_could_not_be_handed_in_is_by_the_next_run(
    infrastructure: Infrastructure, database: Database
) -> None:
    began, go, made = slow(infrastructure)
    infrastructure.environment["TOKEN"] = "correct-horse"
    acme = infrastructure.module(secrets={"password": "env:TOKEN"})
    async with infrastructure.engine() as engine:
        going = asyncio.create_task(engine.run(acme))
        await until(began.exists)
        # Its lock is another's by now, as if others had taken the run for dead.
        await database.write(lambda session: session.delete(session.get(TerraformLock, ACME)))
        go.touch()
        with pytest.raises(StepFailed) as failed:
            await going
        assert "Failed to save state" in str(failed.value)
        assert [path.name for path in infrastructure.runs] == ["errored.tfstate"]

        outputs = await engine.run(acme)

    assert outputs["color"] == "red"
    assert made.read_text() == "made\n"
    assert infrastructure.runs == []
    assert "Handed in the state that an earlier run could not.\n" in infrastructure.log


async def test_a_run_that_is_cut_off_half_way_goes_on_where_it_was(
    infrastructure: Infrastructure,
) -> None:
    began, go, made = slow(infrastructure)
    acme = infrastructure.module()
    async with infrastructure.engine() as engine:
        run_id = await engine.submit(acme)
        await until(began.exists)
    go.touch()

    async with infrastructure.engine() as engine:
        async with asyncio.timeout(30):
            outcome = await engine.outcome(run_id)

    assert outcome.state is State.SUCCEEDED
    assert made.read_text() == "made\n"
    assert infrastructure.runs == []


async def test_what_is_missing_of_what_was_made_ready_is_made_ready_again(
    engine: Engine, infrastructure: Infrastructure
) -> None:
    await engine.run(infrastructure.module())
    (data,) = (infrastructure.folder / "home" / "modules").glob("*/data")
    shutil.rmtree(data)

    outputs = await engine.run(infrastructure.module(variables={"color": "blue"}))

    assert outputs["color"] == "blue"
    assert "making it ready for this run" in infrastructure.log


async def test_what_an_earlier_process_left_running_in_the_folder_is_ended(
    engine: Engine, infrastructure: Infrastructure
) -> None:
    folder = infrastructure.folder / "home" / "runs" / "acme" / "0192-x"
    folder.mkdir(parents=True)
    (folder / "orbits.tfplan").write_text("it may hold secrets")
    left = await asyncio.create_subprocess_exec("sleep", "60", cwd=folder, start_new_session=True)

    await engine.run(infrastructure.module())

    assert await left.wait() == -signal.SIGINT
    assert infrastructure.runs == []


async def test_one_that_is_killed_is_told_of_in_its_own_words(
    engine: Engine, infrastructure: Infrastructure
) -> None:
    wrong = {"severity": "error", "summary": "Bad size", "detail": "It is 0."}
    events = "\n".join(
        json.dumps(event)
        for event in (
            {"@level": "info", "@message": "Terraform 1.11.4", "type": "version"},
            {"@level": "error", "@message": "E", "type": "diagnostic", "diagnostic": wrong},
            *(
                {"@level": "info", "@message": f"site: Still creating {each}", "type": "log"}
                for each in range(100)
            ),
            {"@level": "info", "@message": "cut off before its end", "type": "log"},
        )
    )
    die = f"printf %s '{events[:-20]}'\nkill -KILL $$"
    program = behind(infrastructure.folder / "bin", "plan", die)

    with pytest.raises(StepFailed) as failed:
        await engine.run(infrastructure.module(binary=str(program)))

    lines = [f"site: Still creating {each}" for each in range(61, 100)]
    assert failed.value.tail.splitlines()[1:] == [*lines, "Error: Bad size. It is 0."]
    assert failed.value.tail.splitlines()[0].endswith(" bytes before this are left out]")
    assert failed.value.summary.endswith("` was ended by the signal SIGKILL.")
    assert failed.value.reason == (f"{failed.value.summary} Its last lines:\n{failed.value.tail}")


def left_behind(infrastructure: Infrastructure, serial: int, lineage: str = "other") -> Path:
    """Let an earlier run have left a state that it could not hand in."""
    left = infrastructure.folder / "home" / "runs" / "acme" / "left-0192" / "errored.tfstate"
    left.parent.mkdir(parents=True)
    left.write_text(json.dumps({"version": 4, "serial": serial, "lineage": lineage}))
    return left


async def test_a_state_that_is_outdated_is_put_aside(
    engine: Engine, infrastructure: Infrastructure
) -> None:
    await engine.run(infrastructure.module())
    left_behind(infrastructure, 1)

    await engine.run(infrastructure.module(variables={"color": "blue"}))

    (aside,) = infrastructure.runs
    assert (
        "A state that an earlier run left has the serial 1, and there is 1 by now: it is not "
        f"handed in, and is in {aside}.\n"
    ) in infrastructure.log


async def test_a_state_that_was_cut_short_is_for_a_person_to_look_at(
    engine: Engine, infrastructure: Infrastructure
) -> None:
    left = left_behind(infrastructure, 2)
    left.write_text('{"version": 4, "outputs": {"password": {"value": "corr')

    with pytest.raises(StepFailed) as failed:
        await engine.run(infrastructure.module())

    assert str(failed.value.cause) == (
        "terraform-acme is not worked on: an earlier run could not hand its state in, and what it "
        f"left in {left} is no whole state (54 bytes). What that run made may be named nowhere "
        "else, and would be made a second time. Look at the file: hand in what is right of it "
        "with `terraform state push`, or remove it where nothing is missing, and retry. Nothing "
        "was changed."
    )
    left.unlink()
    assert (await engine.run(infrastructure.module()))["color"] == "red"


@pytest.mark.thorough
async def test_a_state_that_cannot_be_handed_in_just_now_is_kept(
    infrastructure: Infrastructure, database: Database
) -> None:
    async with infrastructure.engine() as engine:
        await engine.run(infrastructure.module())
        kept = await database.read(lambda session: versions.versions(session, ACME))
        left = left_behind(infrastructure, 2, kept[0].lineage)
        infrastructure.address = "http://127.0.0.1:9"

        with pytest.raises(StepFailed):
            await engine.run(infrastructure.module(variables={"color": "blue"}))

    assert left.exists()
