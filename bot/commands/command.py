"""What a comment asks for, as values: commands, or the problems that keep all of them back."""

from dataclasses import dataclass, field

from bot.commands.values import Until, written
from bot.commands.verb import Value, Verb
from bot.commands.words import quoted
from bot.rollouts.selectors import Selector

NOTHING_WAS_STARTED = "Nothing was started."


@dataclass(frozen=True)
class Command:
    """One command, read and well formed; whom it means, and whether they exist, is not known yet.

    `topic` is what `help` is asked about: a verb, or the first word of several. `to` is part of
    a sha in small letters, or `last-good`.
    """

    verb: Verb
    selector: Selector = field(default_factory=Selector)
    topic: str | None = None
    dry_run: bool = False
    force: bool = False
    reason: str | None = None
    until: Until | None = None
    to: str | None = None

    def line(self) -> str:
        """Write the line to type for this command; read again, it is the same command."""
        words = ["/orbits", self.verb.name, self.topic or "", str(self.selector)]
        for option in self.verb.options:
            value = getattr(self, option.field)
            if value is True and option.value is Value.NONE:
                words.append(str(option))
            elif value:
                name = "to" if option.name == "to" else f"--{option.name}"
                words += [name, quoted(written(value))]
        return " ".join(filter(None, words))


@dataclass(frozen=True)
class Problem:
    """A line that cannot be carried out; `what` says why and what to type, as harmless Markdown."""

    line: int
    what: str

    @property
    def text(self) -> str:
        """The whole answer."""
        return f"{self.what} {NOTHING_WAS_STARTED}"


@dataclass(frozen=True)
class Commands:
    """Everything that a comment asks for, in its order; at least one, and all of it readable."""

    commands: tuple[Command, ...]


@dataclass(frozen=True)
class Problems:
    """Why nothing of a comment is carried out, be other lines of it as they should."""

    problems: tuple[Problem, ...]

    @property
    def text(self) -> str:
        """The whole answer: the problem, or a list of them."""
        if len(self.problems) == 1:
            return self.problems[0].text
        lines = [f"- Line {problem.line}: {problem.what}" for problem in self.problems]
        return "\n".join([*lines, "", NOTHING_WAS_STARTED])
