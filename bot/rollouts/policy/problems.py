"""What is wrong with a file such as `orbits.toml`, told all at once and line by line."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

from pydantic import JsonValue, TypeAdapter

from resources.errors import Refused

MOST_PROBLEMS = 50


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, or, as a warning, one that is only odd.

    `line` counts from 1, and is `None` where it cannot be found.
    """

    sentence: str
    line: int | None = None
    is_warning: bool = False

    def __str__(self) -> str:
        return self.sentence if self.line is None else f"line {self.line}: {self.sentence}"


class FileRefused(Refused):
    """A file cannot be used; the message tells the first fifty problems."""

    @property
    def problems(self) -> tuple[Problem, ...]:
        """The problems that the message tells, in the order of their lines."""
        return TypeAdapter(tuple[Problem, ...]).validate_python(self.facts["problems"])


class PolicyRefused(FileRefused):
    """An `orbits.toml` cannot be used."""


def refusal(problems: Iterable[Problem]) -> PolicyRefused:
    """Make one error of all problems of an `orbits.toml`."""
    return told(PolicyRefused, "`orbits.toml` cannot be used. Nothing was started.", problems)


_Refused = TypeVar("_Refused", bound=FileRefused)


def told(kind: type[_Refused], sentence: str, problems: Iterable[Problem]) -> _Refused:
    """Make one error of all problems of a file, under a sentence that says what was not done."""
    every = sorted(problems, key=lambda problem: problem.line or 0)
    shown = every[:MOST_PROBLEMS]
    lines = [sentence, *(f"- {each}" for each in shown)]
    if len(every) > len(shown):
        lines.append("- There are more problems, which are not listed here.")
    stored: list[JsonValue] = [
        {"sentence": problem.sentence, "line": problem.line} for problem in shown
    ]
    return kind("\n".join(lines), problems=stored)
