"""Splits a PostgreSQL script into its statements, as psql would."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

MOVED_LINES = 500

_TOKEN = re.compile(
    r"""
    (?P<blank> \s+ | --[^\n]* )
  | (?P<comment> /\* )
  | (?P<quoted> "(?:[^"]|"")*"? | [eE]'(?:[^'\\]|\\.|'')*'? | '(?:[^']|'')*'? )
  | (?P<dollars> \$(?:[^\W\d]\w*)?\$ )
  | (?P<word> [^\W\d][\w$]* )
  | (?P<other> . )
    """,
    re.VERBOSE | re.DOTALL,
)
_COMMENT_EDGE = re.compile(r"/\*|\*/")
_WORD = re.compile(r"[^\W\d][\w$]*")
_ATOMIC = re.compile(r"create (or replace )?(function|procedure) ")

_LOSES_DATA = re.compile(
    r"\bdrop (table|column|schema|database|owned|foreign table)\b|\bdelete from\b"
    r"|^(do .*)?truncate\b|^drop .*\bcascade$"
    r"|^alter (foreign )?table .*\bdrop\b(?! (constraint|default|not|expression|identity)\b)"
)


@dataclass(frozen=True)
class Statement:
    """One statement without its semicolon, and the line of its file that it begins on.

    `words` are its names and keywords, lower-case, without what stands in quotes; of `DO`, which
    is carried out at once, also those of its body.
    """

    text: str
    line: int
    words: str

    @property
    def in_its_place(self) -> str:
        """The text, moved down by so many lines that the server names those of the file.

        Not so far down in a long file: all the statements of one would be very long together.
        """
        return "\n" * (self.line - 1) + self.text if self.line <= MOVED_LINES else self.text

    @property
    def loses_data(self) -> bool:
        """Whether it names what takes data away."""
        return bool(_LOSES_DATA.search(self.words))


def statements(script: str) -> list[Statement]:
    """Answer the statements of a script; semicolons in quotes, comments and bodies end none."""
    return list(_Reader(script).read())


class _Reader:
    """Goes through a script once; what is begun and never ended goes on to the end."""

    def __init__(self, script: str) -> None:
        self._script = script
        self._counted, self._line = 0, 1
        self._begin()

    def _begin(self) -> None:
        self._start: int | None = None
        self._end = 0
        self._words: list[str] = []
        self._parentheses = 0
        self._blocks = 0

    def read(self) -> Iterator[Statement]:
        at = 0
        while match := _TOKEN.match(self._script, at):
            at = self._take(match)
            if match[0] == ";" and not self._parentheses and not self._blocks:
                yield from self._statement()
                self._begin()
        yield from self._statement()

    def _take(self, match: re.Match[str]) -> int:
        """Note a token, and answer where it ends."""
        match match.lastgroup:
            case "blank":
                return match.end()
            case "comment":
                return self._comment_end(match.end())
            case "dollars":
                end = self._dollars_end(match)
            case "word":
                end = match.end()
                self._take_word(match[0].lower())
            case _:
                end = match.end()
                self._parentheses = max(0, self._parentheses + {"(": 1, ")": -1}.get(match[0], 0))
        if match[0] != ";" or self._parentheses or self._blocks:
            self._start = match.start() if self._start is None else self._start
            self._end = end
        return end

    def _take_word(self, word: str) -> None:
        """Count the blocks of a body that is written without quotes: BEGIN ATOMIC ... END."""
        self._words.append(word)
        if word not in {"begin", "case", "end"} or not _ATOMIC.match(
            " ".join(self._words[:4]) + " "
        ):
            return
        if word == "begin" or (word == "case" and self._blocks):
            self._blocks += 1
        elif word == "end" and self._blocks:
            self._blocks -= 1

    def _comment_end(self, at: int) -> int:
        depth = 1
        for edge in _COMMENT_EDGE.finditer(self._script, at):
            depth += 1 if edge[0] == "/*" else -1
            if not depth:
                return edge.end()
        return len(self._script)

    def _dollars_end(self, match: re.Match[str]) -> int:
        closing = self._script.find(match[0], match.end())
        end = len(self._script) if closing < 0 else closing + len(match[0])
        if self._words[:1] == ["do"]:
            body = self._script[match.end() : end]
            self._words += [word.lower() for word in _WORD.findall(_without_comments(body))]
        return end

    def _statement(self) -> Iterator[Statement]:
        if self._start is not None:
            text = self._script[self._start : self._end]
            self._line += self._script.count("\n", self._counted, self._start)
            self._counted = self._start
            yield Statement(text, self._line, " ".join(self._words))


def _without_comments(body: str) -> str:
    return re.sub(r"--[^\n]*|/\*.*?\*/", " ", body, flags=re.DOTALL)
