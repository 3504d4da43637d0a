"""What there is, and what was probably meant: the helpful half of a refusal."""

from collections.abc import Iterable
from difflib import get_close_matches

from bot.report.harmless import one_line

MOST_NAMES = 20


def in_code(text: str, most: int = 60) -> str:
    """Quote one line of at most `most` characters as code, in which no Markdown is read."""
    line = one_line(text).replace("`", "'")
    if len(line) > most:
        line = line[: most - 1] + "…"
    return f"`{line}`" if line else '`""`'


def listed(names: Iterable[str], joint: str = "and") -> str:
    """List the first twenty names, and count the others."""
    every = list(names)
    shown = [in_code(name) for name in every[:MOST_NAMES]]
    if len(every) > MOST_NAMES:
        shown.append(f"{len(every) - MOST_NAMES} more")
    return f" {joint} ".join(filter(None, [", ".join(shown[:-1]), *shown[-1:]]))


def closest(word: str, known: Iterable[str]) -> str | None:
    """Answer the known name that looks most like a word; `None` where none does."""
    by_small_letters = {name.lower(): name for name in known}
    found = get_close_matches(word.lower(), by_small_letters, n=1)
    return by_small_letters[found[0]] if found else None
