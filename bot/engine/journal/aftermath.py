"""What follows from the end of runs, in the transaction that ends them, whoever ends them."""

from collections.abc import Sequence
from importlib import import_module

from sqlalchemy import Connection

from bot.engine.dispatch import Dispatch, Hint
from bot.engine.journal import queue
from bot.engine.journal.rows import End
from bot.engine.journal.statements import (
    CANCEL_ORPHANS,
    DRIFTED,
    FORGET,
    FORGET_ONCE,
    LEAVE_PLACES,
    LEAVE_WAITS,
    STEPS_TABLE,
    step_of_parent,
    upsert,
)
from bot.store.bell import Bell
from bot.store.tables import Recorded


class Aftermath:
    """Writes what others see of an end: the record, the parent's step, and whose turn it is."""

    def __init__(self, dialect: str, dispatch: Dispatch, bell: Bell) -> None:
        self._dispatch = dispatch
        self._bell = bell
        # Both have "ON CONFLICT"; only the one that is in use is loaded.
        insert = import_module(f"sqlalchemy.dialects.{dialect}").insert
        self._upsert_recorded = upsert(insert(Recorded), ["identity"])
        self._step_of_parent = step_of_parent(insert(STEPS_TABLE))

    def follow(self, connection: Connection, ends: Sequence[End]) -> None:
        """Write what follows from ends that `connection` has just written."""
        for end in ends:
            if end.record is not None:
                connection.execute(self._upsert_recorded, end.record)
            if end.drifted:
                connection.execute(DRIFTED, {"found": end.identity})
            if end.forget is not None:
                connection.execute(FORGET, {"gone": end.forget})
                connection.execute(FORGET_ONCE, {"gone": end.forget})
        children = [end.grip.run_id for end in ends if end.has_parent]
        if children:
            connection.execute(self._step_of_parent, {"runs": children})
        if any(end.grip.token > 1 for end in ends):
            connection.execute(CANCEL_ORPHANS, {"end_at": ends[0].at})
        leaving = [end.grip.run_id for end in ends if end.leaves]
        hints: list[Hint] = []
        if leaving:
            if self._dispatch.hints:
                hints += queue.next_in_lanes(connection, leaving)
            connection.execute(LEAVE_WAITS, {"runs": leaving})
            connection.execute(LEAVE_PLACES, {"runs": leaving})
        if self._dispatch.hints:
            hints += queue.next_in_line(connection, [end.identity for end in ends])
            self._dispatch.announce(connection, hints)
        self._bell.ring(connection, [end.grip.run_id for end in ends])
