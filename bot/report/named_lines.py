"""Which lines of which files a script's output names, in the ways that tools name them.

| what is printed | by whom |
|---|---|
| `path:line: message`, `path:line:column: message` | compilers and linters, `psql` |
| `path, line N: message`, `path: line N: message` | migrations, shells |
| `File "path", line N`, and the error below it | Python's tracebacks |
| `::error file=path,line=N::message`, or `::warning`, `::notice` | tools made for GitHub Actions |
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from bot.report.harmless import cleaned, one_line
from bot.report.repository_paths import path_in

Level = Literal["notice", "warning", "failure"]

MOST_OUTPUT = 64_000
MOST_LINE = 2_000
LONGEST_MESSAGE = 1_000
LARGEST_LINE = 1_000_000

_PLACED = re.compile(
    r"\s*(?:[A-Za-z]+: ?)??(?P<path>[^\s:,\"'`<>|()\[\]{}]+)"
    r"(?::(?P<line>\d+)(?::\d+)?|[,:] line (?P<named>\d+)):\s+(?P<message>\S.*)"
)
_FRAME = re.compile(r'\s*File "(?P<path>[^"]+)", line (?P<line>\d+)(?:,.*)?')
_COMMAND = re.compile(r"\s*::(?P<kind>error|warning|notice) (?P<about>[^:]*)::(?P<message>.*)")
_WARNING = re.compile(r"\W*(?:\w*warn(?:ing)?)\b", re.IGNORECASE)
_NOTE = re.compile(r"\W*(?:note|notice|info)\b", re.IGNORECASE)
_ESCAPED = re.compile("%(25|0D|0A|3A|2C)")
_LEVELS: dict[str, Level] = {"error": "failure", "warning": "warning", "notice": "notice"}


@dataclass(frozen=True)
class NamedLine:
    """Lines of a file in the repository, and what was said of them, in plain text."""

    path: str
    line: int
    end_line: int
    level: Level
    message: str


def named_lines(output: str, revision: str = "") -> list[NamedLine]:
    """Answer the lines that an output names, each with the same message once, in their order.

    Its end is read. A file that is not in the repository, as far as that can be told, is left out;
    `revision` names the commit of which the script had a checkout.
    """
    lines = [line[:MOST_LINE] for line in cleaned(output[-MOST_OUTPUT:]).split("\n")]
    return list(dict.fromkeys(_found(lines, revision)))


def _found(lines: list[str], revision: str) -> Iterator[NamedLine]:
    frame: NamedLine | None = None
    for line in lines:
        if at := _FRAME.fullmatch(line):
            # The innermost frame comes last; those of libraries are no files of the repository.
            frame = _named(revision, at["path"], at["line"], one_line(line)) or frame
        elif frame is not None and line.strip() and not line[0].isspace():
            yield _saying(frame, line)
            frame = None
        elif frame is None and (found := _command(line, revision) or _placed(line, revision)):
            yield found
    if frame is not None:
        yield frame


def _placed(line: str, revision: str) -> NamedLine | None:
    found = _PLACED.fullmatch(line)
    if found is None:
        return None
    return _named(revision, found["path"], found["line"] or found["named"], found["message"])


def _command(line: str, revision: str) -> NamedLine | None:
    """Read a command as GitHub Actions does, for which a file without a line means its first.

    https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
    """
    found = _COMMAND.fullmatch(line)
    if found is None:
        return None
    pairs = (each.partition("=") for each in found["about"].split(","))
    about = {name.strip(): _unescaped(value.strip()) for name, _, value in pairs}
    said = ": ".join(filter(None, [about.get("title"), _unescaped(found["message"])]))
    named = _named(revision, about.get("file", ""), about.get("line") or "1", said)
    if named is None:
        return None
    last = max(named.line, _number(about.get("endLine", "")) or 0)
    return replace(named, end_line=last, level=_LEVELS[found["kind"]])


def _named(revision: str, path: str, line: str, message: str) -> NamedLine | None:
    within, number = path_in(path, revision), _number(line)
    said = one_line(message)[:LONGEST_MESSAGE]
    if within is None or number is None or not said:
        return None
    return NamedLine(within, number, number, _level(said), said)


def _saying(frame: NamedLine, line: str) -> NamedLine:
    return replace(frame, message=one_line(line)[:LONGEST_MESSAGE])


def _number(digits: str) -> int | None:
    if not re.fullmatch("[0-9]{1,7}", digits):
        return None
    return int(digits) if 1 <= int(digits) <= LARGEST_LINE else None


def _level(message: str) -> Level:
    if _WARNING.match(message):
        return "warning"
    return "notice" if _NOTE.match(message) else "failure"


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)
