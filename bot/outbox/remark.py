"""A comment that is made once, when something happened to what an issue is about."""

import re
from dataclasses import dataclass
from typing import ClassVar

from bot.github.door import GitHub
from bot.outbox.budget import Rank
from bot.outbox.on_github import OnGitHub

_NAME = re.compile(r"[A-Za-z0-9_/.-]+")


@dataclass(frozen=True)
class Remark(OnGitHub[str]):
    """What is said of an event once, under an issue; `name` tells the event from all others.

    It is looked for before it is made: a store that was put back to what it was may tell the same
    event again.
    """

    kind: ClassVar[str] = "remark"
    rank: ClassVar[Rank] = Rank.TURN
    refusals: ClassVar[int] = 3

    issue: int
    name: str

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"`{self.name}` cannot stand in a marker")

    async def find(self, github: GitHub) -> int | None:
        """Look for the comment of our own with its marker."""
        return await github.find_comment(self.repository, self.issue, self._marker)

    async def create(self, github: GitHub, words: str) -> int:
        """Post it."""
        return await github.create_comment(self.repository, self.issue, self._marked(words))

    async def change(self, github: GitHub, number: int, words: str) -> None:
        """Say it in other words."""
        await github.edit_comment(self.repository, number, self._marked(words))

    @property
    def _marker(self) -> str:
        return f"<!-- orbits: {self.name} -->"

    def _marked(self, words: str) -> str:
        return f"{self._marker}\n\n{words}"

    def _within(self) -> tuple[str, ...]:
        return str(self.issue), self.name
