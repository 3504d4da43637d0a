"""Channels in which nothing can be changed hear of each verdict once."""

import json
from datetime import timedelta

import pytest

from bot.channels.mail_server import MailServer
from bot.states import State
from tests.alerts.newsroom import Newsroom
from tests.channels.mail_server import MailHost
from tests.channels.receiver import Receiver

OK, FAILED, QUEUED, HELD = State.SUCCEEDED, State.FAILED, State.QUEUED, State.HELD
SECRET = "It's a Secret to Everybody"
FIRST = "❌ backend → a1b2c3d: 0 of 2 tenants updated, 1 failed, 1 queued"
THEN = "❌ backend → a1b2c3d: 1 of 2 tenants updated, 1 failed"
LAST = "✅ backend → a1b2c3d: 2 of 2 tenants updated"


async def fails_and_recovers(room: Newsroom) -> None:
    await room.rollout({"acme": FAILED, "globex": QUEUED})
    await room.rollout({"acme": FAILED, "globex": State.RUNNING})
    await room.rollout({"acme": FAILED, "globex": OK}, FAILED)
    await room.rollout({"acme": QUEUED, "globex": OK}, QUEUED, leg=2)
    await room.rollout({"acme": OK, "globex": OK}, OK, leg=2)
    await room.passes(timedelta(minutes=1))


async def test_an_incoming_webhook_hears_that_it_fails_and_how_it_ended(room: Newsroom) -> None:
    hook = room.app.webhook(room.deploys)
    room.restart(slack_token="", slack_channel="", slack_webhook_url=hook.url)

    await fails_and_recovers(room)

    assert [each.text for each in room.deploys.messages] == [FIRST, THEN, LAST]
    assert {each.webhook for each in room.deploys.messages} == {True}


async def test_one_that_fails_again_is_told_again(room: Newsroom) -> None:
    hook = room.app.webhook(room.deploys)
    room.restart(slack_token="", slack_channel="", slack_webhook_url=hook.url)
    for leg in (1, 2):
        await room.rollout({"acme": QUEUED}, QUEUED, leg=leg)
        await room.rollout({"acme": FAILED}, FAILED, leg=leg)
    await room.passes(timedelta(minutes=1))

    assert len(room.deploys.messages) == 2


async def test_a_receiver_hears_of_it_in_json(room: Newsroom, receiver: Receiver) -> None:
    room.restart(slack_token="", webhook_url=receiver.address, webhook_secret=SECRET)

    await fails_and_recovers(room)

    bodies = [json.loads(each.body) for each in receiver.got]
    assert [body["verdict"] for body in bodies] == ["failing", "failed", "recovered"]
    assert bodies[0]["details"] == [
        {
            "name": "acme",
            "text": "step `sql-migrate`: status 3 · rolled back to 9f8e7d6",
            "tail": "ERROR of acme",
        }
    ]
    assert len({each.headers["x-orbits-delivery"] for each in receiver.got}) == 3


async def test_mail_goes_to_whom_the_settings_and_the_routes_name(
    room: Newsroom, mail_host: MailHost
) -> None:
    server = MailServer("127.0.0.1", mail_host.port, "orbits@agency.example", tls=False)
    room.restart(slack_token="", mail_server=server, mail_to="ops@agency.example")
    policy = '[[alerts]]\nto = "mail:maria@agency.example"'

    await room.rollout({"acme": FAILED}, FAILED, policy=policy)
    await room.passes(timedelta(minutes=1))

    assert sorted(mail_host.recipients) == ["maria@agency.example", "ops@agency.example"]
    assert "    ERROR of acme\n" in mail_host.taken[0].get_content().replace("\r\n", "\n")


@pytest.mark.parametrize("status", [500, 429])
async def test_a_receiver_that_is_down_hears_of_how_it_stands_later(
    room: Newsroom, receiver: Receiver, status: int
) -> None:
    room.restart(slack_token="", webhook_url=receiver.address, webhook_secret=SECRET)
    receiver.status = status
    await room.rollout({"acme": FAILED, "globex": QUEUED})
    await room.rollout({"acme": FAILED, "globex": OK}, FAILED)
    receiver.got.clear()
    receiver.status = 200
    await room.passes(timedelta(minutes=10))

    assert [json.loads(each.body)["verdict"] for each in receiver.got] == ["failed"]
