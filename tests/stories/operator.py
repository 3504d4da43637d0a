"""Somebody at a command line, with a database and a fleet of their own."""

import asyncio
import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlmodel import Session
from typer.testing import CliRunner, Result

from bot.cli import app
from bot.states import State
from bot.store.database import Database
from bot.store.tables import Deployed, Deployment, Hold, Rollout
from resources.errors import Refused

Happening = Callable[[Session], None]
"""What a rollout, or somebody, leaves in the store."""

AT = datetime(2026, 11, 22, tzinfo=UTC)
SHA = "9f8e7d6" + "0" * 33


class Operator:
    """Types `orbits tenants ...`; nobody sits at a terminal, unless it is said."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.environment = {
            "ORBITS_DATABASE_URL": f"sqlite:///{home / 'orbits.db'}",
            "ORBITS_STACKS": "resources.example:stacks",
            "COLUMNS": "96",
        }

    def types(self, *words: str) -> str:
        """Answer what is printed by a command that does what was asked."""
        result = self._invoke(words)
        assert result.exit_code == 0, result.exception
        return result.output

    def is_refused(self, *words: str) -> str:
        """Answer why a command does not do what was asked."""
        refused = self._invoke(words).exception
        assert isinstance(refused, Refused), refused
        return str(refused)

    def sees(self, *who: str) -> list[dict[str, Any]]:
        """Answer the tenants, as a machine reads them."""
        found: list[dict[str, Any]] = json.loads(self.types("list", *who, "--json"))
        return found

    def sees_of(self, name: str) -> dict[str, Any]:
        """Answer one tenant, as a machine reads it."""
        (one,) = self.sees(name)
        return one

    def has_a_file(self, text: str, name: str = "tenants.toml") -> str:
        """Write a file, and answer what it is called on the command line."""
        path = self.home / name
        path.write_text(text)
        return str(path)

    def finds(self, *happened: Happening) -> None:
        """Let something stand in the store, such as what a rollout left there."""

        async def write() -> None:
            async with Database(self.environment["ORBITS_DATABASE_URL"]) as database:
                for each in happened:
                    await database.write(each)

        asyncio.run(write())

    def _invoke(self, words: tuple[str, ...]) -> Result:
        unset = {name: None for name in os.environ if name.startswith("ORBITS_")}
        return CliRunner().invoke(app, ["tenants", *words], env={**unset, **self.environment})


def has_the_backend(tenant: str) -> Happening:
    """A deployment of some time ago."""
    return lambda session: session.add(
        Deployed(tenant=tenant, service="backend", revision=SHA, updated_at=AT)
    )


def is_held(tenant: str) -> Happening:
    """A hold, as a rollback places it."""
    return lambda session: session.add(
        Hold(
            tenant=tenant,
            service="backend",
            kind="hold",
            revision=SHA,
            reason="orders are lost",
            placed_by="maya",
            placed_at=AT,
        )
    )


def is_deployed_to(tenant: str) -> Happening:
    """A deployment that goes on."""

    def begin(session: Session) -> None:
        session.add(
            Rollout(
                id="r1",
                number=1,
                key="k1",
                repository="agency/backend",
                branch="main",
                sha=SHA,
                services=["backend"],
                pull_request=7,
                title="Remember phones",
                author="maya",
                asked_by="maya",
                url="https://github.test/agency/backend/pull/7",
                state=State.RUNNING,
                created_at=AT,
            )
        )
        session.add(
            Deployment(
                rollout_id="r1", tenant=tenant, state=State.RUNNING, reason="uses it", started_at=AT
            )
        )

    return begin
