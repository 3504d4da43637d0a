"""What psql printed, with its lines named after the migration files, and our verdict in it."""

import re
from collections.abc import Callable, Mapping

from resources.errors import ScriptFailed
from resources.library.postgres.script import VERDICT, Place

_LINE = re.compile(r"psql:<stdin>:(\d+): (NOTICE:  )?")
LONGEST_LINE = 64_000


class PsqlReport:
    """Passes on the lines that are for people, as they come, and keeps what is for us."""

    def __init__(self, places: Mapping[int, Place], log: Callable[[str], None]) -> None:
        self._places = places
        self._log = log
        self._rest = ""

    def hear(self, piece: str) -> None:
        """Take a piece of the output, of any size."""
        *lines, self._rest = (self._rest + piece).split("\n")
        for line in lines:
            self._pass_on(line)
        if len(self._rest) > LONGEST_LINE:
            self._pass_on(self._rest)
            self._rest = ""

    def end(self) -> None:
        """Pass on a last line that has no end."""
        self._pass_on(self._rest)
        self._rest = ""

    def failure(self, failed: ScriptFailed) -> ScriptFailed:
        """Answer a script's failure in terms of the files."""
        lines = [line for line in failed.tail.splitlines() if not line.startswith(VERDICT)]
        tail = "\n".join([*map(self._named, lines), *self._what_is_left(failed.tail)])
        return ScriptFailed(
            f"{failed.summary} Its last lines:\n{tail}" if tail else str(failed),
            summary=failed.summary,
            status=failed.status,
            tail=tail,
        )

    def _what_is_left(self, tail: str) -> list[str]:
        """Answer what the failure of a file means for that file."""
        numbers = [int(number) for number, notice in _LINE.findall(tail) if not notice]
        place = self._places.get(numbers[-1]) if numbers else None
        return [place.left] if place is not None and place.left else []

    def _pass_on(self, line: str) -> None:
        if line.strip() and not line.startswith(VERDICT):
            self._log(f"{self._named(line)}\n")

    def _named(self, line: str) -> str:
        return _LINE.sub(lambda found: self._place(int(found[1]), found[2] or ""), line, count=1)

    def _place(self, number: int, notice: str) -> str:
        place = self._places.get(number)
        return notice if place is None else f"{place.name}: {notice}"


def verdict_of(output: str) -> tuple[str, str]:
    """Answer the last verdict in an output and what follows it, such as `done` and nothing."""
    said = [line for line in output.splitlines() if line.startswith(VERDICT)]
    kind, _, rest = (said[-1] if said else VERDICT).removeprefix(VERDICT).partition(" ")
    return kind, rest.strip()
