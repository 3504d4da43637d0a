"""The words of a command line: quotes as a shell has them, and as phones type them.

`"a b"` and `'a b'` are one word, and a backslash takes the next character as it is; between
`"` only quotes and backslashes need one. Between `'` nothing is special.

A phone makes curly quotes of straight ones, and a long dash of two hyphens. A curly quote opens
only where a word or a value begins and closes only where a word ends, so that an apostrophe
stays one. A long dash is two hyphens only where a word begins.
"""

import re
from dataclasses import dataclass

from bot.report.harmless import one_line
from bot.report.suggestions import in_code
from resources.errors import Refused

MOST_CHARACTERS = 256

_DOUBLE, _SINGLE = "\u201c\u201d\u201e", "\u2018\u2019\u201a"
_HYPHENS, _LONG_DASHES = "-\u2010\u2011\u2212", "\u2012\u2013\u2014\u2015"
_BEGINS, _ENDS = r"(?<![^ =])", r"(?=\ |\Z)"
_PIECE = re.compile(
    rf"""
      (?: " | {_BEGINS}[{_DOUBLE}] )
          (?P<double> (?: \\. | [^"\\{_DOUBLE}] | [{_DOUBLE}](?!{_ENDS}) )* )
      (?: " | [{_DOUBLE}]{_ENDS} )
    | ' (?P<single> [^']* ) '
    | {_BEGINS}[{_SINGLE}]
          (?P<curly> (?: [^'{_SINGLE}] | ['{_SINGLE}](?!{_ENDS}) )* )
      ['{_SINGLE}]{_ENDS}
    | \\ (?P<escaped> . )
    | (?P<plain> (?: (?! {_BEGINS}[{_DOUBLE}{_SINGLE}] ) [^\ "'\\] )+ )
    """,
    re.VERBOSE,
)
_SPECIAL = re.compile(rf"""["\\{_DOUBLE}]""")
_ESCAPED = re.compile(rf"""\\(["\\{_DOUBLE}])""")
_NEEDS_QUOTES = re.compile(rf"""[ "'\\{_DOUBLE}{_SINGLE}]|\A[{_HYPHENS}{_LONG_DASHES}]|\A\Z""")
_DASH = re.compile(f"[{_HYPHENS}{_LONG_DASHES}]")
_DASHES = re.compile(f"{_DASH.pattern}+")


@dataclass(frozen=True)
class Word:
    """A word without its quotes; `bare` where it began without any, and so may be an option."""

    text: str
    bare: bool = True

    @property
    def is_option(self) -> bool:
        """Whether it begins with two hyphens, or with what a phone makes of them."""
        dashes = _DASHES.match(self.text)
        if not self.bare or dashes is None:
            return False
        return len(dashes[0]) > 1 or dashes[0] in _LONG_DASHES

    def as_option(self) -> tuple[str, str | None]:
        """Split `--name=value`; the value is `None` where there is no `=`."""
        name, equals, value = _DASHES.sub("", self.text, count=1).partition("=")
        return with_hyphens(name).lower(), value if equals else None


def with_hyphens(text: str) -> str:
    """Make one hyphen of each dash, as in a name or a date."""
    return _DASH.sub("-", text)


def words_of(text: str) -> list[Word]:
    """Split a line into its words; raises `Refused` where a quote stays open."""
    line, at = one_line(text), 0
    words = []
    while at < len(line):
        word, end = _word(line, at)
        if len(word.text) > MOST_CHARACTERS:
            raise Refused(
                f"{in_code(word.text)} is longer than the {MOST_CHARACTERS} characters that one "
                "word may have. Say it shorter."
            )
        words.append(word)
        at = end + 1
    return words


def quoted(text: str) -> str:
    """Write a word so that it is read as this one word, with quotes only where it needs them."""
    if not _NEEDS_QUOTES.search(text):
        return text
    return '"' + _SPECIAL.sub(lambda found: "\\" + found[0], text) + '"'


def _word(line: str, begin: int) -> tuple[Word, int]:
    text, at, bare = "", begin, True
    while at < len(line) and line[at] != " ":
        piece = _PIECE.match(line, at)
        if piece is None:
            raise Refused(_left_open(line, begin, at))
        bare = bare and (at > begin or piece.lastgroup == "plain")
        text += _read(piece)
        at = piece.end()
    return Word(text, bare), at


def _read(piece: re.Match[str]) -> str:
    kind = str(piece.lastgroup)
    return _ESCAPED.sub(r"\1", piece[kind]) if kind == "double" else piece[kind]


def _left_open(line: str, begin: int, at: int) -> str:
    if line[at] == "\\":
        return "Nothing follows the backslash at the end of the line. Take it away."
    return (
        f"The quote that opens in {in_code(line[begin:], 30)} is not closed. Close it, or put a "
        "backslash before it where it is an apostrophe."
    )
