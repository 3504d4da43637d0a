"""From the text of a comment to the commands in it, or to what is wrong with them.

    /orbits VERB [SELECTOR] [to REVISION] [--option [VALUE]]...

A command is one line. The verb and the names of options may be in small or large letters, and
options stand anywhere behind the verb, as `--name value` or `--name=value`. Where a verb has the
option `to`, the bare word is the same, and `backend@9f8e7d6` stands for `service=backend to
9f8e7d6`. A reason is an option and never the rest of the line. `/orbits` alone asks for help.
"""

from bot.commands.arguments import command
from bot.commands.command import Command, Commands, Problem, Problems
from bot.commands.lines import Line, addresses, command_lines
from bot.commands.verb import Place, Takes, Verb
from bot.commands.verbs import MEANT_BY, VERBS
from bot.commands.words import Word, words_of
from bot.report.suggestions import closest, in_code, listed
from resources.errors import Refused

MOST_COMMANDS = 10
LONGEST_BODY = 65_536


def read(body: str, place: Place) -> Commands | Problems | None:
    """Read a comment: all of its commands, or all of its problems; `None` without either.

    One problem keeps every command of the comment back. Whether a selector fits somebody, and
    whether the author may do it, remains to be asked.
    """
    found = commands_in(body, place)
    if problems := tuple(each for each in found if isinstance(each, Problem)):
        return Problems(problems)
    commands = tuple(each for each in found if isinstance(each, Command))
    return Commands(commands) if commands else None


def commands_in(body: str, place: Place | None = None) -> tuple[Command | Problem, ...]:
    """Answer what each line says that addresses the bot; what to act upon is what `read` says."""
    if len(body) > LONGEST_BODY:
        what = f"A comment has at most {LONGEST_BODY:,} characters, and this one has more."
        return (Problem(1, what),) if addresses(body) else ()
    lines = command_lines(body)
    if len(lines) > MOST_COMMANDS:
        what = (
            f"This comment has {len(lines)} commands, and one comment may have {MOST_COMMANDS}. "
            "Write several comments, or select several tenants with one command."
        )
        return (Problem(lines[0].number, what),)
    return tuple(_read(line, place) for line in lines)


def _read(line: Line, place: Place | None) -> Command | Problem:
    if line.below_quote:
        return Problem(
            line.number,
            f"{in_code('/orbits' + line.text)} stands right below a quote, and GitHub shows it as "
            "a part of that quote. Put an empty line between the two.",
        )
    try:
        return _command(words_of(line.text), place)
    except Refused as refused:
        return Problem(line.number, str(refused))


def _command(words: list[Word], place: Place | None) -> Command:
    if not words:
        return Command(VERBS["help"])
    verb, rest = _verb(words)
    if place is not None and place not in verb.places:
        (elsewhere,) = verb.places
        raise Refused(
            f"`/orbits {verb.name}` is for a {elsewhere}, and this is a {place}. Comment it there."
        )
    if verb.takes is Takes.VERB:
        return Command(verb, topic=_topic(rest))
    return command(verb, rest)


def _verb(words: list[Word]) -> tuple[Verb, list[Word]]:
    texts = [word.text.lower() for word in words]
    for length in (2, 1):
        if verb := VERBS.get(" ".join(texts[:length])):
            return verb, words[length:]
    raise Refused(_no_verb("/orbits", texts))


def _topic(words: list[Word]) -> str | None:
    texts = [word.text.lower() for word in words]
    topic = " ".join(texts)
    if not topic or topic in VERBS or _family(topic):
        return topic or None
    raise Refused(_no_verb("/orbits help", texts))


def _family(first: str) -> list[str]:
    """Answer the verbs of two words that begin with this one."""
    return [name for name in VERBS if name.startswith(f"{first} ")]


def _no_verb(before: str, texts: list[str]) -> str:
    family = _family(texts[0])
    if family and len(texts) == 1:
        whole = listed((f"{before} {name}" for name in family), "or")
        return f"{in_code(texts[0])} alone is no command. Type {whole}."
    unknown = " ".join(texts[: 2 if family else 1])
    meant = MEANT_BY.get(unknown) or closest(unknown, family or VERBS)
    line = f"{before} {meant}" if meant else "/orbits help"
    guess = f"Did you mean {in_code(line)}?" if meant else f"Type {in_code(line)} to see them all."
    return f"I know no command {in_code(unknown)}. {guess}"
