"""Stacks whose operations are cut off, asked for by many, or not answered for."""

import pytest

from bot.states import State
from resources.aws import AwsConnection
from resources.aws.cloudformation.deploy import DeleteStack, Operation
from resources.aws.cloudformation.stack_state import StackAddress
from resources.errors import StepFailed
from resources.model.pending import Pending
from tests.resources.aws.cloud import ACME, AT_ONCE, Cloud
from tests.resources.infrastructure import until

BLUE = {"Color": "blue"}
IT = "The stack backend-acme (account 111122223333, eu-west-1)"


async def test_a_change_set_that_a_crash_left_is_taken_up(cloud: Cloud) -> None:
    cloud.side().held = True
    async with cloud.engine() as engine:
        run_id = await engine.submit(cloud.stack())
        await until(lambda: bool(cloud.side().made_change_sets))
    cloud.side().held = False

    async with cloud.engine() as engine:
        outcome = await engine.outcome(run_id)

    assert outcome.state is State.SUCCEEDED
    assert len(cloud.side().made_change_sets) == 1
    assert cloud.setting("/acme/color") == "red"


async def test_an_operation_whose_begin_a_crash_hid_is_taken_up(cloud: Cloud) -> None:
    async with cloud.engine() as engine:
        await engine.run(cloud.stack())
        cloud.side().executed.clear()
        cloud.side().answers.clear()
        cloud.side().slow_looks = 1_000_000
        run_id = await engine.submit(cloud.stack(parameters=BLUE))
        await until(cloud.side().executed.is_set)
    cloud.side().answers.set()
    before = cloud.log

    async with cloud.engine() as engine:
        await until(lambda: "UPDATE_IN_PROGRESS" in cloud.log.removeprefix(before))
        cloud.side().hurry()
        outcome = await engine.outcome(run_id)

    assert outcome.state is State.SUCCEEDED
    said = cloud.log.removeprefix(before)
    assert said.startswith("Going on with what this run began before.\n")
    assert len(cloud.side().made_change_sets) == 2
    assert cloud.setting("/acme/color") == "blue"


async def test_an_operation_that_goes_on_is_watched_on_after_a_crash(cloud: Cloud) -> None:
    cloud.side().slow_looks = 1_000_000
    async with cloud.engine() as engine:
        run_id = await engine.submit(cloud.stack())
        await until(lambda: "CREATE_IN_PROGRESS" in cloud.log)
    cloud.side().hurry()

    async with cloud.engine() as engine:
        outcome = await engine.outcome(run_id)

    assert outcome.state is State.SUCCEEDED
    assert len(cloud.side().made_change_sets) == 1


@pytest.mark.thorough
async def test_an_uninstall_that_a_crash_cut_off_goes_on(cloud: Cloud) -> None:
    async with cloud.engine() as engine:
        await engine.run(cloud.stack())
        cloud.side().held = True
        run_id = await engine.submit(cloud.stack(), "uninstall")
        await until(lambda: "DELETE_IN_PROGRESS" in cloud.log)
    cloud.side().held = False

    async with cloud.engine() as engine:
        outcome = await engine.outcome(run_id)

    assert outcome.state is State.SUCCEEDED
    assert not cloud.side().stacks


@pytest.mark.thorough
async def test_a_deletion_before_a_new_beginning_is_waited_for_after_a_crash(cloud: Cloud) -> None:
    async with cloud.engine() as engine:
        cloud.side().failing = {"Setting": "Parameter /acme/color already exists"}
        with pytest.raises(StepFailed):
            await engine.run(cloud.stack())
        cloud.side().failing = {}
        cloud.side().held = True
        run_id = await engine.submit(cloud.stack())
        await until(lambda: "DELETE_IN_PROGRESS" in cloud.log)
    cloud.side().held = False

    async with cloud.engine() as engine:
        outcome = await engine.outcome(run_id)

    assert outcome.state is State.SUCCEEDED
    assert cloud.setting("/acme/color") == "red"


@pytest.mark.thorough
@pytest.mark.usefixtures("aws")
async def test_what_goes_on_is_waited_for_while_nobody_answers() -> None:
    address = StackAddress(
        connection=AwsConnection(region="eu-west-1", endpoint="http://localhost:1"),
        name="backend-acme",
    )
    action = DeleteStack(address=address, looks_every=AT_ONCE, patience=AT_ONCE)
    pending = await action.check(Operation(stack_id="1", token="x"))

    assert isinstance(pending, Pending)
    assert pending.progress.startswith("AWS did not answer: ")


async def test_the_same_stack_asked_for_by_fifty_at_once_is_created_once(cloud: Cloud) -> None:
    cloud.side(ACME).slow_looks = 2
    acme = cloud.stack()
    async with cloud.engine() as engine:
        runs = [await engine.submit(acme) for _ in range(50)]
        outcomes = [await engine.outcome(run) for run in runs]
    assert {outcome.state for outcome in outcomes} <= {State.SUCCEEDED, State.SKIPPED}
    assert len(cloud.side().made_change_sets) == 1
