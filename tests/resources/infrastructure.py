"""A bot that keeps the states of modules, and an engine that applies them by a real Terraform."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette

from bot.engine.engine import Engine
from bot.simulated.serving import serving
from bot.store.database import Database
from bot.terraform_state.access import ServedStates
from bot.terraform_state.passwords import Passwords
from bot.web.terraform_state import terraform_state_route
from resources.library import TerraformModule
from resources.library.terraform.states import StateAccess
from resources.masking import Masks
from resources.secrets import EnvironmentSecrets, Secrets
from tests.resources.passing_clock import PassingClock
from tests.step_logs import printed_on

SITE = """
variable "color" {
  type = string
}

variable "password" {
  type      = string
  default   = "none"
  sensitive = true
}

resource "terraform_data" "site" {
  input = var.color
}

output "color" {
  value = terraform_data.site.output
}

output "password" {
  value     = var.password
  sensitive = true
}
"""
DATABASE = """
resource "terraform_data" "database" {
  triggers_replace = var.color
}
"""


def terraform_or_skip() -> str:
    """Answer the program, or skip the test."""
    found = shutil.which("terraform")
    if found is None:
        pytest.skip("no `terraform` on PATH: https://developer.hashicorp.com/terraform/install")
    return found


class WrongStates(ServedStates):
    """Gives every run a password that opens nothing."""

    async def access(self, identity: str, run_id: str) -> StateAccess:
        access = await super().access(identity, run_id)
        return access.model_copy(update={"password": "1-wrong-password"})


@dataclass
class Infrastructure:
    """A module in a folder, and where it is applied."""

    database: Database
    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    address: str | None = None
    port: int = 0
    clock: PassingClock = field(default_factory=PassingClock)

    def module(self, name: str = "acme", **arguments: Any) -> TerraformModule:
        """Answer the module for a tenant; without other words its color is red."""
        arguments = {"variables": {"color": "red"}} | arguments
        settings = {"directory": self.source, "home": self.folder / "home"}
        return TerraformModule(name=name, **(settings | arguments))

    @property
    def source(self) -> Path:
        """Where the module is, in a checkout of a revision."""
        return self.folder / "trees" / ("a" * 40) / "deploy"

    def write(self, *, revision: str = "a", **files: str) -> Path:
        """Write the files of the module, by their names without the suffix, as of a revision."""
        folder = self.folder / "trees" / (revision * 40) / "deploy"
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (folder / f"{name}.tf").write_text(text)
        return folder

    @property
    def log(self) -> str:
        """All that was printed."""
        return printed_on(self.database)

    @property
    def runs(self) -> list[Path]:
        """What is left in the folders of runs."""
        return [path for path in (self.folder / "home" / "runs").rglob("*") if path.is_file()]

    @asynccontextmanager
    async def served(self) -> AsyncIterator[None]:
        """Serve the states, at the same address each time."""
        route = terraform_state_route(self.database, _PASSWORDS, self.clock.now)
        async with serving(Starlette(routes=[route]), port=self.port) as self.address:
            self.port = int(self.address.rpartition(":")[2])
            yield

    @asynccontextmanager
    async def engine(
        self, states: type[ServedStates] = ServedStates, more: Sequence[object] = ()
    ) -> AsyncIterator[Engine]:
        """Work on the database, as a process of the bot does."""
        masks = Masks()
        kept = states(self.database, _PASSWORDS, lambda: self.address, masks.add)
        secrets = Secrets(EnvironmentSecrets(self.environment), hear=masks.add)
        given = [kept, secrets, masks, *more]
        async with Engine(self.database, clock=self.clock, given=given, masks=masks) as engine:
            yield engine


_PASSWORDS = Passwords("a secret of this bot")


def behind(folder: Path, command: str, first: str) -> Path:
    """Answer a Terraform that runs a line of shell before that command."""
    program = folder / "terraform"
    program.parent.mkdir(exist_ok=True)
    program.write_text(
        f'#!/bin/sh\nif [ "$1" = {command} ]; then\n{first}\nfi\nexec {terraform_or_skip()} "$@"\n'
    )
    program.chmod(0o755)
    return program


async def until(fact: Callable[[], bool]) -> None:
    """Wait for a fact."""
    async with asyncio.timeout(30):
        while not fact():  # noqa: ASYNC110 (files tell nobody)
            await asyncio.sleep(0.02)
