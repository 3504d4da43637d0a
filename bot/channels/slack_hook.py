"""Slack, by an incoming webhook: it posts to one channel, and nothing can be changed there."""

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from http.client import HTTPException

from slack_sdk.errors import SlackClientError
from slack_sdk.webhook import WebhookClient

from bot.channels.failures import ChannelLimited, lost, waiting_time
from bot.channels.message import Message
from bot.channels.slack_refusals import refused

_NAME = "Slack's incoming webhook"
_WITHIN_SECONDS = 10


class SlackHook:
    """An incoming webhook, whose address is the secret.

    It tells no number, so that nothing is found again: where an answer is lost, a message may
    come twice.
    """

    def __init__(
        self, url: str, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._client = WebhookClient(
            url,
            retry_handlers=[],
            timeout=_WITHIN_SECONDS,
            logger=logging.Logger("slack", logging.CRITICAL),
        )
        self._now = now

    async def post(self, to: str, message: Message, *, key: str) -> int:
        """Post a message."""
        del to, key
        words = message.slack
        try:
            answer = await asyncio.to_thread(
                self._client.send,
                text=words.text,
                blocks=[dict(each) for each in words.blocks],
                unfurl_links=False,
                unfurl_media=False,
            )
        except (OSError, HTTPException, SlackClientError) as error:
            raise lost(_NAME, error) from None
        if answer.status_code == 429:
            headers = {name.lower(): value for name, value in answer.headers.items()}
            raise ChannelLimited(_NAME, waiting_time(headers.get("retry-after"), self._now()))
        if answer.status_code != 200:
            raise refused(_NAME, answer.body.strip(), answer.status_code)
        return 0
