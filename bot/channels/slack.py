"""Slack, as an app with a bot user: it posts, changes what it posted, and finds it again."""

import asyncio
import logging
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from http.client import HTTPException
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from bot.channels.failures import ChannelFailed, ChannelLimited, lost, waiting_time
from bot.channels.message import Message, SlackWords
from bot.channels.slack_address import API_URL
from bot.channels.slack_refusals import refused

EVENT = "orbits_alert"
"""The kind of the metadata by which a message of ours is found; nobody sees it."""

MOST_PAGES, ON_A_PAGE = 10, 200
_WITHIN_SECONDS = 10
_ID = re.compile(r"[CDG][A-Z0-9]{7,30}")
_MICROS = 1_000_000
_UNREADABLE = re.compile(r"`(missing_scope|not_in_channel|channel_not_found|thread_not_found)`")


class SlackBot:
    """A workspace, with the token of an app; channels are named by their id, or by their name.

    The numbers of messages are Slack's stamps, in microseconds. A write is sent once; where its
    answer is lost, `find` tells whether it was done, if the app may read the channel
    (`channels:history`). A name takes `channels:read` once a message is to be changed. Every
    method may raise `ChannelFailed` and `ChannelLimited`.
    """

    def __init__(
        self,
        token: str,
        api_url: str = API_URL,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        # Its own handlers would post again after a broken connection, and it logs what we raise.
        self._client = WebClient(
            token,
            base_url=api_url,
            retry_handlers=[],
            timeout=_WITHIN_SECONDS,
            logger=logging.Logger("slack", logging.CRITICAL),
        )
        self._now = now
        self._ids: dict[str, str] = {}

    async def post(self, to: str, message: Message, *, key: str) -> int:
        """Post a message in a channel, and answer its number."""
        return await self.say(to, message.slack, key=key)

    async def say(
        self,
        channel: str,
        words: SlackWords,
        *,
        key: str,
        thread: int | None = None,
        broadcast: bool = False,
    ) -> int:
        """Post words in a channel, perhaps in the thread of a message, and answer their number."""
        answer = await self._ask(
            channel,
            self._client.chat_postMessage,
            channel=self._ids.get(channel) or _address(channel),
            text=words.text,
            blocks=[dict(each) for each in words.blocks],
            metadata={"event_type": EVENT, "event_payload": {"key": key}},
            thread_ts=_stamp(thread) if thread is not None else None,
            reply_broadcast=broadcast or None,
            unfurl_links=False,
            unfurl_media=False,
        )
        self._ids[channel] = str(answer["channel"])
        return _number(str(answer["ts"]))

    async def change(self, channel: str, number: int, words: SlackWords) -> None:
        """Let a message of ours say something else."""
        await self._ask(
            channel,
            self._client.chat_update,
            channel=await self._id_of(channel),
            ts=_stamp(number),
            text=words.text,
            blocks=[dict(each) for each in words.blocks],
        )

    async def find(self, channel: str, key: str, thread: int | None = None) -> int | None:
        """Answer the newest message with a key; `None` also where the app may not look."""
        try:
            return await self._found(channel, key, thread)
        except ChannelFailed as failed:
            if _UNREADABLE.search(str(failed)):
                return None
            raise

    async def _found(self, channel: str, key: str, thread: int | None) -> int | None:
        arguments: dict[str, Any] = {"channel": await self._id_of(channel), "limit": ON_A_PAGE}
        arguments["include_all_metadata"] = True
        read: Callable[..., Any] = self._client.conversations_history
        if thread is not None:
            read, arguments["ts"] = self._client.conversations_replies, _stamp(thread)
        for _ in range(MOST_PAGES):
            page = await self._ask(channel, read, **arguments)
            for ts in _with_key(page, key):
                return _number(ts)
            cursor = _cursor(page)
            if not cursor:
                break
            arguments["cursor"] = cursor
        return None

    async def _id_of(self, channel: str) -> str:
        """Answer the id of a channel, without which nothing but a new message is possible."""
        if _ID.fullmatch(channel):
            return channel
        arguments: dict[str, Any] = {"types": "public_channel,private_channel", "limit": 1000}
        while channel not in self._ids:
            page = await self._ask(channel, self._client.conversations_list, **arguments)
            self._ids |= {str(each["name"]): str(each["id"]) for each in page["channels"]}
            arguments["cursor"] = _cursor(page)
            if not arguments["cursor"] and channel not in self._ids:
                raise refused(_named(channel), "channel_not_found", 200)
        return self._ids[channel]

    async def _ask(
        self, name: str, method: Callable[..., Any], **arguments: Any
    ) -> Mapping[str, Any]:
        given = {key: value for key, value in arguments.items() if value is not None}
        try:
            answer = await asyncio.to_thread(method, **given)
        except SlackApiError as error:
            raise self._refusal(name, error.response) from None
        except (OSError, HTTPException, SlackClientError) as error:
            raise lost(_named(name), error) from None
        data: Mapping[str, Any] = answer.data
        return data

    def _refusal(self, channel: str, response: Any) -> Exception:
        headers = {name.lower(): value for name, value in response.headers.items()}
        if response.status_code == 429:
            after = waiting_time(headers.get("retry-after"), self._now())
            return ChannelLimited(_named(channel), after)
        error, needed = str(response.get("error", "")), str(response.get("needed", ""))
        return refused(_named(channel), error, response.status_code, needed)


def _address(channel: str) -> str:
    return channel if _ID.fullmatch(channel) else f"#{channel}"


def _named(channel: str) -> str:
    return f"Slack's {_address(channel)}"


def _with_key(page: Mapping[str, Any], key: str) -> Iterator[str]:
    for message in page.get("messages", ()):
        metadata = message.get("metadata") or {}
        if metadata.get("event_type") != EVENT:
            continue
        if (metadata.get("event_payload") or {}).get("key") == key:
            yield str(message["ts"])


def _cursor(page: Mapping[str, Any]) -> str | None:
    return str((page.get("response_metadata") or {}).get("next_cursor") or "") or None


def _number(ts: str) -> int:
    seconds, _, micros = ts.partition(".")
    return int(seconds) * _MICROS + int(micros.ljust(6, "0")[:6])


def _stamp(number: int) -> str:
    return f"{number // _MICROS}.{number % _MICROS:06d}"
