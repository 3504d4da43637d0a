"""What a cycle has found: it is brought about anew, not skipped, and holds no secret."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from bot.engine.engine import Engine
from bot.store.database import Database
from resources import Difference, Plan, Resource, Secret
from resources.secrets import EnvironmentSecrets, Secrets
from tests.engine.engines import engine_on

VALUE = "correct-horse-battery-staple-42"
PASSWORD = Secret(reference="env:PASSWORD")


@dataclass
class Street:
    """Where the lamp stands, and what was done to it."""

    colour: str = "red"
    done: list[str] = field(default_factory=list)


class Lamp(Resource):
    """Shines in red."""

    def identity(self) -> str:
        return "lamp"

    async def define_install(self) -> None:
        self.given(Street).done.append("installed")

    async def define_update(self) -> None:
        self.given(Street).done.append("updated")

    async def define_cycle(self) -> list[Difference]:
        await self.reveal(PASSWORD)
        colour = self.given(Street).colour
        if colour == "red":
            return []
        return [Difference(path="colour", desired="red", observed={"seen": [colour, 3]})]

    async def define_plan(self) -> Plan:
        return Plan(changes=tuple(await self.define_cycle()))


@pytest.fixture
def street() -> Street:
    return Street()


@pytest.fixture
async def engine(database: Database, street: Street) -> AsyncIterator[Engine]:
    secrets = Secrets(EnvironmentSecrets({"PASSWORD": VALUE}))
    async with engine_on(database, given=[street, secrets]) as engine:
        yield engine


async def test_what_a_cycle_found_as_desired_is_skipped(engine: Engine, street: Street) -> None:
    await engine.run(Lamp())

    assert await engine.run(Lamp(), "cycle") == []
    await engine.run(Lamp())

    assert street.done == ["installed", "updated"]


async def test_what_a_cycle_found_to_differ_is_brought_about_again(
    engine: Engine, street: Street
) -> None:
    await engine.run(Lamp())
    street.colour = "blue"

    await engine.run(Lamp(), "cycle")
    await engine.run(Lamp())
    await engine.run(Lamp())

    assert street.done == ["installed", "updated"] * 2


async def test_a_plan_that_would_change_something_is_no_drift(
    engine: Engine, street: Street
) -> None:
    await engine.run(Lamp())
    street.colour = "blue"

    await engine.run(Lamp(), "plan")
    await engine.run(Lamp())

    assert street.done == ["installed", "updated"]


async def test_a_secret_that_somebody_wrote_into_the_world_is_found_and_masked(
    engine: Engine, street: Street
) -> None:
    street.colour = f"blue {VALUE}"

    found = Difference(path="colour", desired="red", observed={"seen": ["blue [masked]", 3]})
    assert await engine.run(Lamp(), "cycle") == [found]
    assert await engine.run(Lamp(), "plan") == Plan(changes=(found,))
