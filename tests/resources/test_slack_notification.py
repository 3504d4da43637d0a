"""What Slack is told, and what becomes of it where Slack does not listen."""

import json
from collections.abc import AsyncIterator

import pytest

from bot.engine.engine import Engine
from bot.store.database import Database
from resources.errors import StepFailed
from resources.library import SlackFailed, SlackNotification
from resources.model.workflow import Workflow
from resources.secrets import Secrets
from tests.resources.schemas import printed_in
from tests.resources.web_server import WebServer, said, web_server

PATH = "/services/T000/B000/correct-horse-battery"
TAKEN = said("200 OK", "ok")
TOLD = SlackNotification(webhook="slack:acme", text="acme: 6 files → “live”")
REQUIRED = TOLD.model_copy(update={"required": True})


class Webhooks:
    """A place of secrets that holds the address of one webhook."""

    scheme = "slack"

    def __init__(self, address: str) -> None:
        self.address = address

    async def read(self, name: str) -> str:
        return self.address


@pytest.fixture
async def slack() -> AsyncIterator[WebServer]:
    async with web_server() as web:
        yield web


@pytest.fixture
async def telling(database: Database, slack: WebServer) -> AsyncIterator[Engine]:
    """An engine that knows the webhook."""
    secrets = Secrets(Webhooks(f"{slack.url}{PATH}"))
    async with Engine(database, given=[secrets]) as engine:
        yield engine


class TellTwice(Workflow):
    """Says the same in two steps, and again when it is replayed."""

    async def define(self) -> list[bool]:
        return [await self.do("tell", TOLD), await self.do("tell-again", TOLD)]


async def test_the_text_is_told_as_it_is(telling: Engine, slack: WebServer) -> None:
    slack.answers(PATH, TAKEN)

    assert await telling.run(TOLD) is True

    assert slack.asked[0].startswith(f"POST {PATH} HTTP/1.1\r\n")
    assert [json.loads(body) for body in slack.bodies] == [{"text": "acme: 6 files → “live”"}]


async def test_a_busy_slack_is_asked_again(telling: Engine, slack: WebServer) -> None:
    slack.answers(PATH, said("429 Too Many Requests", "", ["Retry-After: 0"]), TAKEN)

    assert await telling.run(TOLD) is True
    assert len(slack.asked) == 2


async def test_a_message_that_is_not_taken_fails_nothing(
    telling: Engine, slack: WebServer, database: Database
) -> None:
    slack.answers(PATH, said("404 Not Found", "no_service"))

    assert await telling.run(TOLD) is False

    assert "\n".join(await printed_in(database)) == (
        "not told: Slack did not take the message of the webhook `slack:acme`: it answered 404 "
        "no_service. Look at the webhook in Slack's settings, and correct the secret if it is a "
        "new one."
    )


async def test_a_message_that_is_required_fails_without_showing_the_webhook(
    telling: Engine, slack: WebServer
) -> None:
    slack.answers(PATH, said("403 Forbidden", "invalid_token"))

    with pytest.raises(StepFailed) as failed:
        await telling.run(REQUIRED)

    assert isinstance(failed.value.cause, SlackFailed)
    assert "it answered 403 invalid_token." in failed.value.reason
    assert PATH not in str(failed.value)


async def test_what_got_no_answer_is_not_told_twice(telling: Engine, slack: WebServer) -> None:
    slack.answers(PATH, b"")

    assert await telling.run(TOLD) is False
    assert len(slack.asked) == 1


async def test_a_secret_that_is_no_webhook_says_so(database: Database) -> None:
    async with Engine(database, given=[Secrets(Webhooks("xoxb-correct-horse"))]) as engine:
        with pytest.raises(StepFailed) as failed:
            await engine.run(REQUIRED)

    assert failed.value.reason == (
        "The secret `slack:acme` is no address of a webhook, such as "
        "https://hooks.slack.com/services/... Store the whole address there."
    )


async def test_every_step_tells_for_itself(telling: Engine, slack: WebServer) -> None:
    slack.answers(PATH, TAKEN)

    assert await telling.run(TellTwice()) == [True, True]
    assert len(slack.asked) == 2


async def test_one_that_was_cut_off_is_not_told_again(telling: Engine) -> None:
    assert not SlackNotification.repeatable
    assert await telling.run(CutOff(webhook="slack:acme", text="x")) is False


class CutOff(SlackNotification):
    """One whose first attempt ended in a crash."""

    async def run(self) -> bool:
        return await self.interrupted()
