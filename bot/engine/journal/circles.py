"""Who waits for whom, as the store knows it, and that nobody comes to wait for himself.

A run waits for the runs that it began, for those of others that it joined, and while it is in
line for those before it. A wait that would close a circle is refused: it could never end.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, select
from sqlalchemy.orm import aliased
from sqlmodel import col

from bot.engine.journal.statements import live
from bot.states import State
from bot.store.tables import Run, Wait
from resources.errors import WaitsForItself

_target, _other = aliased(Run), aliased(Run)
_ids: Any = bindparam("runs", expanding=True)
CHILDREN = select(col(Run.parent_id), col(Run.id)).where(col(Run.parent_id).in_(_ids), live(Run))
JOINED = (
    select(col(Wait.waiter_id), col(Wait.target_id))
    .join(_target, col(_target.id) == col(Wait.target_id))
    .where(col(Wait.waiter_id).in_(_ids), live(_target))
)
IN_LINE = (
    select(col(Run.id), col(_other.id))
    .join(_other, col(_other.identity) == col(Run.identity))
    .where(
        col(Run.id).in_(_ids),
        live(Run),
        col(Run.state) != State.RUNNING,
        live(_other),
        col(_other.id) != col(Run.id),
        (col(_other.state) == State.RUNNING) | (col(_other.id) < col(Run.id)),
    )
)
NAMES = select(col(Run.id), col(Run.identity), col(Run.command)).where(col(Run.id).in_(_ids))


def demand_no_circle(
    connection: Connection, waiter: str | None, target: str
) -> WaitsForItself | None:
    """Answer why `waiter` may not wait for `target`; `None` where it may."""
    if waiter is None:
        return None
    path = _path(connection, target, waiter)
    if not path:
        return None
    names = {
        row.id: f"{row.identity} ({row.command})"
        for row in connection.execute(NAMES, {"runs": path})
    }
    circle = " → ".join(names[run_id] for run_id in [waiter, *path])
    return WaitsForItself(
        f"{names[waiter]} would wait for itself: {circle}. Take one of these steps out of the "
        "other's way."
    )


def _path(connection: Connection, start: str, goal: str) -> list[str]:
    """Answer a chain of waits from `start` to `goal`, both included; empty where none is."""
    came_from: dict[str, str] = {}
    seen, edge = {start}, [start]
    while edge and goal not in seen:
        found = []
        for waiter, target in _waits(connection, edge):
            if target not in seen:
                seen.add(target)
                came_from[target] = waiter
                found.append(target)
        edge = found
    return _chain(came_from, start, goal) if goal in seen else []


def _waits(connection: Connection, runs: Sequence[str]) -> Iterable[tuple[str, str]]:
    for statement in (CHILDREN, JOINED, IN_LINE):
        rows: Any = connection.execute(statement, {"runs": list(runs)})
        yield from ((row[0], row[1]) for row in rows)


def _chain(came_from: dict[str, str], start: str, goal: str) -> list[str]:
    chain = [goal]
    while chain[-1] != start:
        chain.append(came_from[chain[-1]])
    return chain[::-1]
