"""A command that was cut off, or is heard again, is carried out once and answered as it went."""

from datetime import timedelta

import pytest

from bot.commands.command import Commands
from bot.commands.grammar import read
from bot.commands.verb import Place
from bot.orders.asked import Asked
from bot.orders.orders import Commented, hear
from bot.orders.rolling import cancel
from bot.simulated.github import PullRequest
from bot.simulated.github.issues import Comment
from bot.states import State
from tests.stories.test_policies import APP, configured
from tests.stories.world import World


def typed(world: World, pull: PullRequest, line: str) -> Asked:
    """Answer a command of maya's as it is carried out."""
    commands = read(line, Place.PULL_REQUEST)
    assert isinstance(commands, Commands)
    (command,) = commands.commands
    newest = world.rollouts()[-1].id
    return Asked(command, "agency/backend/1/1", "agency/backend", pull.number, "maya", newest)


def heard(pull: PullRequest, comment: Comment) -> Commented:
    """Answer a comment of maya's as it is heard."""
    return Commented(
        "agency/backend", pull.number, comment.id, "maya", comment.body, comment.created_at
    )


async def test_a_cancel_that_was_cut_off_is_carried_out_when_it_is_heard_again(
    world: World,
) -> None:
    await configured(world, '[rollout]\nwaves = ["globex", "rest"]\nbake = "1h"\n')
    merge = await world.merges(APP)
    await world.settles()

    # The process ends between what is asked beforehand and the transaction that does it.
    await cancel(world.process.desk(), typed(world, merge.pull, "/orbits cancel"))
    assert world.rollouts()[-1].state == State.RUNNING
    comment = await world.types(merge.pull, "/orbits cancel")

    assert world.reactions(comment) == ["eyes", "rocket"]
    assert world.answers(merge.pull) == ["@maya Cancelled `acme`."]
    assert world.check(merge.sha).conclusion == "cancelled"


@pytest.mark.thorough
async def test_what_was_done_in_time_is_not_called_too_late_when_it_is_heard_again(
    world: World,
) -> None:
    merge = await world.merges(APP)
    await world.settles()
    comment = await world.types(merge.pull, "/orbits hold acme")

    world.clock.pass_by(timedelta(hours=3))
    assert await hear(world.process.desk(), heard(merge.pull, comment))
    await world.settles()

    assert world.reactions(comment) == ["eyes", "rocket"]
    assert world.answers(merge.pull) == [
        "@maya Held: `acme`. Later merges leave `backend` as it is there."
    ]


async def test_what_was_typed_hours_ago_starts_nothing(world: World) -> None:
    merge = await world.merges(APP)
    await world.settles()
    world.github.pause_deliveries()
    comment = await world.maya.comments(merge.pull, "/orbits hold acme\n\n/orbits hold globex")
    await world.passes(timedelta(hours=3))

    world.github.resume_deliveries()
    await world.settles()

    assert world.reactions(comment) == ["confused"]
    assert world.answers(merge.pull) == [
        (
            "@maya This was typed at 2026-03-01 09:00 UTC, and reached me only now: look at how "
            "things stand, and type it again if it is still what you want. Nothing was started."
        )
    ]
