"""An outage of a channel delays and never loses, and nothing is said twice."""

from datetime import timedelta
from typing import Any

import pytest

from bot.outbox.counts import Count, counts
from bot.outbox.target import Way, Ways
from bot.states import State
from tests.alerts.newsroom import Newsroom

OK, FAILED, QUEUED = State.SUCCEEDED, State.FAILED, State.QUEUED
KEY = "slack/deploys/rollout/7"


async def fails(room: Newsroom) -> None:
    await room.rollout({"acme": FAILED, "globex": OK}, FAILED)


async def _of_deploys(room: Newsroom) -> Count:
    found = await room.database.read(lambda session: counts(session, room.clock.now()))
    return found["slack/deploys"]


async def test_slack_is_down_for_an_hour(room: Newsroom) -> None:
    room.slack.outages.fail(times=None, status=503)
    await fails(room)
    await room.passes(timedelta(hours=1))
    assert room.deploys.everything == []

    room.slack.outages.end()
    await room.passes(timedelta(minutes=6))

    assert room.title == "❌ backend → a1b2c3d: 1 of 2 tenants updated, 1 failed"
    assert len(room.replies) == 1


async def test_slack_asks_for_patience_and_is_given_it(room: Newsroom) -> None:
    room.slack.outages.slow_down("chat.postMessage", retry_after=42)
    await fails(room)
    asked = len(room.slack.requests)
    await room.passes(timedelta(seconds=30))
    assert (room.deploys.messages, len(room.slack.requests)) == ([], asked)

    await room.passes(timedelta(seconds=45))

    assert len(room.deploys.messages) == 1


@pytest.mark.parametrize("which", ["the message", "a reply", "a change"])
async def test_a_lost_answer_doubles_nothing(room: Newsroom, which: str) -> None:
    if which == "the message":
        room.slack.outages.lose_answer("chat.postMessage", times=3)
    await fails(room)
    await room.passes(timedelta(minutes=5))
    if which == "a reply":
        room.slack.outages.lose_answer("chat.postMessage")
        await room.rollout({"acme": FAILED, "globex": FAILED}, FAILED)
    if which == "a change":
        room.slack.outages.lose_answer("chat.update")
        await room.rollout({"acme": OK, "globex": OK}, OK)
    await room.passes(timedelta(minutes=5))

    assert len(room.deploys.messages) == 1
    assert len(room.replies) == (2 if which == "a reply" else 1)
    assert room.title.startswith("✅" if which == "a change" else "❌")


class Died(BaseException):
    """The process ended, just after Slack had done what it was asked."""


class DeadlyDoor:
    """A door to Slack behind which the process dies, once something has been done there."""

    def __init__(self, door: Any, method: str) -> None:
        self._door, self._method = door, method

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._door, name)
        if name != self._method:
            return method

        async def die(*given: Any, **named: Any) -> Any:
            await method(*given, **named)
            raise Died

        return die


@pytest.mark.parametrize("method", ["say", "change"])
async def test_killed_between_the_deed_and_the_note_of_it_nothing_is_said_twice(
    room: Newsroom, method: str
) -> None:
    if method == "change":
        await fails(room)
        await room.passes(timedelta(minutes=1))
    usual = room.ways.others["slack"]
    deadly = Way(DeadlyDoor(usual.door, method), usual.pace, usual.kinds)
    room.ways = Ways(room.ways.github, {**room.ways.others, "slack": deadly})
    room.renew()
    state = FAILED if method == "say" else OK
    with pytest.raises(BaseExceptionGroup) as died:
        await room.rollout({"acme": state, "globex": OK}, state)
    assert died.group_contains(Died)

    room.restart()
    await room.passes(timedelta(minutes=2))

    assert room.title.startswith("❌" if method == "say" else "✅")
    assert len(room.replies) == 1


async def test_a_token_that_is_taken_back_is_tried_seldom_and_given_up_after_a_day(
    room: Newsroom, logged: list[Any]
) -> None:
    room.app.revoke_token()
    await fails(room)
    await room.passes(timedelta(hours=12))
    tried = len(room.slack.calls("chat.postMessage"))
    assert 8 <= tried <= 14
    assert await _of_deploys(room) == Count(delayed=1)

    await room.passes(timedelta(hours=20))

    row = await room.notice(KEY)
    assert (row.given_up, len(room.slack.calls("chat.postMessage"))) == (True, 14)
    assert row.problem == (
        "The alert could not be sent to Slack's #deploys: `token_revoked`. Slack does not take the "
        "bot's token. Set ORBITS_SLACK_BOT_TOKEN anew."
    )
    told = [each for each in logged if each.get("given_up")]
    assert [(each["notice"], each["problem"]) for each in told] == [(KEY, row.problem)]
    assert await _of_deploys(room) == Count(given_up=1)


async def test_an_operator_mends_it_and_it_is_told(room: Newsroom) -> None:
    room.slack.remove_channel(room.deploys)
    await fails(room)
    await room.passes(timedelta(hours=1))
    assert (await room.notice(KEY)).problem == (
        "The alert could not be sent to Slack's #deploys: `channel_not_found`. There is no such "
        "channel, or the bot may not see it. Invite it there, or name another."
    )

    room.slack.channels.append(room.deploys)
    await room.passes(timedelta(hours=2))

    assert len(room.deploys.messages) == 1


async def test_one_that_somebody_deleted_is_left_deleted(room: Newsroom) -> None:
    await fails(room)
    room.deploys.delete(room.message)
    await room.rollout({"acme": OK, "globex": OK}, OK)
    await room.passes(timedelta(minutes=5))

    assert room.deploys.messages == []
    assert not (await room.notice(KEY)).given_up


async def test_a_channel_that_is_set_up_no_more_keeps_nobody_busy(room: Newsroom) -> None:
    room.slack.outages.fail(times=None)
    await fails(room)
    room.restart(slack_token="")
    await room.passes(timedelta(hours=1))
    asked = len(room.slack.requests)
    await room.passes(timedelta(hours=1))

    assert len(room.slack.requests) == asked


async def test_many_alerts_at_once_keep_to_a_message_a_second(room: Newsroom) -> None:
    for number in range(20, 40):
        await room.rollout({"acme": FAILED}, FAILED, name=str(number))
    await room.passes(timedelta(minutes=2))

    assert len(room.deploys.messages) == 20
    assert await _of_deploys(room) == Count(sent=40)
    assert [each.status for each in room.slack.requests if each.status != 200] == []
