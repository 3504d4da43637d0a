"""The door to a receiver of the operator's own."""

import hmac
import json
from datetime import timedelta

import pytest

from bot.channels.failures import ChannelFailed, ChannelLimited, waiting_time
from bot.channels.webhook import Webhook
from tests.channels.conftest import FAILED, NOW, SECRET, now
from tests.channels.receiver import Receiver


async def refused(receiver: Receiver) -> ChannelFailed:
    with pytest.raises(ChannelFailed) as failed:
        await Webhook(receiver.address, SECRET, now=now).post("main", FAILED, key="7")
    return failed.value


async def test_a_message_is_signed_with_its_time(receiver: Receiver) -> None:
    await Webhook(f"{receiver.address}/alerts", SECRET, now=now).post("main", FAILED, key="7")

    (got,) = receiver.got
    digest = hmac.new(SECRET.encode(), got.body, "sha256").hexdigest()
    assert got.headers["x-orbits-signature-256"] == f"sha256={digest}"
    assert got.headers["x-orbits-timestamp"] == str(int(NOW.timestamp()))
    assert got.headers["content-type"] == "application/json"
    assert json.loads(got.body) == {**FAILED.data, "sent_at": int(NOW.timestamp())}


async def test_one_that_comes_again_is_known_by_its_name(receiver: Receiver) -> None:
    webhook = Webhook(receiver.address, SECRET, now=now)
    for key in ("7", "7", "8"):
        await webhook.post("main", FAILED, key=key)

    first, again, other = [each.headers["x-orbits-delivery"] for each in receiver.got]
    assert first == again != other


async def test_a_redirect_is_not_followed(receiver: Receiver) -> None:
    receiver.status, receiver.headers = 307, {"location": f"{receiver.address}/elsewhere"}

    failed = await refused(receiver)

    assert str(failed) == (
        "The alert could not be sent to the webhook: it answered 307. It sends us elsewhere, and "
        "that is not followed: set ORBITS_WEBHOOK_URL to the end."
    )
    assert len(receiver.got) == 1
    assert not failed.passing


async def test_a_refusal_says_what_to_do_and_quotes_no_answer(receiver: Receiver) -> None:
    receiver.status, receiver.body = 401, b"x" * 10_000_000

    assert str(await refused(receiver)) == (
        "The alert could not be sent to the webhook: it answered 401. It does not take the "
        "signature: ORBITS_WEBHOOK_SECRET is the same on both sides."
    )


async def test_a_problem_of_its_own_passes(receiver: Receiver) -> None:
    receiver.status = 502

    assert (await refused(receiver)).passing


async def test_it_asks_for_patience(receiver: Receiver) -> None:
    receiver.status, receiver.headers = 429, {"retry-after": "42"}

    with pytest.raises(ChannelLimited) as limited:
        await Webhook(receiver.address, SECRET, now=now).post("main", FAILED, key="7")

    assert limited.value.after == timedelta(seconds=42)


async def test_nobody_listens() -> None:
    with pytest.raises(ChannelFailed) as failed:
        await Webhook("http://127.0.0.1:9/", SECRET).post("main", FAILED, key="7")

    assert failed.value.status is None


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("30", 30),
        ("0", 1),
        ("99999999", 7200),
        (None, 30),
        ("soon", 30),
        ("Sun, 01 Mar 2026 09:01:00 GMT", 60),
    ],
)
def test_how_long_to_wait(said: str | None, seconds: int) -> None:
    assert waiting_time(said, NOW) == timedelta(seconds=seconds)
