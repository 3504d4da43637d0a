"""What all places on GitHub have in common at which something is said."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import TypeVar

from bot.github.door import GitHub
from bot.outbox.target import Target

W = TypeVar("W")


@dataclass(frozen=True)
class OnGitHub(Target[W, GitHub]):
    """Where in a repository (`owner/name`) something is said."""

    repository: str

    @property
    def account(self) -> str:
        """The owner, whose installation of the App writes here."""
        return self.repository.split("/")[0].lower()

    @property
    def key(self) -> str:
        """What tells it from all other targets."""
        return "/".join([self.kind, self.repository.lower(), *self._within()])

    @abstractmethod
    def _within(self) -> tuple[str, ...]:
        """Answer what tells it from others of its kind in the repository."""
