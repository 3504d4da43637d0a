"""An issue of our own about one subject, found again by what stands hidden in its body."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from bot.github.door import GitHub
from bot.github.issue import IssueRequest
from bot.github.shapes import IssueSeen
from bot.outbox.on_github import OnGitHub

OURS = "orbits: "
"""How the labels begin that we give and take; those that people gave an issue stay."""

LABEL = f"{OURS}drift"
"""The label of all our issues, among which one is looked for."""

SAME_WITHIN = timedelta(days=14)
"""An issue that was closed longer ago is not opened again by a store that does not know it."""

_SUBJECT = re.compile(r"[A-Za-z0-9_./ -]+")
_HIDDEN = re.compile(r"\A\s*<!-- orbits: ([A-Za-z0-9_./ -]+?)(?:, issue ([0-9]{1,9}))? -->")


@dataclass(frozen=True)
class HiddenKey:
    """What an issue is about, such as `drift acme`, and the how-manieth it is about that."""

    subject: str
    number: int = 1

    @classmethod
    def of(cls, body: str | None) -> "HiddenKey | None":
        """Answer what a body says of itself; `None` where it is none of ours."""
        found = _HIDDEN.match(body or "")
        return cls(found[1], int(found[2] or 1)) if found else None

    def __str__(self) -> str:
        more = f", issue {self.number}" if self.number > 1 else ""
        return f"<!-- orbits: {self.subject}{more} -->"


@dataclass(frozen=True)
class Issue(OnGitHub[IssueRequest]):
    """The `number`th issue about a subject; `since` when it is wanted, as ISO 8601.

    It is never made anew only to be closed. Whoever closed it later than we decided that it is
    open keeps it closed.
    """

    kind: ClassVar[str] = "issue"

    subject: str
    number: int = 1
    since: str | None = None

    def __post_init__(self) -> None:
        if not _SUBJECT.fullmatch(self.subject):
            raise ValueError(f"`{self.subject}` cannot stand in a marker")

    @property
    def hidden(self) -> str:
        """The first line of its body, which nobody sees."""
        return str(HiddenKey(self.subject, self.number))

    def worth_making(self, words: IssueRequest) -> bool:
        """Answer whether there should be one, if there is none."""
        return words.closed is None

    async def find(self, github: GitHub) -> int | None:
        """Look for the newest one that is ours, and open, or closed not long ago.

        A store that was put back to what it was may count less of them than there are.
        """
        return self.chosen(await github.our_issues(self.repository, LABEL))

    def chosen(self, issues: Iterable[IssueSeen]) -> int | None:
        """Answer the number of the first of these that is this one."""
        fits = (each.number for each in issues if self._is(each))
        return next(fits, None)

    async def create(self, github: GitHub, words: IssueRequest) -> int:
        """Open it."""
        return await github.create_issue(self.repository, words)

    async def change(self, github: GitHub, number: int, words: IssueRequest) -> None:
        """Change its words, its labels and whether it is open."""
        seen = await github.issue(self.repository, number)
        foreign = [name for name in seen.label_names if not name.startswith(OURS)]
        changes = words.new()
        changes["labels"] = list(dict.fromkeys([*foreign, *words.labels]))
        if not _stays_closed(seen, words):
            changes |= words.state()
        await github.edit_issue(self.repository, number, changes)

    def _is(self, seen: IssueSeen) -> bool:
        key = HiddenKey.of(seen.body)
        if key is None or key.subject != self.subject or key.number < self.number:
            return False
        if seen.closed_at is None or self.since is None:
            return True
        return datetime.fromisoformat(self.since) - seen.closed_at <= SAME_WITHIN

    def _within(self) -> tuple[str, ...]:
        return self.subject, str(self.number)


def _stays_closed(seen: IssueSeen, words: IssueRequest) -> bool:
    """Answer whether somebody closed it after it was decided that it is open.

    We are told of it, if we were not yet. GitHub leaves out fractions of seconds.
    """
    decided = words.decided_at
    if words.closed is not None or seen.closed_at is None or decided is None:
        return False
    by_somebody = seen.closed_by is not None and seen.closed_by.type == "User"
    return by_somebody and seen.closed_at >= decided.replace(microsecond=0)
