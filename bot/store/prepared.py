"""Statements compiled once, for the rows of the hot path.

SQLAlchemy's own execution converts each value through its type anew; for ten thousand rows a
second that is most of the work. Here the statement is compiled once for the database's driver.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Dialect
from sqlalchemy.sql import ClauseElement

from bot.store.columns import Moment, StateText

Convert = Callable[[Any], Any]


class Prepared:
    """A statement with named parameters, to be executed for many rows in one call."""

    def __init__(self, statement: ClauseElement, dialect: Dialect, names: Sequence[str]) -> None:
        compiled: Any = statement.compile(dialect=dialect, column_keys=list(names))
        self._sql = str(compiled)
        self._positions: Sequence[str] | None = compiled.positiontup
        on_sqlite = dialect.name == "sqlite"
        self._converts = {
            name: convert
            for name, bind in compiled.binds.items()
            if (convert := _convert(bind.type, on_sqlite=on_sqlite))
        }

    def execute(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Execute it for each of the rows."""
        if rows:
            connection.exec_driver_sql(self._sql, [self._parameters(row) for row in rows])

    def _parameters(self, row: Mapping[str, Any]) -> Any:
        values = dict(row)
        for name, convert in self._converts.items():
            if (value := values.get(name)) is not None:
                values[name] = convert(value)
        if self._positions is None:
            return values
        return tuple([values[name] for name in self._positions])


def _convert(kind: object, *, on_sqlite: bool) -> Convert | None:
    """Answer how the driver wants values of that type; `None` where as they are."""
    if isinstance(kind, StateText):
        return str
    if isinstance(kind, Moment) and on_sqlite:
        return _sqlite_text
    return None


def _sqlite_text(at: datetime) -> str:
    """Answer a time as SQLAlchemy's SQLite dialect writes it: UTC, microseconds, no zone."""
    utc = at if at.tzinfo is UTC else at.astimezone(UTC)
    return utc.isoformat(" ", "microseconds")[:26]
