"""The words of `/orbits help`, made from the table of verbs."""

from collections.abc import Iterable

from bot.commands.verb import Place, Takes, Verb
from bot.commands.verbs import VERBS
from bot.report.suggestions import in_code

_SELECTORS = """\
A selector is a tenant's name (`acme`, `shop-*`), `all`, `tag:retail` or `ring:canary`, and \
`service=backend` for one service; words of one kind add up, kinds narrow each other, and `!acme` \
leaves out. A command is a line of its own, and a comment may have several: all of them are \
carried out, or, if one cannot be read, none. `/orbits help rollback` says more of one."""


def help_text(topic: str | None = None) -> str:
    """Write the help, or that of a verb or of all that begin with a word, in Markdown.

    Raises `KeyError` where there is no such verb; a command's `topic` always is one.
    """
    if topic is None:
        return f"{verbs_table()}\n\n{_SELECTORS}\n"
    family = [verb for name, verb in VERBS.items() if name.startswith(f"{topic} ")]
    return "\n".join(map(_of_verb, family or [VERBS[topic]]))


def verbs_table(verbs: Iterable[Verb] = VERBS.values()) -> str:
    """Make a table of verbs, for the help and for the README."""
    rows = [f"| {_in_cell(verb.usage)} | {verb.summary} | {verb.role} |" for verb in verbs]
    return "\n".join(["| Command | What it does | Least role |", "|---|---|---|", *rows])


def _of_verb(verb: Verb) -> str:
    parts = [f"**/orbits {verb.name}**: {verb.summary}.", f"```text\n{verb.usage}\n```"]
    parts += ["\n".join(f"- `{each}`: {each.summary}" for each in verb.options)]
    if verb.takes is Takes.TENANTS:
        parts.append("It is never meant for everyone: say who, if need be with `all`.")
    if verb.otherwise:
        parts.append(f"Where no tenants are named: {verb.otherwise}.")
    places = " and ".join(f"{place}s" for place in Place if place in verb.places)
    parts.append(f"On {places}, for those with the role {verb.role} or above. For example:")
    parts.append("```text\n" + "\n".join(verb.examples) + "\n```\n")
    return "\n\n".join(filter(None, parts))


def _in_cell(usage: str) -> str:
    return in_code(usage, 200).replace("|", "\\|")
