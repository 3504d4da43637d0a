"""Runs as rows that are to be inserted, unless an equal one is live."""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from importlib import import_module
from typing import Any

from sqlalchemy import Connection, Dialect

from bot.engine.definitions.kinds import Wanted
from bot.engine.journal.statements import RUN_TABLE, THESE_RUNS
from bot.store.prepared import Prepared


def run_values(wanted: Wanted, run_id: str, at: datetime) -> dict[str, Any]:
    """Answer what every new row of a run has; its state and whose it is are for the caller."""
    return {
        "id": run_id,
        "root_id": run_id,
        "parent_id": None,
        "parent_step": None,
        "identity": wanted.identity or run_id,
        "command": wanted.command,
        "kind": wanted.kind,
        "arguments": wanted.arguments,
        "fingerprint": wanted.fingerprint,
        "force": False,
        "asked": False,
        "rank": 0,
        "paused": False,
        "cancelled_by": None,
        "owner": None,
        "token": 0,
        "taken_at": None,
        "last_try": True,
        "result": None,
        "failure": None,
        "deadline_at": None,
        "created_at": at,
        "started_at": None,
        "finished_at": None,
    }


def insert_runs(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows of runs, but for those that an equal live run keeps out."""
    _insert(connection.dialect).execute(connection, rows)


def those_of(connection: Connection, runs: Sequence[str]) -> set[str]:
    """Answer which of the runs are there: another process may have been faster."""
    return set(connection.scalars(THESE_RUNS, {"runs": list(runs)})) if runs else set()


@lru_cache(maxsize=8)
def _insert(dialect: Dialect) -> Prepared:
    # Both have "ON CONFLICT"; only the one that is in use is loaded.
    inserting = import_module(f"sqlalchemy.dialects.{dialect.name}").insert(RUN_TABLE)
    names = [column.name for column in RUN_TABLE.columns]
    return Prepared(inserting.on_conflict_do_nothing(), dialect, names)
