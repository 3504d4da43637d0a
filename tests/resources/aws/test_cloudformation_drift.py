"""Stacks that were changed behind their templates' backs: found, and put right."""

from collections.abc import AsyncIterator

import pytest

from bot.engine.engine import Engine
from tests.resources.aws.cloud import Cloud

BLUE = {"Color": "blue"}
IT = "The stack backend-acme (account 111122223333, eu-west-1)"


@pytest.fixture
async def engine(cloud: Cloud) -> AsyncIterator[Engine]:
    async with cloud.engine() as engine:
        yield engine


async def test_what_was_changed_by_hand_is_found_and_repaired(engine: Engine, cloud: Cloud) -> None:
    await engine.run(cloud.stack())
    cloud.set_by_hand("/acme/color", "pink")

    found = await engine.run(cloud.stack(), "cycle")
    assert [(each.path, each.desired, each.observed) for each in found] == [
        ("Setting/Value", "red", "pink")
    ]
    await engine.run(cloud.stack())

    assert cloud.setting("/acme/color") == "red"
    assert await engine.run(cloud.stack(), "cycle") == []


async def test_what_was_deleted_by_hand_is_critical_and_made_again(
    engine: Engine, cloud: Cloud
) -> None:
    await engine.run(cloud.stack())
    cloud.delete_by_hand("/acme/color")

    (found,) = await engine.run(cloud.stack(), "cycle")
    assert (found.path, found.desired, found.observed, found.severity) == (
        "Setting",
        "AWS::SSM::Parameter /acme/color",
        None,
        "critical",
    )
    await engine.run(cloud.stack())

    assert cloud.setting("/acme/color") == "red"


async def test_what_was_asked_of_the_stack_itself_is_compared(engine: Engine, cloud: Cloud) -> None:
    await engine.run(cloud.stack(tags={"tenant": "acme"}))
    other = cloud.stack(parameters=BLUE, tags={"tenant": "globex"}, termination_protection=True)

    found = await engine.run(other, "cycle")

    assert [(each.path, each.desired, each.observed) for each in found] == [
        ("parameters/Color", "blue", "red"),
        ("tags/tenant", "globex", "acme"),
        ("termination-protection", True, False),
    ]


async def test_a_stack_that_is_gone_is_found(engine: Engine, cloud: Cloud) -> None:
    await engine.run(cloud.stack())
    cloud.side().stacks.clear()

    (found,) = await engine.run(cloud.stack(), "cycle")
    assert (found.path, found.observed, found.severity) == ("stack", None, "critical")
