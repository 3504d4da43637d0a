"""Migration files as PostgreSQL is given them: statements, checksums, and how they may run."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from resources.errors import Refused
from resources.library.postgres.statements import Statement, statements
from resources.library.sql.migration_files import DOWN, read_migrations

NO_TRANSACTION = "-- orbits:no-transaction"

_MARKER = re.compile(r"^[ \t]*--[ \t]*orbits:(.*)$", re.MULTILINE | re.IGNORECASE)
_OTHERS_TRANSACTION = re.compile(
    r"^(begin|start transaction|commit|end|abort|rollback(?! to\b)|prepare transaction)\b"
)
_READS_INPUT = re.compile(r"^copy\b.*\bfrom stdin\b")


@dataclass(frozen=True)
class Part:
    """The statements of one file, and whether each stands for itself, in no transaction."""

    name: str
    statements: tuple[Statement, ...]
    outside: bool


@dataclass(frozen=True)
class PostgresFile:
    """A migration: the way up, its checksum, and the way down where there is one."""

    up: Part
    checksum: str
    down: Part | None

    @property
    def name(self) -> str:
        """What the file is called, such as `0002_add_orders.sql`."""
        return self.up.name

    @property
    def loses_data(self) -> bool:
        """Whether the way up names what takes data away."""
        return any(statement.loses_data for statement in self.up.statements)


def read_postgres_files(folder: Path) -> list[PostgresFile]:
    """Answer the migrations in a folder, in order.

    Raises `Refused` for names that do not follow one another, and for statements that cannot
    run here: those that end a transaction which is not theirs, and those that read input.
    """
    return [
        PostgresFile(
            up=_part(each.name, each.up),
            checksum=each.checksum,
            down=None if each.down is None else _part(_down_name(each.name), each.down),
        )
        for each in read_migrations(folder)
    ]


def _part(name: str, text: str) -> Part:
    if "\0" in text:
        raise Refused(f"{name} holds a zero byte, which no statement may. Nothing was changed.")
    part = Part(name, tuple(statements(text)), _is_outside(name, text))
    _check(part)
    return part


def _is_outside(name: str, text: str) -> bool:
    markers = {marker.strip().lower() for marker in _MARKER.findall(text)}
    for unknown in sorted(markers - {"no-transaction"}):
        raise Refused(
            f"{name} says `-- orbits:{unknown}`, and only `{NO_TRANSACTION}` is known. "
            "Nothing was changed."
        )
    return bool(markers)


def _check(part: Part) -> None:
    for statement in _matching(part.statements, _OTHERS_TRANSACTION):
        raise Refused(
            f"{part.name}, line {statement.line}: a migration may not begin or end a transaction; "
            f"it is one already, or says `{NO_TRANSACTION}`. Nothing was changed."
        )
    for statement in _matching(part.statements, _READS_INPUT):
        raise Refused(
            f"{part.name}, line {statement.line}: COPY has no input to read here; write INSERT. "
            "Nothing was changed."
        )


def _matching(among: Iterable[Statement], pattern: re.Pattern[str]) -> list[Statement]:
    return [statement for statement in among if pattern.search(statement.words)]


def _down_name(name: str) -> str:
    return name.removesuffix(".sql") + DOWN
