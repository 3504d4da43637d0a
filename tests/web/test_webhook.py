"""What GitHub, and everybody else, is answered at the webhook."""

import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from structlog.testing import capture_logs

from bot.github.delivery import ReceivedDelivery
from bot.github.events import handles
from bot.web.webhook import LARGEST_PAYLOAD, webhook_route
from tests.github.examples import EXAMPLES
from tests.github.spoiling import any_spoiled

GUID = "72d3162e-cc78-11e3-81ab-4c9367dc0958"
NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
CLOSED = {"action": "closed", "repository": {"full_name": "agency/backend"}, "word": "private"}

TAKEN_IN = "Taken in."
IGNORED = "Ignored: the bot does not act on this event."
PONG = "Pong: the address and the secret are right."


class Inbox:
    """Keeps deliveries as a store would, or fails as a store may."""

    def __init__(self) -> None:
        self.deliveries: dict[str, ReceivedDelivery] = {}
        self.broken = False

    async def take_in(self, delivery: ReceivedDelivery) -> bool:
        if self.broken:
            raise OSError(f"the disk is full: {delivery.payload!r}")
        new = delivery.guid not in self.deliveries
        self.deliveries.setdefault(delivery.guid, delivery)
        return new


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


def _json(value: object) -> bytes:
    return json.dumps(value).encode()


def sign(body: bytes, secret: str | None = None) -> str:
    key = (secret or "secret").encode()
    return "sha256=" + hmac.new(key, body, hashlib.sha256).hexdigest()


def headers(body: bytes, **changed: str | None) -> dict[str, str]:
    given: dict[str, str | None] = {
        "x-github-event": "pull_request",
        "x-github-delivery": GUID,
        "x-hub-signature-256": sign(body),
        "content-type": "application/json",
    }
    named = {name.replace("_", "-"): value for name, value in changed.items()}
    return {name: value for name, value in {**given, **named}.items() if value is not None}


async def send(
    inbox: Inbox,
    body: bytes | AsyncIterator[bytes],
    given: dict[str, str] | list[tuple[bytes, bytes]],
    *secrets: str,
) -> httpx.Response:
    route = webhook_route(secrets or ("secret",), inbox.take_in, lambda: NOW)
    transport = httpx.ASGITransport(Starlette(routes=[route]))
    async with httpx.AsyncClient(transport=transport, base_url="http://bot.test") as client:
        return await client.post("/webhooks/github", content=body, headers=given)


async def answer(inbox: Inbox, payload: Any, **changed: str | None) -> tuple[int, str]:
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    response = await send(inbox, body, headers(body, **changed))
    return response.status_code, response.json()["message"]


async def test_a_delivery_is_stored_whole_before_it_is_acknowledged(inbox: Inbox) -> None:
    assert await answer(inbox, CLOSED) == (202, TAKEN_IN)
    assert inbox.deliveries == {
        GUID: ReceivedDelivery(
            guid=GUID,
            event="pull_request",
            action="closed",
            repository="agency/backend",
            payload=json.dumps(CLOSED).encode(),
            received_at=NOW,
        )
    }


@pytest.mark.parametrize("name", ["agency/back\0end", "agency", "", "a/" + "b" * 1000])
async def test_what_is_no_name_of_a_repository_is_not_stored_as_one(
    inbox: Inbox, name: str
) -> None:
    """PostgreSQL refuses a text with a NUL in it, however often GitHub delivers it again."""
    body = _json({**CLOSED, "repository": {"full_name": name}})

    assert (await send(inbox, body, headers(body))).status_code == 202
    assert inbox.deliveries[GUID].repository is None


async def test_a_delivery_that_comes_twice_is_taken_in_once(inbox: Inbox) -> None:
    await answer(inbox, CLOSED)
    assert await answer(inbox, CLOSED, x_github_delivery=GUID.upper()) == (
        202,
        "Taken in before; nothing is done twice.",
    )
    assert len(inbox.deliveries) == 1


async def test_a_ping_is_answered_and_not_stored(inbox: Inbox) -> None:
    assert await answer(inbox, {"zen": "Design for failure."}, x_github_event="ping") == (
        200,
        PONG,
    )
    assert inbox.deliveries == {}


@pytest.mark.parametrize(
    ("event", "action"), [("star", "created"), ("pull_request", "labeled"), ("pull_request", None)]
)
async def test_what_the_bot_does_not_act_on_is_acknowledged_and_forgotten(
    inbox: Inbox, event: str, action: str | None
) -> None:
    assert await answer(inbox, {"action": action}, x_github_event=event) == (202, IGNORED)
    assert inbox.deliveries == {}


async def test_a_store_that_fails_lets_github_see_a_failed_delivery(inbox: Inbox) -> None:
    inbox.broken = True
    body = json.dumps(CLOSED).encode()
    with capture_logs() as logs:
        response = await send(inbox, body, headers(body))

    assert response.status_code == 503
    assert response.headers["retry-after"] == "60"
    assert response.json() == {
        "message": "Not stored: the database does not answer. Deliver it again in a minute."
    }
    assert logs == [
        {
            "event": "delivery not stored",
            "delivery": GUID,
            "github_event": "pull_request",
            "error": "OSError",
            "log_level": "error",
        }
    ]


EVENT = "The header X-GitHub-Event is missing or is not an event's name."
DELIVERY = "The header X-GitHub-Delivery is missing or is not a GUID."
SIGNATURE = (
    "The header X-Hub-Signature-256 is missing or malformed. "
    "Set a webhook secret in the App's settings."
)
CONTENT = "Only JSON is understood. Set the content type of the App's webhook to application/json."


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"x_github_event": None}, EVENT),
        ({"x_github_event": "Pull Request"}, EVENT),
        ({"x_github_delivery": None}, DELIVERY),
        ({"x_github_delivery": "1; drop table"}, DELIVERY),
        ({"x_hub_signature_256": None}, SIGNATURE),
        ({"x_hub_signature_256": "sha1=da39a3ee5e6b4b0d3255bfef95601890afd80709"}, SIGNATURE),
        ({"x_hub_signature_256": "sha256=" + "é" * 64}, SIGNATURE),
        ({"content_type": "application/x-www-form-urlencoded"}, CONTENT),
        ({"content_type": None}, CONTENT),
    ],
)
async def test_a_header_that_is_missing_or_malformed_is_named(
    inbox: Inbox, changed: dict[str, str | None], sentence: str
) -> None:
    body = json.dumps(CLOSED).encode()
    named = {
        name.encode(): value.encode("latin-1") for name, value in headers(body, **changed).items()
    }
    response = await send(inbox, body, list(named.items()))

    assert (response.status_code, response.json()) == (400, {"message": sentence})
    assert inbox.deliveries == {}


async def test_a_wrong_signature_is_refused_before_anything_is_read(inbox: Inbox) -> None:
    sentence = (
        "The signature does not match. Set the same webhook secret in the App and in "
        "ORBITS_GITHUB_WEBHOOK_SECRET."
    )
    wrong = sign(b"other")
    assert await answer(inbox, b"no json", x_hub_signature_256=wrong) == (401, sentence)


async def test_either_of_two_secrets_may_sign_while_they_are_changed(inbox: Inbox) -> None:
    body = json.dumps(CLOSED).encode()
    for secret, status in [("old", 202), ("new", 202), ("other", 401)]:
        signed = headers(body, x_hub_signature_256=sign(body, secret))
        assert (await send(inbox, body, signed, "old", "new")).status_code == status


@pytest.mark.parametrize("secrets", [(), ("",), ("secret", "")])
def test_a_webhook_without_a_secret_is_refused_at_the_start(
    inbox: Inbox, secrets: tuple[str, ...]
) -> None:
    with pytest.raises(ValueError, match="needs a secret"):
        webhook_route(secrets, inbox.take_in, lambda: NOW)


@pytest.mark.parametrize(
    "body", [b"", b"[]", b'"closed"', b"{", b"\xff", b'{"action": 1}', b"[" * 100_000]
)
async def test_a_payload_that_is_no_event_is_refused(inbox: Inbox, body: bytes) -> None:
    assert await answer(inbox, body) == (400, "The payload is not the JSON object of an event.")


TOO_LARGE = (413, {"message": "The payload is larger than 25 MB, which GitHub never sends."})


async def test_a_payload_that_says_it_is_too_large_is_not_read(inbox: Inbox) -> None:
    read: list[bytes] = []

    async def unread() -> AsyncIterator[bytes]:
        read.append(b" ")
        yield b" "

    declared = headers(b"", content_length=str(LARGEST_PAYLOAD + 1))
    response = await send(inbox, unread(), declared)

    assert (response.status_code, response.json()) == TOO_LARGE
    assert read == []


@pytest.mark.parametrize("declared", [None, "10"])
async def test_a_payload_that_hides_its_size_is_not_read_to_the_end(
    inbox: Inbox, declared: str | None
) -> None:
    sent: list[int] = []

    async def endless() -> AsyncIterator[bytes]:
        while True:
            sent.append(1024**2)
            yield b" " * 1024**2

    response = await send(inbox, endless(), headers(b"", content_length=declared))

    assert (response.status_code, response.json()) == TOO_LARGE
    assert sum(sent) <= LARGEST_PAYLOAD + 2 * 1024**2


async def test_only_post_is_answered(inbox: Inbox) -> None:
    route = webhook_route(("secret",), inbox.take_in, lambda: NOW)
    transport = httpx.ASGITransport(Starlette(routes=[route]))
    async with httpx.AsyncClient(transport=transport, base_url="http://bot.test") as client:
        assert (await client.get("/webhooks/github")).status_code == 405


@pytest.mark.parametrize("name", EXAMPLES)
async def test_an_example_of_githubs_own_is_acknowledged(inbox: Inbox, name: str) -> None:
    example = EXAMPLES[name]
    heard = handles(example.event, example.action) and example.event != "ping"
    answered = (200, PONG) if example.event == "ping" else (202, TAKEN_IN if heard else IGNORED)

    assert await answer(inbox, example.body, x_github_event=example.event) == answered
    assert [each.payload for each in inbox.deliveries.values()] == [example.body] * heard
    for stored in inbox.deliveries.values():
        repository = example.payload.get("repository", {}).get("full_name")
        told = (example.event, example.action, repository)
        assert (stored.event, stored.action, stored.repository) == told


HEADER = st.binary(max_size=80).filter(lambda value: not {0, 10, 13} & set(value))
SPOILED = any_spoiled(sorted(EXAMPLES)).map(lambda spoiled: spoiled.body)


@settings(deadline=None)
@given(
    body=SPOILED
    | st.binary()
    | st.recursive(st.none() | st.text() | st.integers(), st.lists).map(_json),
    event=st.sampled_from(sorted({each.event for each in EXAMPLES.values()})),
    named=st.dictionaries(
        st.sampled_from(
            [
                b"x-github-event",
                b"x-github-delivery",
                b"x-hub-signature-256",
                b"content-type",
                b"content-length",
            ]
        ),
        HEADER,
    ),
)
async def test_nothing_that_is_sent_breaks_it(
    body: bytes, event: str, named: dict[bytes, bytes]
) -> None:
    inbox, sound = Inbox(), headers(body, x_github_event=event)
    good = {name.encode(): value.encode() for name, value in sound.items()}
    response = await send(inbox, body, list({**good, **named}.items()))

    assert response.status_code < 500
    assert set(response.json()) == {"message"}
