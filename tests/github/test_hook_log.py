"""What GitHub remembers of its deliveries: which were missed, and how they come in after all."""

from datetime import timedelta

import pytest

from bot.github.events import CommentCreated, parse
from bot.github.failures import NotFound
from bot.simulated.github import PullRequest
from tests.github.conftest import NAME, Agency

DAY = timedelta(days=1)


async def spoken(agency: Agency, *words: str) -> PullRequest:
    """A pull request with comments, of which the App is told and of nothing before."""
    pull = await agency.opened("src/new.py")
    agency.listens()
    for word in words:
        await agency.maya.comments(pull, word)
        await agency.simulator.deliveries_settled()
    return pull


async def test_a_missed_delivery_is_found_and_taken_in(agency: Agency) -> None:
    agency.simulator.lose_next_deliveries()
    await spoken(agency, "/orbits status", "hello")

    attempts = [each async for each in agency.door.deliveries(agency.clock.now - DAY)]
    [missed] = [each for each in attempts if not each.succeeded]
    record = await agency.door.delivery(missed.id)
    received = record.received(agency.clock.now)

    assert [each.event for each in attempts] == ["issue_comment", "issue_comment"]
    assert (missed.action, missed.redelivery) == ("created", False)
    assert (received.guid, received.event, received.action, received.repository) == (
        missed.guid,
        "issue_comment",
        "created",
        NAME,
    )
    event = parse(received.event, received.payload)
    assert isinstance(event, CommentCreated)
    assert event.comment.body == "/orbits status"
    assert record.request.headers is not None
    assert record.request.headers["X-GitHub-Delivery"] == missed.guid


async def test_a_missed_delivery_can_be_asked_for_again(agency: Agency) -> None:
    agency.simulator.lose_next_deliveries()
    await spoken(agency, "/orbits status")
    [missed] = [each async for each in agency.door.deliveries(agency.clock.now - DAY)]

    await agency.door.redeliver(missed.id)

    [event] = await agency.heard()
    assert isinstance(event, CommentCreated)
    attempts = [each async for each in agency.door.deliveries(agency.clock.now - DAY)]
    assert [(each.guid, each.redelivery, each.succeeded) for each in attempts] == [
        (missed.guid, True, True),
        (missed.guid, False, False),
    ]


async def test_only_what_was_tried_since_is_told(agency: Agency) -> None:
    pull = await spoken(agency, "first")
    agency.clock.advance(timedelta(hours=1))
    since = agency.clock.now
    await agency.maya.comments(pull, "second")
    await agency.simulator.deliveries_settled()

    attempts = [each async for each in agency.door.deliveries(since)]

    assert [each.delivered_at for each in attempts] == [since]


async def test_a_long_log_is_read_by_its_cursor_and_no_further_than_needed(
    agency: Agency,
) -> None:
    old = [f"old {number}" for number in range(205)]
    pull = await spoken(agency, *old)
    agency.clock.advance(timedelta(hours=1))
    since = agency.clock.now
    for number in range(105):
        await agency.maya.comments(pull, f"new {number}")
    await agency.simulator.deliveries_settled()

    attempts = [each async for each in agency.door.deliveries(since)]

    assert len({each.guid for each in attempts}) == 105
    assert agency.asked("GET", "/app/hook/deliveries") == 2


async def test_what_github_has_forgotten_is_not_found(agency: Agency) -> None:
    await spoken(agency, "hello")
    [attempt] = [each async for each in agency.door.deliveries(agency.clock.now - DAY)]
    agency.clock.advance(timedelta(days=4))

    with pytest.raises(NotFound):
        await agency.door.delivery(attempt.id)
    with pytest.raises(NotFound):
        await agency.door.redeliver(attempt.id)
