"""Where something can be said, once: how it is found there, made and changed."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar, Generic, TypeVar

from bot.outbox.budget import Pace, Rank
from bot.outbox.patience import REFUSED_ATTEMPTS

W = TypeVar("W")
D = TypeVar("D")


@dataclass(frozen=True)
class Target(ABC, Generic[W, D]):
    """Where words of the kind `W` are said, once, with a door of the kind `D`.

    One that is new `looks_first` for what may be there already, unless its key is made for one
    occasion. `said_when_made`: it says the words from the start. What is refused is tried up to
    `refusals` times.
    """

    kind: ClassVar[str]
    rank: ClassVar[Rank] = Rank.PROGRESS
    refusals: ClassVar[int] = REFUSED_ATTEMPTS
    looks_first: ClassVar[bool] = True
    said_when_made: ClassVar[bool] = True

    @property
    @abstractmethod
    def account(self) -> str:
        """Whose limits a write counts towards: `owner` on GitHub, else `way/name`."""

    @property
    @abstractmethod
    def key(self) -> str:
        """What tells it from all other targets."""

    def as_json(self) -> dict[str, Any]:
        """Answer what it is made of again."""
        return asdict(self)

    async def find(self, door: D) -> int | None:
        """Answer the number of what we made here before, if anything."""
        del door
        return None

    def worth_making(self, words: W) -> bool:
        """Answer whether it is to be made for these words, where it is not there."""
        del words
        return True

    async def says(self, door: D, number: int, words: W) -> bool:
        """Answer whether it says this already, where saying it twice would be seen."""
        del door, number, words
        return False

    @abstractmethod
    async def create(self, door: D, words: W) -> int:
        """Say it for the first time, in one write, and answer the number of it there."""

    @abstractmethod
    async def change(self, door: D, number: int, words: W) -> None:
        """Say it instead of what was said, in one write; raises what is `gone` if that is so."""


@dataclass(frozen=True)
class Way:
    """A way out: the door that its targets, by their kinds, are reached through, and how fast."""

    door: Any
    pace: Pace
    kinds: Mapping[str, type[Target[Any, Any]]]


@dataclass(frozen=True)
class Ways:
    """Every way out: to GitHub, and the others by what stands before the slash of an account."""

    github: Way
    others: Mapping[str, Way] = field(default_factory=dict)

    def leads_to(self, account: str) -> bool:
        """Answer whether there is a way to an account; a channel may be set up no more."""
        name, slash, _ = account.partition("/")
        return not slash or name in self.others

    def of(self, account: str) -> Way:
        """Answer the way on which an account is written to; raises `KeyError` for a closed one."""
        name, slash, _ = account.partition("/")
        return self.others[name] if slash else self.github

    def target_of(self, account: str, kind: str, target: dict[str, Any]) -> Target[Any, Any]:
        """Answer the target that a row names."""
        return self.of(account).kinds[kind](**target)
