"""A class changes single steps of the class that it is derived from."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.store.database import Database
from resources import Resource, StepFailed
from tests.engine.model_things import Act, Careful, Disk, World


class Plain(Resource):
    def identity(self) -> str:
        return "plain"

    async def define_update(self) -> None:
        await self.do("build", Act(name="build"))
        await self.once("key", Act(name="key"))
        await self.do("disk", Disk())
        await self.do("ship", self._ship)

    async def _ship(self) -> str:
        await self.given(World).through("ship")
        return "shipped"


class Elsewhere(Plain):
    """Builds in another place, on a larger disk, with another key, and ships otherwise."""

    def transform(self, name: str, x: Any) -> Any:
        match name:
            case "build":
                return x.model_copy(update={"name": "build elsewhere"})
            case "key":
                return Careful(name="careful key")
            case "disk":
                return Disk(size=9)
            case "ship":
                return self._sail
        return x

    async def _sail(self) -> str:
        await self.given(World).through("sail")
        return "sailed"


class Moody(Plain):
    """Answers something else after a restart, which it must not."""

    def transform(self, name: str, x: Any) -> Any:
        if name == "build" and "restarted" in self.given(World).entries:
            return x.model_copy(update={"name": "something else"})
        return x


@pytest.fixture
async def world(sqlite_url: str) -> AsyncIterator[World]:
    async with Database(sqlite_url) as database:
        yield World(database)


async def test_a_class_that_transforms_nothing_does_what_it_says(world: World) -> None:
    async with world.engine() as engine:
        await engine.run(Plain())
    assert world.entries == ["build", "key", "disk a 1", "ship"]


async def test_steps_of_every_kind_can_be_replaced(world: World) -> None:
    async with world.engine() as engine:
        await engine.run(Elsewhere())
    assert world.entries == ["build elsewhere", "careful key", "disk a 9", "sail"]


async def test_the_steps_of_what_is_nested_are_its_own_matter(world: World) -> None:
    """`resize` of the disk is no step of the class that transforms."""

    class Curious(Elsewhere):
        def transform(self, name: str, x: Any) -> Any:
            self.given(World).note(f"asked for {name}")
            return x

    Curious.__qualname__ = "Curious"
    globals()["Curious"] = Curious
    async with world.engine() as engine:
        await engine.run(Curious())
    asked = [entry for entry in world.entries if entry.startswith("asked")]
    assert asked == ["asked for build", "asked for key", "asked for disk", "asked for ship"]


async def test_a_transformed_step_is_remembered_under_its_name(world: World) -> None:
    world.close("sail")
    async with world.engine() as engine:
        run_id = await engine.submit(Elsewhere())
        await world.reached("sail")
    world.open("sail")
    async with world.engine() as engine:
        await engine.outcome(run_id)
    assert world.entries == ["build elsewhere", "careful key", "disk a 9", "sail", "sail"]


async def test_one_that_answers_something_else_in_a_replay_is_found_out(world: World) -> None:
    world.close("key")
    async with world.engine() as engine:
        run_id = await engine.submit(Moody())
        await world.reached("key")
    world.note("restarted")
    world.open("key")
    async with world.engine() as engine:
        outcome = await engine.outcome(run_id)
    with pytest.raises(StepFailed, match="asks for other arguments"):
        outcome.answer(str)
