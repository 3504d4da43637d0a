"""Terraform and its provider half-way: somebody else waits for the state, or kills them."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from bot.engine.engine import Engine
from bot.states import State
from bot.store.database import Database
from bot.store.tables import TerraformLock
from bot.terraform_state.access import ServedStates
from resources.errors import StepFailed
from resources.library import TerraformModule
from resources.library.terraform.states import StateAccess
from tests.resources.infrastructure import until
from tests.resources.provided_files import PROVIDER, ProvidedFiles

ACME = "terraform-acme"


@pytest.fixture
async def engine(provided: ProvidedFiles) -> AsyncIterator[Engine]:
    async with provided.infrastructure.engine() as engine:
        yield engine


def stuck(provided: ProvidedFiles) -> tuple[TerraformModule, Path]:
    """Answer a module whose apply stops half-way until somebody reads the path, or removes it."""
    directory = provided.write({"first": '"one"', "second": "orbits_file.first.content"})
    second = provided.folder / "second"
    os.mkfifo(second)
    return provided.module(directory), second


async def is_stuck(provided: ProvidedFiles) -> int:
    """Wait until it is, and answer which process applies."""
    await until(lambda: "orbits_file.second: Creating..." in provided.infrastructure.log)
    (pid,) = processes(provided, "apply")
    return pid


async def let_go(provided: ProvidedFiles, second: Path) -> None:
    """Let the provider write what it wants to write, and leave a file that has it."""
    reading = replaced(second)
    await until(lambda: "orbits_file.second: Creation" in provided.infrastructure.log)
    os.close(reading)


def replaced(second: Path) -> int:
    reading = os.open(second, os.O_RDONLY | os.O_NONBLOCK)
    second.unlink()
    second.write_text("one")
    return reading


def processes(provided: ProvidedFiles, word: str) -> list[int]:
    """Answer the processes of the test whose command has the word."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            inside = (process / "cwd").readlink().is_relative_to(provided.infrastructure.folder)
            if inside and word.encode() in (process / "cmdline").read_bytes().split(b"\0"):
                found.append(int(process.name))
        except OSError:
            continue
    return found


class OneState(ServedStates):
    """Keeps one state for whoever asks; else no two runs that go on at once share any."""

    async def access(self, identity: str, run_id: str) -> StateAccess:
        return await super().access(ACME, run_id)

    async def newest(self, identity: str) -> bytes | None:
        return await super().newest(ACME)


@pytest.mark.thorough
async def test_the_second_of_two_runs_waits_says_for_whom_and_plans_anew(
    provided: ProvidedFiles, database: Database
) -> None:
    module, second = stuck(provided)
    also = module.model_copy(update={"name": "acme-too"})
    infrastructure = provided.infrastructure
    async with infrastructure.engine(OneState) as engine:
        runs = [await engine.submit(module)]
        await is_stuck(provided)
        runs.append(await engine.submit(also))
        lock = await database.read(lambda session: session.get_one(TerraformLock, ACME))
        said = (
            f"Waiting for the state, which is locked by run {runs[0]} (terraform-acme, update), "
            f"since {lock.at:%Y-%m-%d %H:%M:%S} UTC.\n"
        )
        await until(lambda: said in infrastructure.log)
        await let_go(provided, second)
        outcomes = [await engine.outcome(run) for run in runs]

    assert [outcome.state for outcome in outcomes] == [State.SUCCEEDED, State.SUCCEEDED]
    assert "The plan of terraform-acme-too went stale: " in infrastructure.log
    assert infrastructure.log.count("orbits_file.second: Creating...") == 1
    assert provided.there() == {"first": "one", "second": "one"}


@pytest.mark.thorough
@pytest.mark.parametrize("kill", [os.killpg, os.kill], ids=["with its provider", "alone"])
async def test_after_a_kill_in_mid_apply_the_next_run_goes_on(
    engine: Engine, provided: ProvidedFiles, kill: Callable[[int, int], None]
) -> None:
    module, second = stuck(provided)
    going = asyncio.create_task(engine.run(module))
    terraform = await is_stuck(provided)

    kill(terraform, signal.SIGKILL)

    with pytest.raises(StepFailed, match="was ended by the signal SIGKILL"):
        await going
    assert processes(provided, str(PROVIDER)) == []
    second.unlink()
    await engine.run(module)
    assert provided.there() == {"first": "one", "second": "one"}
    assert provided.infrastructure.runs == []
    assert "Waiting for the state" not in provided.infrastructure.log


@pytest.mark.thorough
async def test_after_its_provider_is_killed_terraform_keeps_what_was_done(
    engine: Engine, provided: ProvidedFiles
) -> None:
    module, second = stuck(provided)
    going = asyncio.create_task(engine.run(module))
    await is_stuck(provided)

    for provider in processes(provided, str(PROVIDER)):
        os.kill(provider, signal.SIGKILL)

    # Either it did not respond, or the request was cancelled: as Terraform comes to know of it.
    said = r"^The step `update` of terraform-acme failed: `terraform apply` .*ApplyResourceChange"
    with pytest.raises(StepFailed, match=said):
        await going
    log = provided.infrastructure.log
    second.unlink()
    await engine.run(module)
    assert provided.there() == {"first": "one", "second": "one"}
    assert "orbits_file.first" not in provided.infrastructure.log.removeprefix(log)


@pytest.mark.thorough
async def test_who_is_cancelled_ends_what_it_has_begun_and_keeps_it(
    provided: ProvidedFiles,
) -> None:
    module, second = stuck(provided)
    async with provided.infrastructure.engine() as engine:
        run_id = await engine.submit(module)
        await is_stuck(provided)
        letting_go = asyncio.create_task(let_go_once_interrupted(provided, second))
    await letting_go
    log = provided.infrastructure.log
    assert "orbits_file.second: Creation complete after " in log
    assert "Two interrupts received" not in log

    async with provided.infrastructure.engine() as engine, asyncio.timeout(30):
        outcome = await engine.outcome(run_id)

    assert outcome.state is State.SUCCEEDED
    assert provided.there() == {"first": "one", "second": "one"}
    assert "Creating..." not in provided.infrastructure.log.removeprefix(log)


async def let_go_once_interrupted(provided: ProvidedFiles, second: Path) -> None:
    await until(lambda: "Gracefully shutting down..." in provided.infrastructure.log)
    await let_go(provided, second)
