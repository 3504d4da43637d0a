"""Where GitHub can be made to say something, and how it is found, made and changed there."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from bot.github.answers import (
    Annotation,
    CheckAction,
    CheckRun,
    DeploymentRequest,
    DeploymentStatus,
)
from bot.github.door import GitHub
from bot.outbox.budget import Pace, Rank
from bot.outbox.issue import Issue
from bot.outbox.on_github import OnGitHub
from bot.outbox.remark import Remark
from bot.outbox.target import Target, Way, Ways
from bot.outbox.whole_paths import with_whole_paths
from bot.report.check import CheckWords

_NAME = re.compile(r"[A-Za-z0-9_/.-]+")


@dataclass(frozen=True)
class Check(OnGitHub[CheckRun]):
    """A check on a commit; `external_id` is our own name for it."""

    kind: ClassVar[str] = "check"

    sha: str
    name: str
    external_id: str

    def saying(
        self,
        words: CheckWords,
        *,
        actions: tuple[CheckAction, ...] = (),
        annotations: tuple[Annotation, ...] = (),
    ) -> CheckRun:
        """Answer this check with these words, buttons and marks on lines."""
        return CheckRun(
            name=self.name,
            external_id=self.external_id,
            status=words.status,
            conclusion=words.conclusion,
            title=words.title,
            summary=words.summary,
            text=words.text,
            actions=actions,
            annotations=annotations,
        )

    async def find(self, github: GitHub) -> int | None:
        """Look for our own check of that name and external id."""
        return await github.find_check(self.repository, self.sha, self.name, self.external_id)

    async def create(self, github: GitHub, words: CheckRun) -> int:
        """Put the check on the commit."""
        words = await with_whole_paths(github, self.repository, self.sha, words)
        return await github.create_check(self.repository, self.sha, words)

    async def change(self, github: GitHub, number: int, words: CheckRun) -> None:
        """Replace what the check says."""
        words = await with_whole_paths(github, self.repository, self.sha, words)
        await github.update_check(self.repository, number, words)

    @classmethod
    def of_commit(cls, repository: str, sha: str) -> str:
        """Answer how the keys of all checks on a commit begin."""
        return f"{cls.kind}/{repository.lower()}/{sha}/"

    def _within(self) -> tuple[str, ...]:
        return self.sha, self.name, self.external_id


@dataclass(frozen=True)
class Comment(OnGitHub[str]):
    """The one comment of a pull request that begins with a hidden marker."""

    kind: ClassVar[str] = "comment"

    issue: int
    marker: str

    async def find(self, github: GitHub) -> int | None:
        """Look for the oldest comment of our own with the marker."""
        return await github.find_comment(self.repository, self.issue, self.marker)

    async def create(self, github: GitHub, words: str) -> int:
        """Post the comment."""
        return await github.create_comment(self.repository, self.issue, self._marked(words))

    async def change(self, github: GitHub, number: int, words: str) -> None:
        """Edit the comment."""
        await github.edit_comment(self.repository, number, self._marked(words))

    def _marked(self, words: str) -> str:
        return words if words.startswith(self.marker) else f"{self.marker}\n\n{words}"

    def _within(self) -> tuple[str, ...]:
        return (str(self.issue),)


@dataclass(frozen=True)
class Answer(OnGitHub[str]):
    """A comment that answers somebody; `to` tells what, such as a comment's id and a number.

    Its hidden marker holds that name, so that one whose answer was lost is found again.
    """

    kind: ClassVar[str] = "answer"
    rank: ClassVar[Rank] = Rank.ANSWER
    looks_first: ClassVar[bool] = False

    issue: int
    to: str

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.to):
            raise ValueError(f"`{self.to}` cannot stand in a marker: letters, digits and _/.- can")

    async def find(self, github: GitHub) -> int | None:
        """Look for the comment with the marker."""
        return await self._comment.find(github)

    async def create(self, github: GitHub, words: str) -> int:
        """Post the answer."""
        return await self._comment.create(github, words)

    async def change(self, github: GitHub, number: int, words: str) -> None:
        """Edit the answer."""
        await self._comment.change(github, number, words)

    @property
    def _comment(self) -> Comment:
        return Comment(self.repository, self.issue, f"<!-- orbits: answer to {self.to} -->")

    def _within(self) -> tuple[str, ...]:
        return str(self.issue), self.to


@dataclass(frozen=True)
class Reaction(OnGitHub[str]):
    """A reaction to a comment, such as `eyes`; given again it is the same one to GitHub."""

    kind: ClassVar[str] = "reaction"
    rank: ClassVar[Rank] = Rank.ANSWER
    refusals: ClassVar[int] = 3
    looks_first: ClassVar[bool] = False

    comment: int
    content: str

    async def create(self, github: GitHub, words: str) -> int:
        """React."""
        return await github.react(self.repository, self.comment, self.content)

    async def change(self, github: GitHub, number: int, words: str) -> None:
        """Do nothing: a reaction says what it says."""

    def _within(self) -> tuple[str, ...]:
        return str(self.comment), self.content


@dataclass(frozen=True)
class Environment(OnGitHub[DeploymentStatus]):
    """A GitHub Deployment of a commit to an environment; `external_id` is our own name for it.

    It takes two writes: it is made first, and says something by its statuses.
    """

    kind: ClassVar[str] = "deployment"
    said_when_made: ClassVar[bool] = False

    sha: str
    environment: str
    external_id: str

    async def find(self, github: GitHub) -> int | None:
        """Look for our own deployment of that name."""
        return await github.find_deployment(
            self.repository, self.sha, self.environment, self.external_id
        )

    async def says(self, github: GitHub, number: int, words: DeploymentStatus) -> bool:
        """Answer whether the newest status is this one."""
        return await github.find_deployment_status(self.repository, number, words) is not None

    async def create(self, github: GitHub, words: DeploymentStatus) -> int:
        """Make the deployment, without a status."""
        deployment = DeploymentRequest(self.sha, self.environment, self.external_id)
        return await github.create_deployment(self.repository, deployment)

    async def change(self, github: GitHub, number: int, words: DeploymentStatus) -> None:
        """Add a status."""
        await github.set_deployment_status(self.repository, number, words)

    def _within(self) -> tuple[str, ...]:
        return self.sha, self.environment, self.external_id


ON_GITHUB: Mapping[str, type[Target[Any, Any]]] = {
    target.kind: target for target in (Check, Comment, Answer, Reaction, Environment, Issue, Remark)
}
"""The targets of GitHub, by their kinds."""


def only_github(github: GitHub, pace: Pace | None = None) -> Ways:
    """Answer the ways out of a bot that writes to GitHub and nowhere else."""
    return Ways(Way(github, pace or Pace(), ON_GITHUB))
