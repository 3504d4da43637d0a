"""What a run knows of the whole that it is part of, in the engine and rehearsed."""

import re
from datetime import timedelta
from typing import ClassVar

import pytest

from bot.store.database import Database
from resources import Resource, Workflow
from tests.engine.things import Ledger
from tests.resources.testing.definitions import Build
from tests.resources.testing.stages import InRehearsal, OnEngine, Stage

SHORTLY = timedelta(milliseconds=5)


class Part(Resource):
    """Notes which success it knows of; time passes meanwhile."""

    name: str
    revision: int = 1

    def identity(self) -> str:
        return f"part-{self.name}"

    async def define_update(self) -> None:
        await self.sleep("nap", SHORTLY)
        back = "back, " if self.goes_back() else ""
        self.given(Ledger).note(f"{back}{self.name} {self.last_success() or 'never'}")


class Parts(Workflow):
    revision: int

    async def define(self) -> None:
        await self.do("build", Build(name="stairs"))
        await self.do("wall", Part(name="wall", revision=self.revision), force=True)


class Whole(Resource):
    """What has parts, and fails after them where it is `broken`."""

    revision: int = 1
    broken: bool = False

    def identity(self) -> str:
        return "whole"

    async def define_update(self) -> None:
        await self.do("roof", Part(name="roof", revision=self.revision))
        await self.do("parts", Parts(revision=self.revision))
        if self.broken:
            raise ValueError("it rains in")


class HandedOver(Whole):
    queued: ClassVar[bool] = True

    def identity(self) -> str:
        return "handed-over"


class Around(Resource):
    """What others are part of, which are handed over or not."""

    revision: int = 1
    hands_over: bool = False

    def identity(self) -> str:
        return "around"

    async def define_update(self) -> None:
        kind = HandedOver if self.hands_over else Whole
        await self.do("whole", kind(revision=self.revision), force=True)
        await self.sleep("nap", SHORTLY)


class Returning(Around):
    """Takes the whole back, on its own way forward."""

    async def define_update(self) -> None:
        await self.do("whole", Whole(revision=self.revision), command="rollback")


class Beside(Workflow):
    revision: int

    async def define(self) -> None:
        await self.do("whole", Whole(revision=self.revision), force=True)


@pytest.fixture
def stages(database: Database) -> tuple[Stage, Stage]:
    return InRehearsal(), OnEngine(database)


def known(stage: Stage) -> list[str]:
    """Answer who knew of which success: told apart by numbers, in the order of their times."""
    noted = [
        re.split(r" (?=never|\d)", entry, maxsplit=1)
        for entry in stage.ledger.entries
        if "stairs" not in entry
    ]
    times = sorted({moment for _, moment in noted} - {"never"})
    stage.ledger.entries.clear()
    return [
        f"{who} {moment if moment == 'never' else times.index(moment) + 1}" for who, moment in noted
    ]


async def test_a_success_of_a_part_does_not_count(stages: tuple[Stage, Stage]) -> None:
    for stage in stages:
        await stage.tell(Whole(broken=True))
        assert known(stage) == ["roof never", "wall never"]
        await stage.do(Part(name="wall"), force=True)
        assert known(stage) == ["wall 1"]

        await stage.do(Whole())
        await stage.tell(Whole(revision=2, broken=True))
        await stage.do(Part(name="wall", revision=3))
        await stage.do(Whole(revision=3))

        assert known(stage) == [
            "wall never",
            *["roof 1", "wall 1"],
            "wall 2",
            *["roof 1", "wall 1"],
        ]


async def test_only_what_is_outermost_has_a_say(stages: tuple[Stage, Stage]) -> None:
    for stage in stages:
        await stage.do(Whole())
        await stage.do(Around(revision=2))
        await stage.do(Beside(revision=3))
        await stage.do(Around(revision=4))

        # The whole's success within what is around it, and then that of what is around.
        assert known(stage) == [
            *["roof never", "wall never"],
            *["roof never", "wall never"],
            *["roof 1", "wall 1"],
            *["roof 2", "wall 2"],
        ]


async def test_all_that_a_rollback_does_is_on_the_way_back(stages: tuple[Stage, Stage]) -> None:
    for stage in stages:
        await stage.do(Whole())
        await stage.do(Whole(revision=2))
        await stage.do(Whole(), "rollback")
        await stage.do(Returning(revision=2))

        assert known(stage)[4:] == [
            *["back, roof 2", "back, wall 2"],
            *["back, roof never", "back, wall never"],
        ]


async def test_what_is_handed_over_is_outermost_for_itself(stages: tuple[Stage, Stage]) -> None:
    for stage in stages:
        await stage.do(Around())
        await stage.do(Around(revision=2, hands_over=True))
        await stage.do(Around(revision=3, hands_over=True))

        assert known(stage)[2:] == ["roof never", "wall never", "roof 1", "wall 1"]


async def test_after_a_crash_it_is_the_one_before_the_run(stages: tuple[Stage, Stage]) -> None:
    for stage in stages:
        await stage.do(Whole())
        await stage.die_in(Whole(revision=2), "build", "stairs")
        await stage.resume()

        assert known(stage) == ["roof never", "wall never", "roof 1", "wall 1"]
