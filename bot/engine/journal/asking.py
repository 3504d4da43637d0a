"""How runs come into the queue: what is asked for is added, or is an equal run that is live.

Many that are asked for at once are written in as many statements as one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, case, insert, or_, update
from sqlmodel import Session, col

from bot.engine.definitions.kinds import Wanted
from bot.engine.dispatch import Dispatch, Hint
from bot.engine.identifiers import new_id
from bot.engine.journal.runs import insert_runs, run_values, those_of
from bot.engine.journal.statements import LIVE_OF_IDENTITIES
from bot.engine.pace import Limits
from bot.states import State
from bot.store.tables import Place, Run

Places = Sequence[tuple[str, int]]
"""The lanes that a run needs a place in, each with how many it has."""

_JOIN = (
    update(Run)
    .where(col(Run.id) == bindparam("run"))
    .values(
        asked=True,
        root_id=col(Run.id),
        force=or_(col(Run.force), bindparam("forced")),
        rank=case(
            (col(Run.rank) < bindparam("at_rank"), col(Run.rank)), else_=bindparam("at_rank")
        ),
    )
)


@dataclass(frozen=True, slots=True)
class Ask:
    """A run that somebody wants; `run_id` is its id where no equal one is live.

    As that is chosen before, one that is written twice makes one run.
    """

    wanted: Wanted
    run_id: str
    at: datetime
    places: Places = ()
    force: bool = False
    rank: int = 0
    deadline_at: datetime | None = None

    @property
    def values(self) -> dict[str, Any]:
        """The row of the run, if it is a new one."""
        values = run_values(self.wanted, self.run_id, self.at) | queued_values(self.run_id)
        return values | {
            "asked": True,
            "force": self.force,
            "rank": self.rank,
            "deadline_at": self.deadline_at,
        }


class RunQueue:
    """The queue, for whoever writes into it: a run and the hint that it waits commit together."""

    def __init__(self, dispatch: Dispatch, limits: Limits | None = None) -> None:
        self._dispatch = dispatch
        self._limits = limits or Limits()

    def ask(  # noqa: PLR0913 (what is known of a run that is asked for)
        self,
        wanted: Wanted,
        at: datetime,
        *,
        lanes: Iterable[str] = (),
        force: bool = False,
        rank: int = 0,
        deadline_at: datetime | None = None,
    ) -> Ask:
        """Answer what is to be asked of `enqueue_all`."""
        places = self._limits.places(lanes)
        return Ask(wanted, new_id(at), at, places, force, rank, deadline_at)

    def enqueue(
        self,
        session: Session,
        wanted: Wanted,
        at: datetime,
        *,
        rank: int = 0,
        deadline_at: datetime | None = None,
    ) -> str:
        """Add a run, or find the live one that is equal, and answer its id.

        It commits with the rest of the session's transaction: whoever asks for work can write down
        why in the same stroke.
        """
        ask = self.ask(wanted, at, rank=rank, deadline_at=deadline_at)
        return self.enqueue_all(session.connection(), [ask])[0]

    def enqueue_all(self, connection: Connection, asks: Sequence[Ask]) -> list[str]:
        """Add the runs, or find the live ones that are equal, and answer their ids."""
        answers: dict[str, Hint] = {}
        waiting = list(asks)
        while waiting:
            found, fresh = _told_apart(connection, waiting)
            answers |= _joined(connection, found)
            answers |= _added(connection, fresh)
            # Of those that are equal the first was added; or another process was faster.
            waiting = [ask for ask in waiting if ask.run_id not in answers]
        self._dispatch.announce(connection, [answers[ask.run_id] for ask in asks])
        return [answers[ask.run_id].run_id for ask in asks]

    def enqueue_new(
        self,
        session: Session,
        wanted: Sequence[Wanted],
        at: datetime,
        *,
        rank: int = 0,
        deadline_at: datetime | None = None,
    ) -> list[str | None]:
        """Add many runs in one stroke, and answer their ids; `None` where an equal one is live."""
        asks = [self.ask(each, at, rank=rank, deadline_at=deadline_at) for each in wanted]
        added = _added(session.connection(), asks)
        self._dispatch.announce(session.connection(), list(added.values()))
        return [ask.run_id if ask.run_id in added else None for ask in asks]


def queued_values(run_id: str) -> dict[str, Any]:
    """Answer what makes a row one of the queue."""
    return {"root_id": run_id, "state": State.QUEUED, "owner": None, "token": 0}


def enqueue_places(connection: Connection, run_id: str, places: Places) -> None:
    """Note which lanes a run needs a place in."""
    if places:
        rows = [{"run_id": run_id, "lane": lane, "most": most} for lane, most in places]
        connection.execute(insert(Place), [row | {"held": False} for row in rows])


def _told_apart(
    connection: Connection, asks: Sequence[Ask]
) -> tuple[list[tuple[Ask, Any]], list[Ask]]:
    """Answer those of which an equal run is live, with that, and the first of each other sort."""
    identities = {ask.wanted.identity for ask in asks if ask.wanted.identity}
    rows = (
        connection.execute(LIVE_OF_IDENTITIES, {"identities": sorted(identities)})
        if identities
        else ()
    )
    live = {(row.identity, row.command, row.fingerprint): row for row in rows}
    found = [(ask, live[ask.wanted.key]) for ask in asks if ask.wanted.key in live]
    fresh: dict[Any, Ask] = {}
    for ask in asks:
        if ask.wanted.key not in live:
            # What has no identity has none that is equal.
            fresh.setdefault(ask.wanted.key if ask.wanted.identity else ask.run_id, ask)
    return found, list(fresh.values())


def _joined(connection: Connection, found: Sequence[tuple[Ask, Any]]) -> dict[str, Hint]:
    if found:
        joining = [
            {"run": row.id, "forced": ask.force, "at_rank": ask.rank}
            for ask, row in sorted(found, key=lambda each: str(each[1].id))
        ]
        connection.execute(_JOIN, joining)
    return {ask.run_id: Hint(row.id, -min(row.rank, ask.rank)) for ask, row in found}


def _added(connection: Connection, fresh: Sequence[Ask]) -> dict[str, Hint]:
    """Add runs, but for those of which another process has just added an equal one."""
    # In one order everywhere: two processes that insert the same do not block each other.
    ordered = sorted(fresh, key=lambda ask: ask.wanted.key)
    insert_runs(connection, [ask.values for ask in ordered])
    there = those_of(connection, [ask.run_id for ask in ordered])
    added = [ask for ask in ordered if ask.run_id in there]
    for ask in added:
        enqueue_places(connection, ask.run_id, ask.places)
    return {ask.run_id: Hint(ask.run_id, -ask.rank) for ask in added}
