"""That there is something for channels to hear of: marked where it changes, routed in its turn.

So who changes rows knows nothing of channels: a subject is announced in the same transaction, and
whoever alerts renders it and marks what each channel should say.
"""

from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from sqlmodel import Session

from bot.outbox.budget import Rank
from bot.outbox.marking import due, due_by_key
from bot.outbox.target import Target

ACCOUNT = "alerts/all"


class Router(Protocol):
    """Marks what channels should say."""

    async def route(self, words: Any) -> None:
        """Mark it; a second time changes nothing."""


@dataclass(frozen=True)
class Announcement(Target[Any, Router]):
    """Something that channels may hear of, such as `rollout/7`, `drift/acme` or `bot/inbox`."""

    kind: ClassVar[str] = "alert"
    looks_first: ClassVar[bool] = False

    subject: str

    @property
    def account(self) -> str:
        """All of them go the same way."""
        return ACCOUNT

    @property
    def key(self) -> str:
        """What tells it from all other targets."""
        return f"{self.kind}/{self.subject}"

    async def create(self, door: Router, words: Any) -> int:
        """Let channels be told."""
        await door.route(words)
        return 0

    async def change(self, door: Router, number: int, words: Any) -> None:
        """Let channels be told something else."""
        await door.route(words)


def announce(session: Session, subject: str, source: str, rank: Rank = Rank.TURN) -> None:
    """Let it be found out whether there is something to alert of, such as of `rollout-alert:7`."""
    due(session, Announcement(subject), source, rank=rank)


def announce_again(session: Session, subject: str) -> None:
    """Let it be found out again, where it was announced before."""
    due_by_key(session, Announcement(subject).key)
