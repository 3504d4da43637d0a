"""The state of a module over real HTTP, as Terraform asks for it."""

import asyncio
import base64
import hashlib
import json
from collections.abc import AsyncIterator, Callable
from datetime import timedelta

import httpx
import pytest
from sqlmodel import Session

from bot.states import State
from bot.store.database import Database
from bot.terraform_state import versions
from bot.terraform_state.access import ServedStates
from bot.terraform_state.passwords import Bearer, Passwords
from bot.web.terraform_state import LARGEST_LOCK
from resources.errors import Refused
from resources.masking import Masks
from tests.web.state_backend import NOW, PASSWORDS, STATE, Backend, lock, state, state_backend


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    own = {"sqlite": "sqlite_url", "postgresql": "postgres_url"}[request.param]
    url: str = request.getfixturevalue(own)
    return url


@pytest.fixture
async def backend(database: Database) -> AsyncIterator[Backend]:
    async with state_backend(database) as backend:
        yield backend


async def test_a_state_is_what_was_written_last(backend: Backend) -> None:
    acme = await backend.run("acme")
    assert (await backend.ask("GET", acme)).status_code == 404

    await backend.write(acme, state(1))
    await backend.write(acme, state(2, "blue"))

    assert (await backend.ask("GET", acme)).content == state(2, "blue")


async def test_every_version_is_kept_and_can_be_put_back(
    backend: Backend, database: Database
) -> None:
    acme = await backend.run("acme")
    await backend.write(acme, state(1))
    await backend.write(acme, state(2, "blue"))

    number = await database.write(lambda session: versions.restore(session, STATE, 1, "maya", NOW))

    put_back = json.loads((await backend.ask("GET", acme)).content)
    assert (put_back["serial"], put_back["outputs"]["color"]["value"]) == (3, "red")
    kept = await database.read(lambda session: versions.versions(session, STATE))
    assert [(each.version, each.serial, each.run_id) for each in kept] == [
        (number, 3, "maya"),
        (2, 2, "acme"),
        (1, 1, "acme"),
    ]


async def test_a_version_that_is_not_there_is_not_put_back(database: Database) -> None:
    with pytest.raises(Refused) as refused:
        await database.write(lambda session: versions.restore(session, STATE, 7, "maya", NOW))

    assert str(refused.value) == (
        "terraform-acme has no version 7 of its state: see `orbits state list terraform-acme`."
    )


async def test_the_newest_versions_are_kept_and_older_ones_forgotten(database: Database) -> None:
    def write_many(session: Session) -> list[int]:
        for serial in range(1, versions.KEPT_VERSIONS + 3):
            versions.put(session, STATE, versions.written(state(serial)), "acme", NOW)
        return [each.serial for each in versions.versions(session, STATE)]

    kept = await database.write(write_many)

    assert (kept[0], kept[-1], len(kept)) == (52, 3, versions.KEPT_VERSIONS)


async def test_a_state_is_known_as_of_a_moment(database: Database) -> None:
    def put(serial: int, minutes: int) -> Callable[[Session], int]:
        written, at = versions.written(state(serial)), NOW + timedelta(minutes=minutes)
        return lambda session: versions.put(session, STATE, written, "acme", at)

    for serial in (1, 2, 3):
        await database.write(put(serial, 10 * serial))
    states = ServedStates(database, PASSWORDS, lambda: None, Masks().add)

    found = [await states.as_of(STATE, NOW + timedelta(minutes=at)) for at in (9, 10, 29, 30, 90)]

    assert found == [None, state(1), state(2), state(3), state(3)]
    assert await states.as_of("terraform-globex", NOW) is None


async def test_as_of_a_moment_that_is_forgotten_it_is_the_oldest_that_is_kept(
    database: Database,
) -> None:
    def write_many(session: Session) -> None:
        for serial in range(1, versions.KEPT_VERSIONS + 3):
            at = NOW + timedelta(minutes=serial)
            versions.put(session, STATE, versions.written(state(serial)), "acme", at)

    await database.write(write_many)

    found = await database.read(lambda session: versions.as_of(session, STATE, NOW))
    assert found == state(3)


async def test_the_password_of_a_run_is_masked_as_one_that_passes(backend: Backend) -> None:
    await backend.run("acme")
    heard: list[tuple[str, bool]] = []

    def mask(value: str, *, passing: bool) -> None:
        heard.append((value, passing))

    states = ServedStates(backend.database, PASSWORDS, lambda: "http://bot", mask)
    await states.access(STATE, "acme")

    assert heard == [(PASSWORDS.of(Bearer("acme", 1), STATE), True)]


async def test_what_was_imported_is_remembered_once(database: Database) -> None:
    states = ServedStates(database, PASSWORDS, lambda: None, Masks().add)

    await states.note_imported(STATE, ["a.b", "a.c"])
    await states.note_imported(STATE, ["a.b"])

    assert await states.imported(STATE) == {"a.b", "a.c"}
    assert await states.imported("terraform-globex") == set()


async def test_the_same_state_twice_is_one_version(backend: Backend, database: Database) -> None:
    acme = await backend.run("acme")
    await backend.write(acme, state(1))
    await backend.write(acme, state(1))

    assert len(await database.read(lambda session: versions.versions(session, STATE))) == 1


async def test_a_deleted_state_is_not_there_and_its_versions_are(
    backend: Backend, database: Database
) -> None:
    acme = await backend.run("acme")
    await backend.write(acme, state(1))
    await backend.ask("LOCK", acme, body=lock())
    assert (await backend.ask("DELETE", acme, query="?ID=l1")).status_code == 200

    assert (await backend.ask("GET", acme)).status_code == 404
    kept = await database.read(lambda session: versions.versions(session, STATE))
    assert [each.deleted for each in kept] == [True, False]


async def test_who_comes_second_is_told_who_has_the_lock(backend: Backend) -> None:
    acme, globex = await backend.run("acme"), await backend.run("globex")
    assert (await backend.ask("LOCK", acme, body=lock("l1"))).status_code == 200

    answer = await backend.ask("LOCK", globex, body=lock("l2"))

    assert answer.status_code == 423
    held = "run acme (terraform-acme, update), since 2026-03-01 09:00:00 UTC"
    assert answer.json()["ID"] == held
    assert (await backend.ask("POST", globex, body=state(), query="?ID=l2")).status_code == 423
    assert (await backend.ask("UNLOCK", globex, body=lock("l2"))).status_code == 423


async def test_of_many_who_ask_at_once_one_gets_the_lock(backend: Backend) -> None:
    runs = [await backend.run(f"run{number}") for number in range(8)]

    answers = await asyncio.gather(
        *(backend.ask("LOCK", run, body=lock(f"l{n}")) for n, run in enumerate(runs))
    )

    assert sorted(answer.status_code for answer in answers) == [200, *[423] * 7]


@pytest.mark.parametrize("end", [State.FAILED, State.SUCCEEDED, State.QUEUED])
async def test_the_lock_of_a_run_that_goes_on_no_more_is_free(backend: Backend, end: State) -> None:
    acme, globex = await backend.run("acme"), await backend.run("globex")
    await backend.ask("LOCK", acme, body=lock("l1"))
    await backend.run("acme", state=end)

    assert (await backend.ask("LOCK", globex, body=lock("l2"))).status_code == 200


async def test_who_lost_its_lease_writes_nothing_any_more(backend: Backend) -> None:
    before = await backend.run("acme", token=1)
    await backend.ask("LOCK", before, body=lock("l1"))
    after = await backend.run("acme", token=2)

    late = await backend.ask("POST", before, body=state(), query="?ID=l1")

    assert late.status_code == 403
    assert late.text == (
        "The run acme has ended or is carried out by another process, and its password with it."
    )
    await backend.write(after, state(1), "l2")


async def test_a_state_is_written_under_its_lock_only(backend: Backend) -> None:
    acme = await backend.run("acme")

    answer = await backend.ask("POST", acme, body=state())

    assert (answer.status_code, answer.text) == (
        409,
        "The run acme has not locked this state. Lock it.",
    )


async def test_a_lock_can_be_forced_open_by_the_run_that_has_it(backend: Backend) -> None:
    acme, globex = await backend.run("acme"), await backend.run("globex")
    await backend.ask("LOCK", acme, body=lock())

    assert (await backend.ask("UNLOCK", globex)).status_code == 423
    assert (await backend.ask("UNLOCK", acme)).status_code == 200


@pytest.mark.parametrize(
    "auth",
    [
        None,
        httpx.BasicAuth("acme", ""),
        httpx.BasicAuth("acme", "1-" + "0" * 64),
        httpx.BasicAuth("globex", PASSWORDS.of(Bearer("acme", 1), STATE)),
        httpx.BasicAuth("acme", PASSWORDS.of(Bearer("acme", 1), "terraform-globex")),
        httpx.BasicAuth("acme", Passwords("another").of(Bearer("acme", 1), STATE)),
        httpx.BasicAuth("acme", "٣-" + "0" * 64),
    ],
)
async def test_nobody_else_is_let_in(backend: Backend, auth: httpx.BasicAuth | None) -> None:
    await backend.run("acme")

    for method in ("GET", "POST", "LOCK", "UNLOCK", "DELETE"):
        answer = await backend.ask(method, auth, body=state())
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == 'Basic realm="orbits"'


@pytest.mark.parametrize("header", ["Bearer x", "Basic", "Basic !", "Basic eA==", "Basic /w=="])
async def test_no_header_that_cannot_be_read_lets_anybody_in(backend: Backend, header: str) -> None:
    answer = await backend.ask("GET", None, headers={"Authorization": header})

    assert answer.status_code == 401


async def test_what_is_no_state_is_not_stored(backend: Backend) -> None:
    acme = await backend.run("acme")
    await backend.ask("LOCK", acme, body=lock())

    for text in (b"", b"[]", b"{}", b'{"version": 4, "serial": -1, "lineage": "a"}', b"\xff"):
        answer = await backend.ask("POST", acme, body=text, query="?ID=l1")
        assert (answer.status_code, answer.text) == (
            400,
            "That is no state: it has no version, serial and lineage.",
        )
    assert (await backend.ask("LOCK", acme, body=b"{}")).status_code == 400


async def test_what_arrives_changed_is_not_stored(backend: Backend) -> None:
    acme = await backend.run("acme")
    await backend.ask("LOCK", acme, body=lock())
    md5 = base64.b64encode(hashlib.md5(state(1), usedforsecurity=False).digest()).decode()

    answer = await backend.ask(
        "POST", acme, body=state(2), query="?ID=l1", headers={"Content-MD5": md5}
    )

    assert answer.status_code == 400
    assert (
        await backend.ask("POST", acme, body=state(1), query="?ID=l1", headers={"Content-MD5": md5})
    ).status_code == 200


async def test_what_is_too_large_is_not_read(backend: Backend) -> None:
    acme = await backend.run("acme")

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b"x" * (LARGEST_LOCK // 2)

    told = await backend.ask("LOCK", acme, body=b"x" * (LARGEST_LOCK + 1))
    untold = await backend.client.request(
        "LOCK", f"/terraform/state/{STATE}", content=pieces(), auth=acme
    )

    assert (told.status_code, untold.status_code) == (413, 413)
    assert told.text == "That is larger than 65,536 bytes."
