"""Statements compiled once, for the rows of the hot path.

SQLAlchemy's own execution converts each value through its type anew; for ten thousand rows a
second that is most of the work. Here the statement is compiled once for the database's driver.
On PostgreSQL many rows are inserted by one statement, which gets them as one JSON text: there
and back once, and nothing is parsed or planned for each row.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Boolean, Connection, Dialect, Insert, Integer, String
from sqlalchemy.sql import ClauseElement

from bot.store.columns import Moment, StateText

Convert = Callable[[Any], Any]

Row = Mapping[str, Any]

_VALUES = re.compile(r" VALUES \(((?:%\(\w+\)s(?:::[A-Z ]+)?(?:, )?)+)\)")
_AS_JSON = (String, StateText, Moment, Integer, Boolean)


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
        self._many = (
            None if on_sqlite else _many_as_one(statement, self._sql, compiled.binds, dialect)
        )

    def execute(self, connection: Connection, rows: Sequence[Row]) -> None:
        """Execute it for each of the rows."""
        if not rows:
            return
        values = [self._values(row) for row in rows]
        if len(rows) == 1:
            connection.exec_driver_sql(self._sql, self._ordered(values[0]))
        elif self._many is not None and self._many.can_take(values):
            connection.exec_driver_sql(self._many.sql, {"rows": _json(values)})
        else:
            connection.exec_driver_sql(self._sql, [self._ordered(each) for each in values])

    def _values(self, row: Row) -> dict[str, Any]:
        values = dict(row)
        for name, convert in self._converts.items():
            if (value := values.get(name)) is not None:
                values[name] = convert(value)
        return values

    def _ordered(self, values: dict[str, Any]) -> Any:
        if self._positions is None:
            return values
        return tuple([values[name] for name in self._positions])


@dataclass(frozen=True)
class _ManyAsOne:
    """An insert that takes any number of rows as a JSON array."""

    sql: str
    key: tuple[str, ...]

    def can_take(self, rows: Sequence[Row]) -> bool:
        """Answer whether no two rows have one key: one statement cannot write a row twice."""
        keys = {tuple([row[name] for name in self.key]) for row in rows}
        return len(keys) == len(rows)


def _many_as_one(
    statement: ClauseElement, sql: str, binds: Mapping[str, Any], dialect: Dialect
) -> _ManyAsOne | None:
    """Answer the insert of many rows; `None` where a value is not a plain parameter."""
    values = _VALUES.search(sql)
    if not isinstance(statement, Insert) or values is None:
        return None
    names = re.findall(r"%\((\w+)\)s", values[1])
    key = tuple(column.name for column in statement.table.primary_key)
    plain = all(isinstance(binds[name].type, _AS_JSON) for name in names)
    if not plain or not set(key) <= set(names):
        return None
    types: Any = dialect.type_compiler_instance
    columns = ", ".join(f'"{name}" {types.process(binds[name].type)}' for name in names)
    selected = f" SELECT * FROM json_to_recordset(%(rows)s::json) AS given({columns})"  # noqa: S608 (names of our own columns)
    return _ManyAsOne(sql[: values.start()] + selected + sql[values.end() :], key)


def _json(rows: Sequence[Row]) -> str:
    return json.dumps(rows, default=datetime.isoformat, ensure_ascii=False)


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
