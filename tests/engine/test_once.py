"""What is done once for an identity, whichever run comes first."""

from collections.abc import AsyncIterator

import pytest

from bot.states import State
from bot.store.database import Database
from bot.store.tables import DoneOnce
from resources import Resource, StepFailed, Workflow
from tests.engine.model_things import Act, World


class Cluster(Resource):
    """Has a certificate, made once; each size is another update."""

    name: str = "a"
    size: int = 1
    as_number: bool = False

    def identity(self) -> str:
        return f"cluster-{self.name}"

    async def define_update(self) -> None:
        if self.as_number:
            await self.once("certificate", self._numbered)
        else:
            answer = await self.once("certificate", Act(name=f"certificate {self.name}"))
            self.given(World).note(answer)
        await self.do("resize", Act(name=f"size {self.size}"))

    async def _numbered(self) -> int:
        self.given(World).note("numbered")
        return 7

    async def define_uninstall(self) -> None:
        self.given(World).note("removed")


class HasNoIdentity(Workflow):
    async def define(self) -> None:
        await self.once("act", Act(name="act"))


class Named(Workflow):
    name: str

    def identity(self) -> str:
        return self.name

    async def define(self) -> str:
        return await self.once("act", Act(name="act"))


@pytest.fixture
async def world(sqlite_url: str) -> AsyncIterator[World]:
    async with Database(sqlite_url) as database:
        yield World(database)


async def test_it_is_done_in_the_first_run_and_later_runs_get_its_result(world: World) -> None:
    async with world.engine() as engine:
        await engine.run(Cluster(size=1))
        await engine.run(Cluster(size=2))
    made = "certificate a done"
    assert world.entries == ["certificate a", made, "size 1", made, "size 2"]


async def test_each_identity_has_its_own(world: World) -> None:
    async with world.engine() as engine:
        await engine.run(Cluster(name="a"))
        await engine.run(Cluster(name="b"))
    assert "certificate b" in world.entries


async def test_a_workflow_with_an_identity_has_it_as_well(world: World) -> None:
    async with world.engine() as engine:
        assert await engine.run(Named(name="x")) == "act done"
        assert await engine.run(Named(name="x")) == "act done"
    assert world.entries == ["act"]


async def test_what_failed_is_tried_again_by_the_next_run(world: World) -> None:
    world.breaks["certificate a"] = 1
    async with world.engine() as engine:
        with pytest.raises(StepFailed):
            await engine.run(Cluster())
        await engine.run(Cluster())
    assert world.entries.count("certificate a") == 2


async def test_a_crash_after_it_was_done_does_not_do_it_again(world: World) -> None:
    world.close("size 1")
    async with world.engine() as engine:
        run_id = await engine.submit(Cluster())
        await world.reached("size 1")
    world.open("size 1")
    async with world.engine() as engine:
        assert (await engine.outcome(run_id)).state is State.SUCCEEDED
        await engine.run(Cluster(size=2))
    assert world.entries.count("certificate a") == 1


async def test_a_crash_while_it_was_done_leaves_it_to_be_done(world: World) -> None:
    world.close("certificate a")
    async with world.engine() as engine:
        run_id = await engine.submit(Cluster())
        await world.reached("certificate a")
    world.open("certificate a")
    async with world.engine() as engine:
        assert (await engine.outcome(run_id)).state is State.SUCCEEDED
        await engine.run(Cluster(size=2))
    assert world.entries.count("certificate a") == 2


async def test_its_step_and_its_memory_are_written_in_one_stroke(world: World) -> None:
    async with world.engine() as engine:
        run_id = await engine.submit(Cluster())
        await engine.outcome(run_id)
    [done] = await world.rows(DoneOnce)
    step = await world.step(run_id, "certificate")
    assert step is not None
    assert (done.identity, done.name, done.run_id) == ("cluster-a", "certificate", run_id)
    assert done.result == step.result


async def test_what_was_uninstalled_begins_anew(world: World) -> None:
    async with world.engine() as engine:
        await engine.run(Cluster())
        await engine.run(Cluster(), "uninstall")
        await engine.run(Cluster())
    assert world.entries.count("certificate a") == 2


async def test_another_kind_of_step_is_not_answered_by_what_was_done_before(
    world: World,
) -> None:
    async with world.engine() as engine:
        await engine.run(Cluster(size=1))
        await engine.run(Cluster(size=2, as_number=True))
    assert "numbered" in world.entries


async def test_without_an_identity_it_is_refused(world: World) -> None:
    async with world.engine() as engine:
        with pytest.raises(StepFailed) as failed:
            await engine.run(HasNoIdentity())
    assert failed.value.reason == (
        "`act` is to be done once for an identity, and this run has none. Give the workflow an "
        "`identity()`, or use `do`. Nothing was started."
    )
    assert world.entries == []
