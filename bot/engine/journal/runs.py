"""A run as a row that is to be inserted."""

from datetime import datetime
from typing import Any

from bot.engine.definitions.kinds import Wanted


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
