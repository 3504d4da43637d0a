"""Steps on their way into the store: all that wait in one statement, each under its token.

The rows go in as one JSON text. The database takes them apart while this process does other
things: with a call for each row, its threads would take turns at the interpreter for each.
"""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection

from bot.engine.interruptions import LeaseLost
from bot.engine.journal.rows import Grip, StepRow
from bot.states import State

COLUMNS = ("run_id", "name", *StepRow._fields[1:])
_INSERT = f"INSERT INTO step ({', '.join(COLUMNS)})"
_REPLACE = "ON CONFLICT (run_id, name) DO UPDATE SET " + ", ".join(
    f"{name} = excluded.{name}" for name in COLUMNS[2:]
)
# What has an outcome keeps it, whoever comes later.
_REPLACE += " WHERE step.state IN ('queued', 'waiting', 'running')"
# A time is stored as text of 26 characters, as SQLAlchemy writes it: UTC, without its zone.
_ON_SQLITE = """
SELECT value ->> 0, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7,
    substr(value ->> 8, 1, 26), substr(value ->> 9, 1, 26)
FROM json_each(?) CROSS JOIN run ON run.id = value ->> 0
WHERE run.token = value ->> 1 AND run.state = 'running'
"""
# The runs stay as they are until the commit: nobody takes them over in between.
_ON_POSTGRESQL = """
SELECT run.id, given ->> 2, given ->> 3, given ->> 4, given ->> 5, given ->> 6, given ->> 7,
    (given ->> 8)::timestamptz, (given ->> 9)::timestamptz
FROM json_array_elements(%s::json) AS given
JOIN run ON run.id = given ->> 0 AND run.token = (given ->> 1)::int AND run.state = 'running'
ORDER BY run.id
FOR SHARE OF run
"""
_WRITE = {
    "sqlite": f"{_INSERT}{_ON_SQLITE}{_REPLACE}",
    "postgresql": f"{_INSERT}{_ON_POSTGRESQL}{_REPLACE}",
}
_HELD_ON_SQLITE = "SELECT id, token, state FROM run WHERE id IN (SELECT value FROM json_each(?))"
_HELD_ON_POSTGRESQL = "SELECT id, token, state FROM run WHERE id = ANY(%s) FOR SHARE"


class Remembered(NamedTuple):
    """A step to be written, and what it is worth to later runs of the identity (`once`)."""

    grip: Grip
    row: StepRow
    once: dict[str, Any] | None = None


def write_steps(connection: Connection, items: Sequence[Remembered]) -> list[LeaseLost | None]:
    """Write steps; who has lost the run that a step belongs to is told so, and writes nothing."""
    statement = _WRITE[connection.dialect.name]
    rows = json.dumps([_as_json(*item[:2]) for item in items], ensure_ascii=False)
    written = connection.exec_driver_sql(statement, (rows,)).rowcount
    if written == len(items):
        return [None] * len(items)
    kept = held(connection, [item.grip for item in items])
    return [
        None if kept.get(item.grip) == State.RUNNING else LeaseLost(item.grip.run_id)
        for item in items
    ]


def held(connection: Connection, grips: Sequence[Grip]) -> dict[Grip, str]:
    """Answer those grips whose token is still the run's, with its state, until the commit."""
    ids = sorted({grip.run_id for grip in grips})
    if connection.dialect.name == "sqlite":
        found = connection.exec_driver_sql(_HELD_ON_SQLITE, (json.dumps(ids),))
    else:
        found = connection.exec_driver_sql(_HELD_ON_POSTGRESQL, (ids,))
    return {Grip(row[0], row[1]): row[2] for row in found.fetchall()}


def _as_json(grip: Grip, row: StepRow) -> tuple[object, ...]:
    return (
        *grip,
        row.name,
        row.kind,
        row.fingerprint,
        row.state,
        row.result,
        row.failure,
        row.started_at.isoformat(" ", "microseconds"),
        row.finished_at.isoformat(" ", "microseconds") if row.finished_at else None,
    )
