"""GitHub's own examples of events come to a bot that deploys from none of their repositories."""

from collections.abc import Mapping
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, SQLModel, select

from bot.github.events import handles
from bot.simulated.github.deliveries import Parcel
from bot.states import State
from bot.store.tables import Delivery, Notice, Order, Plan, Rollout, Run
from tests.github.examples import EXAMPLES
from tests.github.spoiling import Spoiled, spoiled
from tests.stories.conftest import NewWorld
from tests.stories.world import World

STORED = sorted(
    name
    for name, example in EXAMPLES.items()
    if handles(example.event, example.action) and example.event != "ping"
)
WITHOUT_HANDLER = ("installation.",)
ACTED: tuple[type[SQLModel], ...] = (Notice, Order, Plan, Rollout, Run)
"""What the bot leaves in its store wherever it acts."""


@pytest.fixture
async def world(new_world: NewWorld) -> World:
    """One tenant, whose services come from the agency's repositories alone."""
    return await new_world(("acme",))


async def delivered(world: World, bodies: Mapping[str, bytes]) -> list[int]:
    """Let GitHub deliver these payloads, wait until all are handled, and answer the statuses."""
    before = len(world.github.deliveries)
    for name, body in bodies.items():
        parcel = Parcel(
            guid=str(UUID(int=world.github.platform.next_id())),
            app=world.agency.app,
            url=world.agency.app.webhook_url or "",
            event=EXAMPLES[name].event,
            action=EXAMPLES[name].action,
            installation=None,
            repository_id=None,
            body=body,
        )
        world.github.queue.put(parcel)
    await world.settles()
    return [each.status_code for each in world.github.deliveries[before:]]


def every_delivery(session: Session) -> list[Delivery]:
    return list(session.exec(select(Delivery)))


def acts(session: Session) -> list[SQLModel]:
    """Answer what the bot did, or means to do."""
    return [row for table in ACTED for row in session.exec(select(table))]


def asked_for(world: World) -> int:
    """Answer how often the bot has asked GitHub for anything but its policies, by the clock."""
    return len([each for each in world.github.requests if "orbits.toml" not in each.path])


async def test_githubs_own_examples_are_taken_in_and_of_none_is_anything_made(
    world: World,
) -> None:
    asked = asked_for(world)

    statuses = await delivered(world, {name: EXAMPLES[name].body for name in EXAMPLES})

    pings = [name for name in EXAMPLES if name.startswith("ping.")]
    assert sorted(statuses) == [200] * len(pings) + [202] * (len(EXAMPLES) - len(pings))
    stored = {row.payload: row for row in world.stored(every_delivery)}
    assert stored.keys() == {EXAMPLES[name].body for name in STORED}
    for name in STORED:
        row = stored[EXAMPLES[name].body]
        state = State.SKIPPED if name.startswith(WITHOUT_HANDLER) else State.SUCCEEDED
        assert (row.event, row.state, row.attempts, row.problem) == (
            EXAMPLES[name].event,
            state,
            1,
            None,
        )
    assert world.stored(acts) == []
    assert asked_for(world) == asked


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(every=st.tuples(*map(spoiled, STORED)))
async def test_whatever_is_wrong_with_an_example_nothing_is_made_of_it(
    world: World, every: tuple[Spoiled, ...]
) -> None:
    asked = asked_for(world)

    statuses = await delivered(world, {each.name: each.body for each in every})

    assert set(statuses) <= {200, 202, 400}
    ended = {State.SUCCEEDED, State.SKIPPED, State.FAILED}
    assert {(row.state in ended, row.attempts) for row in world.stored(every_delivery)} == {
        (True, 1)
    }
    assert world.stored(acts) == []
    assert asked_for(world) == asked
