"""An author rehearses a stack: no database, no waiting, and crashes wherever they hurt."""

import re
from asyncio import gather
from datetime import timedelta

import pytest
from pydantic import PrivateAttr

from resources import Refused, Resource, StepFailed, Workflow
from resources.testing import Crashed, NotReached, Outcome, Rehearsal, StepEnd, Waits
from tests.engine.things import Ledger
from tests.resources.testing.definitions import Build, Hall, House, Order, Room, Whispers


class Opening(Resource):
    """A hall that somebody has to approve of, and that is aired for two days."""

    def identity(self) -> str:
        return "opening"

    async def define_update(self) -> None:
        await self.do("build", Build(name="hall"))
        await self.sleep("air", timedelta(days=2))
        await self.wait_for("approval", bool)
        await self.do("open", Build(name="door"))


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


@pytest.fixture
def world(ledger: Ledger) -> Rehearsal:
    return Rehearsal(given=[ledger])


async def test_the_steps_are_told_in_their_order(world: Rehearsal) -> None:
    await world.do(House(name="a", halls=("one",)))

    assert world.steps[0] == StepEnd("hall-one", "build", Outcome.SUCCEEDED)
    assert [str(step) for step in world.steps] == [
        "hall-one: build succeeded",
        "hall-one: furnish succeeded",
        "house-a: raise[hall-one] succeeded",
    ]


async def test_what_was_brought_about_can_be_looked_at(world: Rehearsal) -> None:
    answer = await world.do(Hall(seats=3))

    assert answer == Room(name="hall", seats=3)
    assert world.recorded("hall-hall") == {"name": "hall", "seats": 3}
    assert world.recorded("hall-other") is None


async def test_what_is_printed_is_kept_without_secrets() -> None:
    world = Rehearsal(secrets={"env:KEY": "nobody knows this"})

    await world.do(Whispers(key="env:KEY"))

    assert world.log == "the key is [masked]\n"
    assert world.log_of("whisper") == ""


async def test_a_secret_that_the_test_does_not_give_is_not_found(world: Rehearsal) -> None:
    with pytest.raises(StepFailed) as failed:
        await world.do(Whispers(key="env:KEY"))
    assert failed.value.reason == (
        "The secret `env:KEY` was not found: the test does not give it. Make the rehearsal with "
        'it: Rehearsal(secrets={"env:KEY": "..."}).'
    )


async def test_before_a_step_nothing_of_it_is_done(world: Rehearsal, ledger: Ledger) -> None:
    world.crash_before("furnish")
    with pytest.raises(Crashed):
        await world.do(Hall())
    assert ledger.entries == ["build hall"]

    await world.resume()
    assert ledger.entries == ["build hall", "furnish hall, None before"]


async def test_what_was_done_and_not_written_down_is_done_again(
    world: Rehearsal, ledger: Ledger
) -> None:
    world.crash_in("build")
    with pytest.raises(Crashed) as crashed:
        await world.do(Hall())
    assert str(crashed.value) == (
        "The process died in `build` of hall-hall, where the test wanted it to. Go on with "
        "`await world.resume()`."
    )

    await world.resume()
    assert ledger.entries == ["build hall", "build hall", "furnish hall, None before"]


async def test_what_was_written_down_is_not_done_again(world: Rehearsal, ledger: Ledger) -> None:
    world.crash_after("build")
    with pytest.raises(Crashed):
        await world.do(Hall())

    await world.resume()
    assert ledger.entries == ["build hall", "furnish hall, None before"]
    assert [step.step for step in world.steps] == ["build", "furnish"]


async def test_a_process_may_die_again_and_again(world: Rehearsal, ledger: Ledger) -> None:
    for _ in range(3):
        world.crash_in("build", "hall-one")
        with pytest.raises(Crashed):
            await (world.resume() if ledger.entries else world.do(House(name="a", halls=("one",))))

    await world.resume()
    assert ledger.entries.count("build one") == 4


async def test_a_failure_is_remembered_over_a_crash(world: Rehearsal, ledger: Ledger) -> None:
    world.crash_after("furnish")
    with pytest.raises(Crashed):
        await world.do(Hall(broken=True))

    with pytest.raises(StepFailed, match="the door is too narrow"):
        await world.resume()
    assert ledger.entries == ["build hall", "furnish hall, None before"]


async def test_an_operation_elsewhere_is_found_again_by_its_handle(
    world: Rehearsal, ledger: Ledger
) -> None:
    class Buys(Workflow):
        async def define(self) -> Room:
            return await self.do("order", Order(name="chairs", pending=0))

    world.crash_after("order")
    with pytest.raises(Crashed):
        await world.do(Buys())

    assert await world.resume() == Room(name="chairs", seats=0)
    assert ledger.entries == ["order chairs", "check order of chairs"]


async def test_a_step_that_is_never_begun_is_no_place_to_die(world: Rehearsal) -> None:
    world.crash_in("painting")
    with pytest.raises(NotReached) as missed:
        await world.do(Hall())
    assert str(missed.value) == (
        "The process was to die in `painting`, and never came there. The steps that ended are "
        "`build`, `furnish`. Name one of these."
    )


async def test_there_must_be_something_to_resume(world: Rehearsal) -> None:
    await world.do(Hall())
    with pytest.raises(Refused, match=re.escape("There is nothing to resume: no run of this")):
        await world.resume()


async def test_two_days_are_over_at_once_and_an_approval_is_waited_for(
    world: Rehearsal, ledger: Ledger
) -> None:
    with pytest.raises(Waits) as waits:
        await world.do(Opening())
    assert str(waits.value) == (
        "opening (update) waits for the signal `approval`, which nobody has sent. Send it, "
        '`world.send("approval", True)`, and go on with `await world.resume()`; what is sent '
        "before is found when it is waited for."
    )
    world.send("approval", True)
    await world.resume()
    assert ledger.entries == ["build hall", "build door"]


async def test_an_approval_may_come_later(world: Rehearsal) -> None:
    world.send("approval", True, after=timedelta(days=5))
    await world.do(Opening())
    assert str(world.steps[-1]) == "opening: open succeeded"


async def test_an_approval_is_for_one_run(world: Rehearsal) -> None:
    world.send("approval", True)
    await world.do(Opening())
    with pytest.raises(Waits):
        await world.do(Opening(), force=True)


async def test_who_sleeps_less_is_up_first(world: Rehearsal, ledger: Ledger) -> None:
    class Dormitory(Workflow):
        async def define(self) -> None:
            async def after(hours: int) -> None:
                await self.sleep(f"sleep-{hours}", timedelta(hours=hours))
                ledger.note(f"up after {hours} hours")

            await gather(*(after(hours) for hours in (8, 1, 3)))

    await world.do(Dormitory())
    assert ledger.entries == [f"up after {hours} hours" for hours in (1, 3, 8)]


class Holds(Workflow):
    """Holds something that is no argument, and so is not stored."""

    _connection: str = PrivateAttr(default="none")

    async def define(self) -> str:
        return self._connection


async def test_what_is_no_argument_is_gone_as_after_a_restart(world: Rehearsal) -> None:
    holds = Holds()
    holds._connection = "open"
    assert await world.do(holds) == "none"
