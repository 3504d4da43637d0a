"""The bot's web side as a run's Terraform sees it: one that keeps states."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx
from sqlmodel import Session
from starlette.applications import Starlette

from bot.simulated.serving import serving
from bot.states import State
from bot.store.database import Database
from bot.store.tables import Run
from bot.terraform_state.passwords import Bearer, Passwords
from bot.web.terraform_state import terraform_state_route

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
STATE = "terraform-acme"
PASSWORDS = Passwords("a secret of this bot")


def state(serial: int = 1, color: str = "red") -> bytes:
    outputs = {"color": {"value": color, "type": "string"}}
    return json.dumps(
        {"version": 4, "serial": serial, "lineage": "a1", "outputs": outputs}
    ).encode()


def lock(lock_id: str = "l1") -> dict[str, str]:
    return {"ID": lock_id, "Operation": "OperationTypeApply", "Who": "root@worker"}


@dataclass
class Backend:
    """The bot's web side, and what it remembers."""

    database: Database
    client: httpx.AsyncClient

    async def run(
        self, run_id: str, token: int = 1, state: State = State.RUNNING
    ) -> httpx.BasicAuth:
        """Let a run go on, and answer what it says to be let in."""

        def begin(session: Session) -> None:
            session.merge(
                Run(
                    id=run_id,
                    root_id=run_id,
                    identity=f"terraform-{run_id}",
                    command="update",
                    kind="a:B",
                    arguments="{}",
                    fingerprint=run_id,
                    state=state,
                    token=token,
                    created_at=NOW,
                )
            )

        await self.database.write(begin)
        return httpx.BasicAuth(run_id, PASSWORDS.of(Bearer(run_id, token), STATE))

    async def ask(
        self,
        method: str,
        auth: httpx.BasicAuth | None,
        *,
        body: bytes | dict[str, str] = b"",
        query: str = "",
        headers: dict[str, str] | None = None,
        identity: str = STATE,
    ) -> httpx.Response:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        url = f"/terraform/state/{identity}{query}"
        return await self.client.request(
            method, url, content=content, auth=auth, headers=headers or {}
        )

    async def write(self, auth: httpx.BasicAuth, text: bytes, lock_id: str = "l1") -> None:
        """Lock, write and unlock, as Terraform does."""
        assert (await self.ask("LOCK", auth, body=lock(lock_id))).status_code == 200
        put = await self.ask("POST", auth, body=text, query=f"?ID={lock_id}")
        assert put.status_code == 200, put.text
        assert (await self.ask("UNLOCK", auth, body=lock(lock_id))).status_code == 200


@asynccontextmanager
async def state_backend(database: Database) -> AsyncIterator[Backend]:
    """Serve the states in a database."""
    app = Starlette(routes=[terraform_state_route(database, PASSWORDS, lambda: NOW)])
    async with serving(app) as address, httpx.AsyncClient(base_url=address) as client:
        yield Backend(database, client)
