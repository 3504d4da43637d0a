"""Tenants' infrastructure by the bot's engine, and its server of states, in one process."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette

from bot.child_processes import wait_without_threads
from bot.engine.clock import SystemClock
from bot.engine.engine import Engine
from bot.garbage import collect_seldom
from bot.simulated.serving import serving
from bot.store.database import Database
from bot.terraform_state.access import ServedStates
from bot.terraform_state.passwords import Passwords
from bot.web.terraform_state import terraform_state_route
from resources.executors.admission import admitting
from resources.executors.machine import room_of_this_machine
from resources.library import TerraformModule, TerraformOutputs
from resources.masking import Masks
from resources.secrets import EnvironmentSecrets, Secrets
from tests.bench.terraform_by_hand import spent


def applied(url: str, folder: str, terraform: str, names: list[str]) -> dict[str, float]:
    """Answer what it took to plan and apply every tenant, once, from nothing."""
    return asyncio.run(_applied(url, _modules(Path(folder), terraform, names)))


def skipped(url: str, folder: str, terraform: str, names: list[str]) -> dict[str, float]:
    """Answer the seconds in which every tenant was found to be as it should."""
    return asyncio.run(_skipped(url, _modules(Path(folder), terraform, names)))


def _modules(folder: Path, terraform: str, names: list[str]) -> list[TerraformModule]:
    return [
        TerraformModule(
            name=name,
            directory=folder / "module",
            home=folder / "home",
            variables={"tenant": name},
            binary=terraform,
        )
        for name in names
    ]


async def _applied(url: str, modules: Sequence[TerraformModule]) -> dict[str, float]:
    async with _engine(url) as engine:
        began, before, own = time.perf_counter(), spent(), time.process_time()
        outputs = await _all(engine, modules)
        sample = {
            "cpu": spent() - before,
            "own": time.process_time() - own,
            "seconds": time.perf_counter() - began,
        }
    for module, answered in zip(modules, outputs, strict=True):
        if answered["address"] != f"{module.name}.internal":
            raise RuntimeError(f"{module.name} has the address {answered['address']}")
    return sample


async def _skipped(url: str, modules: Sequence[TerraformModule]) -> dict[str, float]:
    async with _engine(url) as engine:
        await _all(engine, modules)
        began = time.perf_counter()
        await _all(engine, modules)
        return {"seconds": time.perf_counter() - began}


async def _all(engine: Engine, modules: Sequence[TerraformModule]) -> list[TerraformOutputs]:
    """Ask for all of them at once, and leave it to the engine and the admission what goes on."""
    outputs: list[TerraformOutputs] = await asyncio.gather(*map(engine.run, modules))
    return outputs


@asynccontextmanager
async def _engine(url: str) -> AsyncIterator[Engine]:
    """Have an engine that runs scripts as a worker does, and serves the states as `serve` does."""
    collect_seldom()
    wait_without_threads()
    passwords, masks, clock = Passwords("a secret of this bench"), Masks(), SystemClock()
    async with Database(url) as database:
        route = terraform_state_route(database, passwords, clock.now)
        async with serving(Starlette(routes=[route])) as address:
            states = ServedStates(database, passwords, lambda: address, masks.add)
            secrets = Secrets(EnvironmentSecrets(dict(os.environ)), hear=masks.add)
            with admitting(room_of_this_machine()):
                async with Engine(database, given=[states, secrets, masks], masks=masks) as engine:
                    yield engine
