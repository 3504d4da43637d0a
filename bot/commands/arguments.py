"""What stands behind a verb: a selector, `to`, and options, checked against the verb's row."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from bot.commands.command import Command
from bot.commands.values import read_value
from bot.commands.verb import Option, Takes, Value, Verb
from bot.commands.words import Word
from bot.report.suggestions import closest, in_code, listed
from bot.rollouts.selectors import Selector, parse_selector
from resources.errors import Refused


def command(verb: Verb, words: Iterable[Word]) -> Command:
    """Read the words behind a verb; raises `Refused` with what is wrong and what to type."""
    reading = _Reading(verb, deque(words))
    while reading.rest:
        reading.take(reading.rest.popleft())
    selector = parse_selector(" ".join(reading.positional))
    if lacking := list(_lacking(verb, selector, reading.given)):
        raise Refused(
            f"{_name(verb)} lacks {' and '.join(lacking)}. Type it as in "
            f"{in_code(verb.examples[0], 100)}."
        )
    return Command(verb, selector, **reading.given)


def _lacking(verb: Verb, selector: Selector, given: dict[str, Any]) -> Iterable[str]:
    if verb.takes is Takes.TENANTS and not selector.names_tenants:
        yield "the tenants that are meant"
    if verb.one_service and not selector.names_services:
        yield "the service"
    for option in verb.options:
        if option.required and option.field not in given:
            yield in_code(str(option))


@dataclass
class _Reading:
    """What is known of one line while its words are taken from the left."""

    verb: Verb
    rest: deque[Word]
    positional: list[str] = field(default_factory=list)
    given: dict[str, Any] = field(default_factory=dict)

    def take(self, word: Word) -> None:
        if word.is_option:
            self._option(*word.as_option())
        elif word.text.lower() == "to":
            self._to()
        elif word.text.lower() == "because":
            raise Refused('A reason is an option: type `--reason "..."` instead of `because`.')
        elif self.verb.takes is Takes.NOTHING:
            raise Refused(
                f"{_name(self.verb)} takes no selector, and {in_code(word.text)} follows it. "
                f"Type {in_code(self.verb.usage, 100)}."
            )
        elif word.text.find("@") > 0 and (option := self.verb.option("to")):
            service, _, commit = word.text.partition("@")
            self.positional.append(f"service={service}")
            self._keep(option, commit)
        else:
            self.positional.append(word.text)

    def _to(self) -> None:
        if (option := self.verb.option("to")) is None:
            raise Refused(
                f"{_name(self.verb)} takes no `to`. Leave it out; a tenant of that name is "
                "`tenant:to`."
            )
        self._keep(option, self._following(option))

    def _option(self, name: str, value: str | None) -> None:
        if (option := self.verb.option(name)) is None:
            raise Refused(_no_option(self.verb, name))
        if option.value is not Value.NONE:
            self._keep(option, self._following(option) if value is None else value)
        elif value is None:
            self._keep(option, True)
        else:
            raise Refused(f"`--{name}` takes no value. Leave {in_code('=' + value)} out.")

    def _following(self, option: Option) -> str:
        """Take the word behind an option. A text that goes on without quotes is no selector."""
        if not self.rest or self.rest[0].is_option:
            raise Refused(f"A value is missing: type {in_code(str(option))}.")
        word = self.rest.popleft()
        if option.value is Value.TEXT and word.bare and self.rest and not self.rest[0].is_option:
            text = f'--{option.name} "{word.text} {self.rest[0].text} ..."'
            raise Refused(f"A text of several words needs quotes: type {in_code(text)}.")
        return word.text

    def _keep(self, option: Option, value: str | bool) -> None:
        name = str(option).partition(" ")[0]
        if option.field in self.given:
            raise Refused(f"`{name}` is given twice. Type it once.")
        text = read_value(name, option.value, value) if isinstance(value, str) else value
        self.given[option.field] = text


def _no_option(verb: Verb, name: str) -> str:
    names = [f"--{option.name}" for option in verb.options]
    meant = closest(f"--{name}", names)
    guess = f" Did you mean {in_code(meant)}?" if meant else ""
    there_are = f"There are {listed(names)}." if names else "It takes none."
    return f"{_name(verb)} has no option {in_code('--' + name)}.{guess} {there_are}"


def _name(verb: Verb) -> str:
    return f"`/orbits {verb.name}`"
