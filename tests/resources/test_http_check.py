"""Services that are well, unwell, slow, or not what they should be."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from bot.engine.engine import Engine
from bot.store.database import Database
from resources.errors import StepFailed
from resources.library import HttpCheck, HttpCheckFailed, HttpHealth
from resources.library.http_exchange import LARGEST_BODY
from resources.secrets import EnvironmentSecrets, Secrets
from tests.resources.web_server import WebServer, said, web_server

VALUE = "correct-horse-battery-staple-42"
MOMENT = timedelta(milliseconds=1)
WELL = said("200 OK", "all is ok")
UNWELL = said("503 Service Unavailable", "warming\n  up")


@pytest.fixture
async def web() -> AsyncIterator[WebServer]:
    async with web_server() as web:
        yield web


def check(url: str, **options: Any) -> HttpCheck:
    return HttpCheck.model_validate({"url": url, "every": MOMENT, **options})


def once(url: str, **options: Any) -> HttpCheck:
    """A check that is too impatient for a second try."""
    return check(url, every=timedelta(minutes=2), **options)


async def problem(engine: Engine, asked: HttpCheck) -> str:
    with pytest.raises(StepFailed) as failed:
        await engine.run(asked)
    assert isinstance(failed.value.cause, HttpCheckFailed)
    return failed.value.tail


async def test_a_service_that_comes_up_is_waited_for(engine: Engine, web: WebServer) -> None:
    url = web.answers("/health", UNWELL, said("200 OK", "starting"), WELL)

    assert await engine.run(check(url, contains="ok")) == HttpHealth(status=200, tries=3)


async def test_an_error_does_not_show_what_comes_after_the_path(
    engine: Engine, web: WebServer
) -> None:
    url = web.answers(f"/health?token={VALUE}", UNWELL)

    with pytest.raises(StepFailed) as failed:
        await engine.run(once(url, statuses=(200, 204)))

    assert failed.value.reason.startswith(
        f"{web.url}/health is not well: asked once in 1 minute. At last, the answer was 503 and "
        "not 200 or 204; "
    )
    assert VALUE not in str(failed.value)


async def test_the_last_answer_and_the_number_of_tries_are_told(
    engine: Engine, web: WebServer
) -> None:
    url = web.answers("/health", UNWELL, None)

    with pytest.raises(StepFailed) as failed:
        await engine.run(check(url, within=timedelta(seconds=1)))

    assert failed.value.reason == (
        f"{web.url}/health is not well: asked 2 times in 1 second. At last, the answer was 503 "
        "and not 200; it begins with: warming up. Look at the service's own log, mend it, and "
        "retry."
    )


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (b"", "no answer: the connection was closed without an answer"),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok",
            "no answer: the connection was closed in the middle of an answer",
        ),
        (said("404 Not Found"), "the answer was 404 and not 200; it is empty"),
        (said("200 OK", "well"), "the answer was 200, without `ok`; it begins with: well"),
        (
            said("302 Found", "", ["Location: http://else.example/ok?secret"]),
            "no answer: it redirects to else.example, which is not in `redirects_to`",
        ),
        (said("302 Found", "", ["Location: /health"]), "no answer: more than 5 redirects"),
        (
            said("302 Found", "", ["Location: ftp://127.0.0.1/"]),
            "no answer: it redirects to what is no address",
        ),
    ],
)
async def test_what_is_no_good_answer_is_named(
    engine: Engine, web: WebServer, answer: bytes, told: str
) -> None:
    assert await problem(engine, once(web.answers("/health", answer), contains="ok")) == told


async def test_what_speaks_another_protocol_is_named(engine: Engine, web: WebServer) -> None:
    url = web.answers("/health", b"SSH-2.0-OpenSSH_9.2\r\n")

    assert (await problem(engine, once(url))).startswith("no answer: it does not speak HTTP: ")


async def test_a_try_that_gets_no_answer_is_given_up_for_the_next(
    engine: Engine, web: WebServer
) -> None:
    url = web.answers("/health", None, WELL)

    health = await engine.run(check(url, one_within=timedelta(milliseconds=50)))

    assert health == HttpHealth(status=200, tries=2)


async def test_a_service_that_never_answers_is_not_waited_for_beyond_the_time(
    engine: Engine, web: WebServer
) -> None:
    url = web.answers("/health", None)

    told = await problem(engine, check(url, within=timedelta(milliseconds=50)))

    assert re.fullmatch(r"no answer within 0\.0\d+ seconds", told)


async def test_nobody_at_the_port_is_named(engine: Engine) -> None:
    async with web_server() as gone:
        url = gone.url

    assert (await problem(engine, once(url))).startswith("no answer: ")


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.0 200 OK\r\n\r\nuntil the end, ok",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\no\r\n1\r\nk\r\n0\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + said("200 OK", "ok"),
        said("200 OK", "ok" + "." * 3_000_000),
    ],
    ids=["until the end", "chunked", "after a hint", "large"],
)
async def test_every_way_to_send_an_answer_is_understood(
    engine: Engine, web: WebServer, answer: bytes
) -> None:
    url = web.answers("/health", answer)

    assert await engine.run(once(url, contains="ok")) == HttpHealth(status=200, tries=1)


async def test_of_a_large_answer_the_beginning_counts(engine: Engine, web: WebServer) -> None:
    url = web.answers("/health", said("200 OK", "." * LARGEST_BODY + "ok"))

    assert "without `ok`" in await problem(engine, once(url, contains="ok"))


async def test_redirects_are_followed_where_that_is_allowed(engine: Engine, web: WebServer) -> None:
    web.answers("/other", WELL)
    there = f"http://localhost:{web.port}/other"
    url = web.answers("/health", said("301 Moved", "", [f"Location: {there}"]))
    near = web.answers("/near", said("307 Moved", "", ["Location: other"]))

    assert (await engine.run(once(near))).status == 200
    assert "localhost, which is not in" in await problem(engine, once(url))
    assert (await engine.run(once(url, redirects_to=["localhost"]))).status == 200
    assert (await engine.run(once(url, statuses=(301,)))).status == 301


async def test_a_secret_header_goes_to_its_own_host_only(
    database: Database, web: WebServer
) -> None:
    web.answers("/other", WELL)
    there = f"Location: http://localhost:{web.port}/other"
    url = web.answers("/health", said("302 Found", "", [there]))
    secrets = Secrets(EnvironmentSecrets({"TOKEN": f"Bearer {VALUE}"}))
    asked = once(url, secret_headers={"Authorization": "env:TOKEN"}, redirects_to=["localhost"])

    async with Engine(database, given=[secrets]) as engine:
        await engine.run(asked)

    first, second = web.asked
    assert f"Authorization: Bearer {VALUE}\r\n" in first
    assert "Authorization" not in second


@pytest.mark.parametrize(
    ("url", "private"),
    [
        ("http://127.0.0.1/", False),
        ("http://10.1.2.3/", False),
        ("http://[::1]/", False),
        ("http://[::ffff:192.168.0.1]/", False),
        ("http://169.254.169.254/latest/meta-data/", True),
        ("http://[fe80::1]/", True),
        ("http://[::ffff:169.254.169.254]/", True),
        ("http://0.0.0.0/", True),
    ],
)
async def test_addresses_that_may_not_be_asked_are_not(
    engine: Engine, url: str, private: bool
) -> None:
    told = await problem(engine, once(url, private=private))

    assert told == "no answer: its address is one that may not be asked"


@pytest.mark.parametrize(
    "url",
    ["ftp://a/", "a.example", "http://", "http://a b/", "http://a/\r\nX: y", "http://a:x/", ""],
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ValidationError, match="an address begins with http:// or https://"):
        HttpCheck(url=url)
