"""Where channels say something: a message that changes, its thread, and one that stays."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, TypeVar

from bot.channels.failures import ChannelFailed
from bot.channels.message import Channel, Message, SlackWords
from bot.channels.slack import SlackBot
from bot.outbox.budget import Rank
from bot.outbox.target import Target
from bot.report.slack import called

REPLIED = 3
"""So often is a reply tried that is refused: the message above it says the same in short."""


@dataclass(frozen=True)
class RootWords:
    """What a message says; where it came right before it was posted, nobody need hear of it."""

    words: SlackWords
    is_wrong: bool


@dataclass(frozen=True)
class ReplyWords:
    """What a reply says, and the number of the message below which it stands."""

    thread: int
    words: SlackWords


_Words = TypeVar("_Words", RootWords, ReplyWords)


@dataclass(frozen=True)
class _InChannel(Target[_Words, SlackBot]):
    """What is said of a subject in a channel; what somebody deleted there is left deleted."""

    looks_first: ClassVar[bool] = False

    channel: str
    subject: str

    @property
    def account(self) -> str:
        """The channel: Slack limits each apart."""
        return f"slack/{self.channel}"

    async def change(self, door: SlackBot, number: int, words: _Words) -> None:
        """Edit it."""
        try:
            await door.change(self.channel, number, words.words)
        except ChannelFailed as failed:
            if not failed.gone:
                raise


@dataclass(frozen=True)
class SlackMessage(_InChannel[RootWords]):
    """The one message of a subject in a channel; it calls somebody when it is made, never again."""

    kind: ClassVar[str] = "slack-message"
    rank: ClassVar[Rank] = Rank.TURN

    mention: str = ""

    @property
    def key(self) -> str:
        """What tells it from all other targets."""
        return f"{self.account}/{self.subject}"

    async def find(self, door: SlackBot) -> int | None:
        """Look for our own message with that key."""
        return await door.find(self.channel, self.key)

    def worth_making(self, words: RootWords) -> bool:
        """Answer whether somebody should hear of it who has heard nothing."""
        return words.is_wrong

    async def create(self, door: SlackBot, words: RootWords) -> int:
        """Post it, and call whom it is to call."""
        return await door.say(self.channel, _calling(words.words, self.mention), key=self.key)


@dataclass(frozen=True)
class SlackReply(_InChannel[ReplyWords]):
    """What is said of one thing, such as `acme`, in the thread of a subject's message.

    One that calls somebody is shown in the channel too: it was not as bad when the message was
    posted.
    """

    kind: ClassVar[str] = "slack-reply"
    refusals: ClassVar[int] = REPLIED

    of: str
    mention: str = ""

    @property
    def root(self) -> str:
        """The key of the message above it."""
        return f"{self.account}/{self.subject}"

    @property
    def key(self) -> str:
        """What tells it from all other targets."""
        return f"{self.root}//{self.of}"

    async def find(self, door: SlackBot) -> int | None:
        """Look for our own reply, below our own message."""
        thread = await door.find(self.channel, self.root)
        return None if thread is None else await door.find(self.channel, self.key, thread)

    async def create(self, door: SlackBot, words: ReplyWords) -> int:
        """Post it."""
        said = _calling(words.words, self.mention)
        broadcast = bool(self.mention)
        return await door.say(
            self.channel, said, key=self.key, thread=words.thread, broadcast=broadcast
        )


@dataclass(frozen=True)
class Post(Target[Message, Channel]):
    """A message that cannot be changed; of a subject one each time that it comes to a verdict."""

    kind: ClassVar[str] = "post"
    rank: ClassVar[Rank] = Rank.TURN
    looks_first: ClassVar[bool] = False

    way: str
    to: str
    subject: str
    said: str

    @property
    def account(self) -> str:
        """The way there, and to whom."""
        return f"{self.way}/{self.to}"

    @property
    def key(self) -> str:
        """What tells it from all other targets."""
        return f"{self.account}/{self.subject}/{self.said}"

    async def create(self, door: Channel, words: Message) -> int:
        """Send it."""
        return await door.post(self.to, words, key=self.key)

    async def change(self, door: Channel, number: int, words: Message) -> None:
        """Do nothing: what was sent stays as it is."""


SLACK_KINDS: Mapping[str, type[Target[Any, Any]]] = {
    SlackMessage.kind: SlackMessage,
    SlackReply.kind: SlackReply,
}
POST_KINDS: Mapping[str, type[Target[Any, Any]]] = {Post.kind: Post}


def _calling(words: SlackWords, mention: str) -> SlackWords:
    """Answer words that call somebody, below their heading."""
    if not mention:
        return words
    call = {"type": "mrkdwn", "text": called(mention)}
    first, rest = words.blocks[:1], words.blocks[1:]
    return replace(words, blocks=(*first, {"type": "section", "text": call}, *rest))
