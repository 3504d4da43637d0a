"""The value of a secret is never in the store, whatever a run does with it."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.engine.logs.step_log import printed_by
from bot.states import State
from bot.store.database import Database
from resources import (
    Action,
    LongAction,
    OrbitsError,
    Pending,
    Resource,
    Retry,
    Secret,
    StepFailed,
    Workflow,
)
from resources.secrets import EnvironmentSecrets, Secrets
from tests.engine.model_things import World

VALUE = "correct-horse-battery-staple-42"
NUMBER = "4815162342108"
PASSWORD = Secret(reference="env:PASSWORD")
PIN = Secret(reference="env:PIN")
SECRETS = Secrets(EnvironmentSecrets({"PASSWORD": VALUE, "PIN": NUMBER}))


class Connect(Action):
    """Reveals the password, and does with it what it is told to."""

    password: Secret = PASSWORD
    then: str = "nothing"

    async def run(self) -> str:
        value = await self.reveal(self.password)
        self.given(World).note(f"connected with {len(value)} characters")
        if self.then == "print":
            self.log(f"trying {value[:9]}")
            self.log(f"{value[9:]} and waiting\n")
        if self.then == "fail":
            raise RuntimeError(f"refused {value}")
        if self.then == "fail at length":
            # The words are cut in the middle of it.
            raise RuntimeError(f"{value}{'.' * (4_000 - len(value) // 2)}")
        if self.then == "fail with facts":
            raise OrbitsError(f"refused {value}", sent=[value], by={"who": value})
        if self.then == "fail with a number":
            raise OrbitsError("refused", pin=int(value))
        return value if self.then == "return" else "connected"


class Connects(Workflow):
    then: str = "nothing"
    password: Secret = PASSWORD

    async def define(self) -> str:
        retry = Retry(attempts=2, first=timedelta(0)) if self.then == "fail" else Retry()
        step = Connect(then=self.then, password=self.password)
        return await self.do("connect", step, retry=retry)


class Leaks(Workflow):
    """Answers the value itself, outside of any step."""

    async def define(self) -> str:
        return await self.reveal(PASSWORD)


class Database_(Resource):  # noqa: N801 (the store's own is here as well)
    """Puts the value into its output."""

    password: Secret = PASSWORD

    def identity(self) -> str:
        return "database"

    async def define_update(self) -> None:
        await self.do("connect", Connect(password=self.password))

    async def output(self) -> str:
        return f"db://admin:{await self.reveal(self.password)}@host"


class UsesDatabase(Workflow):
    async def define(self) -> None:
        await self.do("database", Database_())


class OpenTunnel(LongAction):
    """Its handle holds the value."""

    async def start(self) -> str:
        return f"tunnel {await self.reveal(PASSWORD)}"

    async def check(self, handle: str) -> str | Pending:
        return "open"


class Tunnels(Workflow):
    async def define(self) -> str:
        return await self.do("tunnel", OpenTunnel())


class HandsOn(Workflow):
    """Makes the value an argument, which is stored."""

    async def define(self) -> None:
        await self.do("vault", Vault(key=await self.reveal(PASSWORD)))


class Vault(Resource):
    key: str

    def identity(self) -> str:
        return "vault"

    async def define_update(self) -> None:
        self.given(World).note("updated")


@pytest.fixture
async def world(sqlite_url: str) -> AsyncIterator[World]:
    async with Database(sqlite_url) as database:
        yield World(database)


def in_files(world: World, value: str) -> bool:
    """Answer whether the bytes of a value stand anywhere in the database's files."""
    path = world.database.path
    assert path is not None
    files = [file for file in path.parent.iterdir() if file.name.startswith(path.name)]
    assert Path(path) in files
    return any(value.encode() in file.read_bytes() for file in files)


@pytest.mark.parametrize("then", ["nothing", "print", "fail", "fail with facts", "return"])
async def test_what_a_step_reveals_is_not_in_the_store(world: World, then: str) -> None:
    async with world.engine(SECRETS) as engine:
        await engine.outcome(await engine.submit(Connects(then=then)))
        assert not in_files(world, VALUE)
    assert not in_files(world, VALUE)
    assert f"connected with {len(VALUE)} characters" in world.entries


async def test_its_reference_is_in_the_store(world: World) -> None:
    async with world.engine(SECRETS) as engine:
        await engine.run(Connects())
    assert in_files(world, "env:PASSWORD")


async def test_what_is_printed_is_masked_though_it_comes_in_pieces(world: World) -> None:
    async with world.engine(SECRETS) as engine:
        run_id = await engine.submit(Connects(then="print"))
        await engine.outcome(run_id)
    printed = await printed_by(world.database, run_id)
    assert "".join(piece.text for piece in printed) == "trying [masked] and waiting\n"


async def test_a_failure_is_told_without_it(world: World) -> None:
    async with world.engine(SECRETS) as engine:
        with pytest.raises(StepFailed) as failed:
            await engine.run(Connects(then="fail with facts"))
    assert failed.value.reason == "refused [masked]"
    assert failed.value.cause is not None
    assert failed.value.cause.facts == {"sent": ["[masked]"], "by": {"who": "[masked]"}}


async def test_a_step_whose_result_holds_it_fails(world: World) -> None:
    async with world.engine(SECRETS) as engine:
        with pytest.raises(StepFailed, match="The result of `connect` holds a secret that this"):
            await engine.run(Connects(then="return"))


async def test_words_that_are_cut_do_not_tell_half_of_it(world: World) -> None:
    async with world.engine(SECRETS) as engine:
        await engine.outcome(await engine.submit(Connects(then="fail at length")))
    assert not in_files(world, VALUE[-12:])


async def test_a_number_among_the_facts_is_masked_and_the_failure_told(world: World) -> None:
    async with world.engine(SECRETS) as engine:
        with pytest.raises(StepFailed) as failed:
            await engine.run(Connects(then="fail with a number", password=PIN))
    assert failed.value.reason == "refused"
    assert not in_files(world, NUMBER)


async def test_a_run_whose_result_holds_it_fails(world: World) -> None:
    async with world.engine(SECRETS) as engine:
        outcome = await engine.outcome(await engine.submit(Leaks()))
    assert outcome.state is State.FAILED
    assert not in_files(world, VALUE)


async def test_a_resource_whose_output_holds_it_fails(world: World) -> None:
    async with world.engine(SECRETS) as engine:
        outcome = await engine.outcome(await engine.submit(UsesDatabase()))
    assert outcome.state is State.FAILED
    assert not in_files(world, VALUE)


async def test_a_long_action_whose_handle_holds_it_fails(world: World) -> None:
    async with world.engine(SECRETS) as engine:
        outcome = await engine.outcome(await engine.submit(Tunnels()))
    assert outcome.state is State.FAILED
    assert not in_files(world, VALUE)


async def test_a_step_whose_arguments_hold_it_is_refused(world: World) -> None:
    async with world.engine(SECRETS) as engine:
        outcome = await engine.outcome(await engine.submit(HandsOn()))
    assert outcome.state is State.FAILED
    assert not in_files(world, VALUE)
    assert world.entries == []


async def test_a_secret_that_is_not_there_fails_the_step_with_its_reference(
    world: World,
) -> None:
    async with world.engine(SECRETS) as engine:
        with pytest.raises(StepFailed, match="The secret `env:TOKEN` was not found"):
            await engine.run(Connects(password=Secret(reference="env:TOKEN")))


async def test_a_workflow_reveals_it_again_after_a_crash(world: World) -> None:
    """It is looked up where it is needed: a new value behind the reference is the one used."""
    async with world.engine(SECRETS) as engine:
        await engine.run(Connects())
    other = Secrets(EnvironmentSecrets({"PASSWORD": "another-value"}))
    async with world.engine(other) as engine:
        await engine.run(Connects())
    assert world.entries == ["connected with 31 characters", "connected with 13 characters"]
