"""Tells a Slack channel through an incoming webhook."""

import asyncio
import json
from datetime import timedelta
from typing import Annotated, ClassVar

from pydantic import Field

from resources.errors import OrbitsError
from resources.library.http_exchange import Answer, NoAnswer, Request, ask, is_address
from resources.model.action import Action
from resources.secrets import Secret

TRIES = 3
ONE_WITHIN = timedelta(seconds=10)
LONGEST_PAUSE = timedelta(seconds=30)


class SlackFailed(OrbitsError):
    """Slack did not take a message."""


class SlackNotification(Action):
    """Say something in the channel that an incoming webhook belongs to.

        await self.do("tell-people", SlackNotification(
            webhook="env:ACME_SLACK_WEBHOOK", text="acme has its new orders page",
        ))

    The address of a webhook is its password, so it is given as a secret. What is told is told
    once in a run: where a crash came in the middle, it is not told again, and may not have been.
    A message that Slack does not take fails nothing, unless it is `required`.
    """

    repeatable: ClassVar[bool] = False

    webhook: Secret
    text: Annotated[str, Field(min_length=1, max_length=40_000)]
    required: bool = False
    """Whether the step fails where the message is not taken."""

    async def run(self) -> bool:
        """Say it, and answer whether Slack took it; raises `SlackFailed` where it is required."""
        try:
            await self._tell(await self.reveal(self.webhook))
        except OrbitsError as error:
            if self.required:
                raise
            self.log(f"not told: {error}\n")
            return False
        return True

    async def interrupted(self) -> bool:
        """Answer `False`: nobody can tell whether it was told, and twice is worse than not."""
        self.log("cut off while it was told; it is not told again\n")
        return False

    async def _tell(self, webhook: str) -> None:
        problem = ""
        for tried in range(1, TRIES + 1):
            answer = await _post(self._request(webhook))
            if isinstance(answer, Answer) and 200 <= answer.status < 300:
                return
            problem = answer if isinstance(answer, str) else _said(answer)
            pause = _pause(answer, tried)
            if pause is None or tried == TRIES:
                break
            await asyncio.sleep(pause)
        raise SlackFailed(
            f"Slack did not take the message of the webhook `{self.webhook}`: {problem}. "
            "Look at the webhook in Slack's settings, and correct the secret if it is a new one."
        )

    def _request(self, webhook: str) -> Request:
        if not is_address(webhook):
            raise SlackFailed(
                f"The secret `{self.webhook}` is no address of a webhook, such as "
                "https://hooks.slack.com/services/... Store the whole address there."
            )
        body = json.dumps({"text": self.text}).encode()
        return Request(webhook, "POST", {"Content-Type": "application/json"}, body)


async def _post(request: Request) -> Answer | str:
    """Answer what came back, or why nothing did, in words without the address."""
    try:
        async with asyncio.timeout(ONE_WITHIN.total_seconds()):
            return await ask(request)
    except TimeoutError:
        return f"no answer within {ONE_WITHIN.seconds} seconds"
    except NoAnswer as none:
        return f"no answer: {none}"


def _pause(answer: Answer | str, tried: int) -> float | None:
    """Answer after how many seconds it is worth trying again, or `None`.

    What got no answer may have been told, so it is not said again.
    """
    if isinstance(answer, str) or answer.status not in {429, 503}:
        return None
    asked_for = answer.headers.get("retry-after", "")
    seconds = float(asked_for) if asked_for.isdecimal() else float(tried)
    return seconds if seconds <= LONGEST_PAUSE.total_seconds() else None


def _said(answer: Answer) -> str:
    return f"it answered {answer.status} {' '.join(answer.text.split())[:200]}".rstrip()
