"""On which line of a TOML file a key stands; `tomllib` does not tell."""

import re

from bot.rollouts.policy.phrases import Path

_PART = r"""(?:[A-Za-z0-9_-]++|"(?:[^"\\]|\\.)*+"|'[^']*+')"""
_KEY = rf"{_PART}(?:[ \t]*+\.[ \t]*+{_PART})*+"
_HEADER = re.compile(rf"[ \t]*+(\[\[?)[ \t]*+({_KEY})[ \t]*+\]\]?[ \t\r]*+(?:#.*)?")
_PAIR = re.compile(rf"[ \t]*+({_KEY})[ \t]*+=")
_PARTS = re.compile(_PART)
_LONG_TEXT = re.compile("\"\"\"|'''")


class Lines:
    """The lines of the tables and keys of a text, found without reading the values.

    A key that a list or an inline table holds on several lines is found by what it is in.
    """

    def __init__(self, text: str) -> None:
        self._found: dict[Path, int] = {}
        self._lengths: dict[Path, int] = {}
        table: Path = ()
        in_long_text = False
        for number, line in enumerate(text.split("\n"), start=1):
            if not in_long_text:
                table = self._read(line, number, table)
            in_long_text ^= len(_LONG_TEXT.findall(line)) % 2 == 1

    def of(self, path: Path) -> int | None:
        """Answer the line of a key, or else of the innermost table or list around it."""
        while path and path not in self._found:
            path = path[:-1]
        return self._found.get(path)

    def _read(self, line: str, number: int, table: Path) -> Path:
        """Note what stands on a line, and answer the table that the next one is in."""
        if header := _HEADER.fullmatch(line):
            table = self._table(_parts(header[2]), is_listed=header[1] == "[[")
            self._note(table, number)
        elif pair := _PAIR.match(line):
            self._note(table + _parts(pair[1]), number)
        return table

    def _note(self, path: Path, number: int) -> None:
        for length in range(1, len(path) + 1):
            self._found.setdefault(path[:length], number)

    def _table(self, parts: Path, *, is_listed: bool) -> Path:
        path: Path = ()
        for depth, part in enumerate(parts, start=1):
            path = (*path, part)
            if is_listed and depth == len(parts):
                self._lengths[path] = self._lengths.get(path, 0) + 1
            if path in self._lengths:
                path = (*path, self._lengths[path] - 1)
        return path


def _parts(key: str) -> Path:
    return tuple(part.strip("\"'") for part in _PARTS.findall(key))
