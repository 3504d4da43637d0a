"""Steps on their way into the store: all that wait in one statement, each under its token.

The rows go in at once: as one JSON text, or as an array for each column. With a call for each
row, the threads of this process would take turns at the interpreter for each.
"""
# ruff: noqa: S608 (the names in these statements are our own)

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
_ON_SQLITE = f"""
{_INSERT}
SELECT value ->> 0, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7,
    substr(value ->> 8, 1, 26), substr(value ->> 9, 1, 26)
FROM json_each(?) CROSS JOIN run ON run.id = value ->> 0
WHERE run.token = value ->> 1 AND run.state = 'running'
{_REPLACE}
"""
# The runs stay as they are until the commit: nobody takes them over in between.
_ON_POSTGRESQL = f"""
WITH
held AS MATERIALIZED (
    SELECT id, token FROM run WHERE id = ANY(%b) AND state = 'running' ORDER BY id FOR SHARE
),
given AS MATERIALIZED (
    SELECT * FROM unnest(
        %b::text[], %b::int[], %b::text[], %b::text[], %b::text[], %b::text[], %b::text[],
        %b::text[], %b::timestamptz[], %b::timestamptz[]
    ) AS row (run_id, token, {", ".join(COLUMNS[1:])})
)
{_INSERT}
SELECT {", ".join(f"given.{name}" for name in COLUMNS)}
FROM given JOIN held ON held.id = given.run_id AND held.token = given.token
ORDER BY given.run_id
{_REPLACE}
"""
_HELD_ON_SQLITE = "SELECT id, token, state FROM run WHERE id IN (SELECT value FROM json_each(?))"
_HELD_ON_POSTGRESQL = "SELECT id, token, state FROM run WHERE id = ANY(%s) FOR SHARE"


class Remembered(NamedTuple):
    """A step to be written, and what it is worth to later runs of the identity (`once`)."""

    grip: Grip
    row: StepRow
    once: dict[str, Any] | None = None


def write_steps(connection: Connection, items: Sequence[Remembered]) -> list[LeaseLost | None]:
    """Write steps; who has lost the run that a step belongs to is told so, and writes nothing."""
    if connection.dialect.name == "sqlite":
        rows = json.dumps([_as_json(*item[:2]) for item in items], ensure_ascii=False)
        written = connection.exec_driver_sql(_ON_SQLITE, (rows,))
    else:
        written = connection.exec_driver_sql(_ON_POSTGRESQL, _as_arrays(items))
    if written.rowcount == len(items):
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


def _as_arrays(items: Sequence[Remembered]) -> tuple[list[Any], ...]:
    rows = [(*grip, *row) for grip, row, _ in items]
    runs, tokens, names, kinds, fingerprints, states, *others = map(list, zip(*rows, strict=True))
    # The driver has a way of its own with enumerations.
    texts = [str(state) for state in states]
    return runs, runs, tokens, names, kinds, fingerprints, texts, *others


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
