"""A stack is done with a crash at each of its steps, and must end as if there had been none."""

from pathlib import Path
from typing import ClassVar

import pytest

from resources import Action, Resource
from resources.testing import Rehearsal, every_crash
from tests.engine.things import Ledger
from tests.resources.testing.definitions import House, Town


class Append(Action):
    """Adds a line to a file: done twice, it is there twice."""

    path: Path
    careful: bool

    async def run(self) -> int:
        lines = self.path.read_text().splitlines() if self.path.exists() else []
        if not (self.careful and lines):
            lines.append("hello")
        self.path.write_text("\n".join(lines))
        return len(lines)


class Guestbook(Resource):
    queued: ClassVar[bool] = True

    path: Path
    careful: bool

    def identity(self) -> str:
        return "guestbook"

    async def define_update(self) -> None:
        await self.do("greet", Append(path=self.path, careful=self.careful))

    async def output(self) -> str:
        return self.path.read_text()


async def test_a_crash_at_each_step_leaves_what_none_leaves() -> None:
    ledgers: list[Ledger] = []

    def new_world() -> Rehearsal:
        ledgers.append(Ledger())
        return Rehearsal(given=[ledgers[-1]])

    worlds = [world async for world in every_crash(new_world, House(name="a", halls=("one",)))]

    # Three moments of three steps, and the end of it all.
    assert len(worlds) == 10
    twice = [ledger for ledger in ledgers if ledger.entries.count("build one") == 2]
    assert len(twice) == 1
    assert all(str(world.steps[-1]) == "house-a: raise[hall-one] succeeded" for world in worlds)


async def test_workflows_die_as_well() -> None:
    worlds = [w async for w in every_crash(lambda: Rehearsal(given=[Ledger()]), Town(turns=1))]
    assert len(worlds) == 13


async def test_what_is_done_twice_is_found_out(tmp_path: Path) -> None:
    path = tmp_path / "book"

    def new_world() -> Rehearsal:
        path.unlink(missing_ok=True)
        return Rehearsal()

    with pytest.raises(AssertionError) as found:
        _ = [world async for world in every_crash(new_world, Guestbook(path=path, careful=False))]
    assert str(found.value) == (
        "With a crash in `greet` of guestbook, the result is 'hello\\nhello'; without it, 'hello'. "
        "What the step did twice, or the code read from the world outside a step, made the "
        "difference."
    )

    async for _ in every_crash(new_world, Guestbook(path=path, careful=True)):
        assert path.read_text() == "hello"
