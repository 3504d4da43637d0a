"""Text that others wrote, made unable to do anything on GitHub but be read.

Titles, tenant names and what scripts print may hold anything. Here they lose the power to
break out of a table or a code block, to open HTML, to mention people, or to link issues.
"""

import re
from collections.abc import Callable

_COLOURS = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_CONTROLS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]"
)
_MARKS = re.compile(r"[&<>|`*~\[\]\\$]|(?<![^\W_])_|_(?![^\W_])")
_LONG_RUN = re.compile(r"`{20,}")
_CODE = re.compile(r"(`[^`]+`)")
_BREAKS_TABLES = re.compile(r"[|\\]")
_LINKS = re.compile(r"@|#|:(?=//)|\bGH(?=-)|\bwww(?=\.)", re.IGNORECASE)
_INVISIBLE = "&#8203;"
"""A space of no width: GitHub links `@name` and `#1` even where they are written as entities."""


def cleaned(text: str) -> str:
    """Take out colours and other control characters, and end lines as Unix does."""
    text = _COLOURS.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    return _CONTROLS.sub("", text)


def one_line(text: str) -> str:
    """Clean a text and join its lines and runs of spaces."""
    return " ".join(cleaned(text).split())


def plain(text: str, most: int = 200) -> str:
    """Make one line of plain text, of at most `most` characters of Markdown."""
    return _shortened(one_line(text), most, _escaped)


def words(text: str, most: int = 600) -> str:
    """Make one line in which `code` stays code, of at most `most` characters of Markdown."""
    return _shortened(one_line(text), most, _with_code)


def html_code(text: str, most: int = 200) -> str:
    """Make one line of code for a line of HTML, where Markdown is not read."""
    return f"<code>{plain(text, most)}</code>"


def block(text: str, most: int) -> str:
    """Make a fenced block of the end of a text, saying how much was cut before it.

    The fence is longer than any run of backticks within, so that nothing ends it early.
    """
    text = _LONG_RUN.sub("`" * 19 + "…", cleaned(text).strip("\n"))
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    room = max(0, most - len(f"{fence}text\n\n{fence}") - len(_cut_words(len(text))))
    if len(text) > room:
        cut = len(text) - room
        text = _cut_words(cut) + text[cut:]
    return f"{fence}text\n{text}\n{fence}"


def _cut_words(count: int) -> str:
    return f"[{count} characters cut here]\n"


def _escaped(line: str) -> str:
    line = _LINKS.sub(lambda found: f"{found[0]}\x00", line)
    line = _MARKS.sub(lambda found: f"&#{ord(found[0])};", line)
    return line.replace("\x00", _INVISIBLE)


def _with_code(line: str) -> str:
    parts = _CODE.split(line)
    return "".join(
        part if index % 2 and not _BREAKS_TABLES.search(part) else _escaped(part)
        for index, part in enumerate(parts)
    )


def _shortened(line: str, most: int, escape: Callable[[str], str]) -> str:
    """Cut a line so that what is made of it fits; escapes make it up to eight times longer."""
    line = line[:most]
    whole = escape(line)
    while len(whole) > most:
        line = line[: min(len(line) - 1, len(line) * most // len(whole))]
        whole = escape(line) + "…"
    return whole
