"""What every channel is given, and the one thing that every channel can do with it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True)
class SlackWords:
    """What Slack shows: blocks; and in notifications the text, of less than 4,000 characters."""

    text: str
    blocks: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True)
class Message:
    """The same in each of the ways that channels take: a line, plain text, JSON, Slack's own."""

    title: str
    text: str
    slack: SlackWords
    data: Mapping[str, Any]


class Channel(Protocol):
    """Where messages go; `to` is which of its rooms or people, where it has several."""

    async def post(self, to: str, message: Message, *, key: str) -> int:
        """Send a message, which `key` tells from all others, and answer its number there, or 0.

        Raises `ChannelFailed` and `ChannelLimited`.
        """
