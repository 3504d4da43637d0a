"""Channels: who is in them, what was written there, and what no longer can be."""

from dataclasses import dataclass, field
from datetime import timedelta

from bot.simulated.slack.contents import content_of
from bot.simulated.slack.messages import Content, Message
from bot.simulated.slack.refusals import SlackRefused
from bot.simulated.slack.workspace import Member, Workspace, moment_of


@dataclass
class Posting:
    """How a message is to be posted, beside what it says."""

    thread_ts: str | None = None
    broadcast: bool = False
    webhook: bool = False
    unfurl_links: bool | None = None
    unfurl_media: bool | None = None


@dataclass(eq=False)
class Channel:
    """A channel of the workspace; only members see a private one.

    Where it is `restricted`, apps may not write; `edit_window` is how long a message can be
    changed, without end if it is None.
    """

    workspace: Workspace
    id: str
    name: str
    private: bool = False
    topic: str = ""
    archived: bool = False
    restricted: bool = False
    edit_window: timedelta | None = None
    members: list[Member] = field(default_factory=list)
    everything: list[Message] = field(default_factory=list)

    def __repr__(self) -> str:
        return f"<Channel #{self.name}>"

    @property
    def messages(self) -> list[Message]:
        """What the channel shows, oldest first: replies only where they were broadcast."""
        return [each for each in self.everything if not each.is_reply or each.broadcast]

    @property
    def lost_replies(self) -> list[Message]:
        """What was posted to a thread that does not exist: nobody ever sees it."""
        return [each for each in self.everything if each.is_reply and not self._root(each)]

    def invite(self, member: Member) -> None:
        """Let somebody in."""
        if member not in self.members:
            self.members.append(member)

    def remove(self, member: Member) -> None:
        """Put somebody out."""
        self.members.remove(member)

    def archive(self) -> None:
        """Close the channel: nothing can be written in it."""
        self.archived = True

    def unarchive(self) -> None:
        """Open the channel again."""
        self.archived = False

    def says(self, person: Member, text: str, thread: Message | None = None) -> Message:
        """Let a person write."""
        self.invite(person)
        posting = Posting(thread_ts=thread.ts if thread else None)
        return self.post(person, content_of(text=text), posting)

    def post(self, author: Member, content: Content, posting: Posting) -> Message:
        """Add a message.

        One whose `thread_ts` names no message is taken all the same and shown nowhere
        (github.com/slackapi/python-slack-sdk/issues/840).
        """
        if self.archived:
            raise SlackRefused("is_archived")
        if self.restricted and author.is_bot:
            raise SlackRefused("restricted_action")
        message = Message(
            ts=self.workspace.new_ts(),
            author=author,
            content=content,
            thread_ts=posting.thread_ts,
            broadcast=posting.broadcast and posting.thread_ts is not None,
            webhook=posting.webhook,
            unfurl_links=posting.unfurl_links,
            unfurl_media=posting.unfurl_media,
        )
        self.everything.append(message)
        if root := self._root(message):
            root.thread_ts = root.ts
            root.replies.append(message)
        return message

    def edit(self, message: Message, author: Member, content: Content) -> None:
        """Change what a message says (api.slack.com/methods/chat.update#errors)."""
        if self.archived:
            raise SlackRefused("is_inactive")
        if message.author != author or message.webhook:
            raise SlackRefused("cant_update_message")
        age = self.workspace.now() - moment_of(message.ts)
        if self.edit_window is not None and age > self.edit_window:
            raise SlackRefused("edit_window_closed")
        message.change(content, self.workspace.new_ts())

    def delete(self, message: Message) -> None:
        """Take a message away with its whole thread, as somebody who may do so."""
        gone = {message, *message.replies}
        self.everything = [each for each in self.everything if each not in gone]
        if root := self._root(message):
            root.replies.remove(message)

    def message(self, ts: str) -> Message:
        """Return the message of a stamp; refused where there is none."""
        for message in self.everything:
            if message.ts == ts:
                return message
        raise SlackRefused("message_not_found")

    def permalink(self, message: Message) -> str:
        """Return the address of a message (api.slack.com/methods/chat.getPermalink)."""
        return f"{self.workspace.address}{self.path_of(message)}"

    def path_of(self, message: Message) -> str:
        """Return where a message is found in the workspace."""
        path = f"/archives/{self.id}/p{message.ts.replace('.', '')}"
        if not message.is_reply:
            return path
        return f"{path}?thread_ts={message.thread_ts}&cid={self.id}"

    def _root(self, reply: Message) -> Message | None:
        if not reply.is_reply:
            return None
        found = (each for each in self.everything if each.ts == reply.thread_ts)
        return next((each for each in found if not each.is_reply), None)
