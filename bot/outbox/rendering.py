"""The words of a notice, as they are when it is sent."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any

from sqlmodel import Session, col, or_, select

from bot.outbox.patience import SAID_AFTER
from bot.outbox.target import Target, Ways
from bot.store.tables import Notice


@dataclass(frozen=True)
class Rendered:
    """The words of a notice; `None` where there is nothing to say.

    `final`: its source has ended, and they stay as they are. `debounce` is how long it is left
    alone after they were written, unless it is awaited.
    """

    words: Any
    final: bool = True
    debounce: timedelta = timedelta(0)

    @property
    def digest(self) -> str | None:
        """What tells these words from others; `None` where there are none."""
        return None if self.words is None else sha256(repr(self.words).encode()).hexdigest()


Render = Callable[[Session, str, Any, Sequence[str]], Rendered]
"""Renders, from what is recorded, the words of a source for a target.

It is given what of the source comes after the colon, the target, and why other notices, which this
one is to speak for, could not be written.
"""


@dataclass(frozen=True)
class Draft:
    """A notice as it was read, where it goes, and what it is to say."""

    row: Notice
    target: Target[Any, Any]
    rendered: Rendered

    @property
    def is_news(self) -> bool:
        """Whether GitHub has other words so far, or may have."""
        digest = self.rendered.digest
        return digest is not None and (digest != self.row.digest or self.row.underway)


def draft(session: Session, key: str, renderers: Mapping[str, Render], ways: Ways) -> Draft:
    """Read a notice and render its words; raises `KeyError` where nobody renders its source."""
    row = session.get_one(Notice, key)
    target = ways.target_of(row.account, row.kind, row.target)
    if row.source is None:
        return Draft(row, target, Rendered(row.content))
    scheme, _, name = row.source.partition(":")
    return Draft(row, target, renderers[scheme](session, name, target, untold(session, key)))


def untold(session: Session, key: str) -> list[str]:
    """Answer why the notices that this one speaks for could not be written."""
    query = select(Notice.problem).where(
        col(Notice.told_by) == key,
        col(Notice.problem).is_not(None),
        or_(col(Notice.given_up), col(Notice.attempts) >= SAID_AFTER),
    )
    return [problem for problem in session.exec(query.order_by(col(Notice.key))) if problem]
