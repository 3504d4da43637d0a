"""Every command can be written as a line, and that line is read as the same command."""

from datetime import date, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.commands.command import Command, Commands
from bot.commands.grammar import commands_in, read
from bot.commands.verb import Option, Takes, Value, Verb
from bot.commands.verbs import VERBS
from bot.report.harmless import one_line
from bot.rollouts.selectors import parse_selector
from tests.report.rollouts import ANY_TEXT


@st.composite
def any_command(draw: st.DrawFn) -> Command:
    verb = draw(st.sampled_from(list(VERBS.values())))
    if verb.takes is Takes.VERB:
        return Command(verb, topic=draw(st.none() | st.sampled_from([*VERBS, "drift"])))
    given: dict[str, Any] = {
        option.field: draw(any_value(option.value) if option.required else maybe(option))
        for option in verb.options
    }
    return Command(verb, parse_selector(draw(any_selector(verb))), **given)


def any_selector(verb: Verb) -> st.SearchStrategy[str]:
    if verb.takes is Takes.NOTHING:
        return st.just("")
    needed = ["acme"] if verb.takes is Takes.TENANTS else []
    needed += ["service=site"] if verb.one_service else []
    more = ["tenant:to", "tenant:all", "tag:a", "ring:b", "!service=c", "!d", "e*"]
    words = st.lists(st.sampled_from(more), max_size=4)
    return words.map(lambda chosen: " ".join([*needed, *chosen]))


def maybe(option: Option) -> st.SearchStrategy[object]:
    nothing = False if option.value is Value.NONE else None
    return st.just(nothing) | any_value(option.value)


def any_value(value: Value) -> st.SearchStrategy[object]:
    texts = ANY_TEXT.map(one_line).filter(lambda text: 0 < len(text) <= 256)
    spans = st.integers(1, 9999).map(lambda number: timedelta(minutes=number))
    shas = st.text("0123456789abcdef", min_size=7, max_size=40)
    strategies: dict[Value, st.SearchStrategy[object]] = {
        Value.NONE: st.just(True),
        Value.TEXT: texts,
        Value.TIME: spans | st.dates(min_value=date(1000, 1, 1)),
        Value.SHA: shas,
        Value.REVISION: shas | st.just("last-good"),
    }
    return strategies[value]


@settings(deadline=None)
@given(any_command())
def test_a_command_that_is_written_is_read_as_itself(wanted: Command) -> None:
    assert commands_in(wanted.line()) == (wanted,)
    for place in wanted.verb.places:
        assert read(f"Please.\n\n{wanted.line()}\n", place) == Commands((wanted,))
