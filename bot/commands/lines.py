"""Which lines of a comment address the bot, read as GitHub shows the comment.

GitHub's own syntax decides what is code, a quote or a comment of HTML, also where a fence
stands in a list or is never closed. So a parser of CommonMark is asked, not a few patterns.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from markdown_it import MarkdownIt

_BLOCKS = MarkdownIt("commonmark").disable("inline")
_LINE_END = re.compile(r"\r\n?|\n")
_ADDRESSED = re.compile(r" {0,3}(?ai:/orbits)(?=\s|\Z)")
_SPANS = re.compile(r"\\[^\n]|<!--.*?(?:-->|\Z)|(`++)(?:.*?(?<!`)\1(?!`))?", re.DOTALL)
"""What may cross lines of a paragraph: comments of HTML and code; what is escaped is neither."""


@dataclass(frozen=True)
class Line:
    """What follows `/orbits` in a line; the first line of a comment has the number 1.

    With `below_quote` the line itself has no `>`, yet GitHub shows it as a part of the quote
    right above it.
    """

    number: int
    text: str
    below_quote: bool


def addresses(body: str) -> bool:
    """Answer whether any line begins with `/orbits`, be it code or not."""
    return any(map(_ADDRESSED.match, _LINE_END.split(body)))


def command_lines(body: str) -> list[Line]:
    """Answer the lines that begin with `/orbits`, but for code, quotes and HTML."""
    if not addresses(body):
        return []
    source = _LINE_END.split(body)
    found: list[Line] = []
    quotes = 0
    for token in _BLOCKS.parse(body):
        if token.type in {"blockquote_open", "blockquote_close"}:
            quotes += token.nesting
        elif token.type == "inline" and token.map is not None:
            found += _of_paragraph(source, range(*token.map), below_quote=quotes > 0)
    return found


def _of_paragraph(source: list[str], numbers: Iterable[int], below_quote: bool) -> Iterator[Line]:
    numbers = list(numbers)
    paragraph = "\n".join(source[number] for number in numbers)
    shown = _SPANS.sub(lambda span: "#" + "\n#" * span[0].count("\n"), paragraph)
    for number, line in zip(numbers, shown.split("\n"), strict=True):
        if begin := _ADDRESSED.match(line):
            yield Line(number + 1, source[number][begin.end() :], below_quote)
