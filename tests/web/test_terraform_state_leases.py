"""Who may read and write a state: one run, under one lock, for as long as it has its lease."""

from collections.abc import AsyncIterator

import pytest

from bot.states import State
from bot.store.database import Database
from bot.web.terraform_state import SMALL_STATE
from tests.web.state_backend import STATE, Backend, lock, state, state_backend


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    own = {"sqlite": "sqlite_url", "postgresql": "postgres_url"}[request.param]
    url: str = request.getfixturevalue(own)
    return url


@pytest.fixture
async def backend(database: Database) -> AsyncIterator[Backend]:
    async with state_backend(database) as backend:
        yield backend


@pytest.mark.parametrize("method", ["GET", "POST", "LOCK", "UNLOCK", "DELETE"])
async def test_who_lost_its_lease_is_told_so_and_leaves_the_lock_to_the_next(
    backend: Backend, method: str
) -> None:
    before = await backend.run("acme", token=1)
    after = await backend.run("acme", token=2)
    await backend.ask("LOCK", after, body=lock("l1"))
    body = state(9) if method == "POST" else lock("l1")

    late = await backend.ask(method, before, body=body, query="?ID=l1")

    assert (late.status_code, late.text) == (
        403,
        "The run acme has ended or is carried out by another process, and its password with it.",
    )
    assert (await backend.ask("GET", after)).status_code == 404
    assert (await backend.ask("POST", after, body=state(1), query="?ID=l1")).status_code == 200


@pytest.mark.parametrize("told", [True, False])
async def test_a_large_state_of_who_lost_its_lease_is_not_even_read(
    backend: Backend, told: bool
) -> None:
    ended = await backend.run("acme", state=State.FAILED)

    async def pieces() -> AsyncIterator[bytes]:
        yield b"no state"

    content = b"no state" * SMALL_STATE if told else pieces()
    late = await backend.client.post(f"/terraform/state/{STATE}", content=content, auth=ended)

    assert late.status_code == 403


@pytest.mark.parametrize("told", [True, False])
async def test_a_large_state_is_what_was_written(backend: Backend, told: bool) -> None:
    acme = await backend.run("acme")
    await backend.ask("LOCK", acme, body=lock())
    large = state(1, "red" * SMALL_STATE)

    async def pieces() -> AsyncIterator[bytes]:
        yield large[:100]
        yield large[100:]

    url = f"/terraform/state/{STATE}?ID=l1"
    put = await backend.client.post(url, content=large if told else pieces(), auth=acme)

    assert put.status_code == 200
    assert (await backend.ask("GET", acme)).content == large


async def test_a_lock_may_be_asked_for_and_given_back_twice(backend: Backend) -> None:
    acme = await backend.run("acme")

    twice = [await backend.ask("LOCK", acme, body=lock()) for _ in range(2)]
    back = [await backend.ask("UNLOCK", acme, body=lock()) for _ in range(2)]

    assert [each.status_code for each in (*twice, *back)] == [200, 200, 200, 200]


async def test_another_lock_of_the_same_run_does_not_do(backend: Backend) -> None:
    acme = await backend.run("acme")
    await backend.ask("LOCK", acme, body=lock("l1"))

    for method in ("POST", "LOCK", "UNLOCK"):
        body = state() if method == "POST" else lock("l2")
        assert (await backend.ask(method, acme, body=body, query="?ID=l2")).status_code == 423
