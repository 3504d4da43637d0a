"""Messages: what they say now, what they said before, and the thread below them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from bot.simulated.slack.workspace import Member, moment_of

Json = dict[str, Any]

_CODE = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)
_CALL = re.compile(r"<(@\w+|!here|!channel|!everyone)(?:\|[^<>]*)?>")


@dataclass(frozen=True)
class Content:
    """What a message says, already found to be in order."""

    text: str = ""
    blocks: tuple[Json, ...] = ()
    metadata: Json | None = None
    truncated: bool = False


@dataclass
class Reaction:
    """One emoji below a message, and who put it there."""

    name: str
    members: list[Member] = field(default_factory=list)


@dataclass(eq=False)
class Message:
    """One message; with a `thread_ts` that is not its own `ts` it is a reply."""

    ts: str
    author: Member
    content: Content
    thread_ts: str | None = None
    broadcast: bool = False
    webhook: bool = False
    unfurl_links: bool | None = None
    unfurl_media: bool | None = None
    edited_at: str | None = None
    earlier: list[Content] = field(default_factory=list)
    replies: list["Message"] = field(default_factory=list)
    reactions: list[Reaction] = field(default_factory=list)

    def __repr__(self) -> str:
        return f"<Message {self.ts} of {self.author.name}: {self.text[:40]!r}>"

    @property
    def text(self) -> str:
        """The text; where there are blocks, only notifications show it."""
        return self.content.text

    @property
    def blocks(self) -> list[Json]:
        """The blocks as they were sent, each with a `block_id`."""
        return list(self.content.blocks)

    @property
    def metadata(self) -> Json | None:
        """What the app noted about the message, which nobody sees."""
        return self.content.metadata

    @property
    def edits(self) -> int:
        """How often the message was changed."""
        return len(self.earlier)

    @property
    def mentions(self) -> list[str]:
        """Who is called by what is shown, such as `<!here>` or `<@U00001002>`, in order.

        What was escaped calls nobody (api.slack.com/reference/surfaces/formatting#escaping).
        """
        shown = list(_formatted(self.blocks)) if self.blocks else [self.text]
        return [f"<{call}>" for text in shown for call in _CALL.findall(_CODE.sub("", text))]

    @property
    def is_reply(self) -> bool:
        """Say whether the message stands in the thread of another."""
        return self.thread_ts is not None and self.thread_ts != self.ts

    @property
    def at(self) -> datetime:
        """When it was written."""
        return moment_of(self.ts)

    @property
    def day(self) -> date:
        """On which day, in UTC."""
        return self.at.date()

    def change(self, content: Content, at: str) -> None:
        """Say something else from now on."""
        self.earlier.append(self.content)
        self.content, self.edited_at = content, at

    def react(self, member: Member, name: str) -> bool:
        """Put an emoji below the message; say whether it is new of this member."""
        found = next((each for each in self.reactions if each.name == name), None)
        if found is None:
            found = Reaction(name)
            self.reactions.append(found)
        if member in found.members:
            return False
        found.members.append(member)
        return True


def _formatted(thing: Any) -> Iterator[str]:
    """Return every text of blocks in which marks mean something."""
    if isinstance(thing, list):
        for each in thing:
            yield from _formatted(each)
    elif isinstance(thing, dict):
        if thing.get("type") == "mrkdwn":
            yield thing["text"]
        for each in thing.values():
            yield from _formatted(each)
