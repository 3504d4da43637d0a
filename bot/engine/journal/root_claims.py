"""Who carries out the runs of the queue: what is claimed at a time is decided on one reading.

Each claim is decided as if those before it were written already: of two for one identity, or for
the last place in a lane, the first is the one that counts.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Connection

from bot.engine.interruptions import LeaseLost
from bot.engine.journal.grounds import (
    holds,
    is_alive,
    keep_as_they_are,
    memories_of,
    one_after_another,
    recorded_on,
    row_ahead,
    was_taken,
)
from bot.engine.journal.lanes import Room
from bot.engine.journal.rows import Begun, Grip, Record, RootClaim, Taken
from bot.engine.journal.statements import IDENTITIES_OF, LIVE_OF_IDENTITIES, TAKE_RUN, UNSETTLE
from bot.states import State


class RootClaims:
    """Decides claims of queued runs for one process, its `owner`."""

    def __init__(self, owner: str) -> None:
        self._owner = owner

    def claim_roots(
        self, connection: Connection, claims: Sequence[RootClaim]
    ) -> Sequence[Taken | LeaseLost | None]:
        """Decide who carries out queued runs; `None` where it is not this process, or not now."""
        if not is_alive(connection, self._owner):
            return [LeaseLost(claim.run_id) for claim in claims]
        one_after_another(connection)
        keep_as_they_are(connection, [claim.run_id for claim in claims])
        turns = _Turns(connection, self._owner, [claim.run_id for claim in claims])
        answers = [turns.decide(claim) for claim in claims]
        turns.write(connection)
        # Only now: whoever worked on a run unseen can write no more.
        _recall(connection, [answer.begun for answer in answers if isinstance(answer, Taken)])
        return answers


class _Turns:
    """Runs that are claimed, and what they meet: as it was read once, and as was decided since."""

    def __init__(self, connection: Connection, owner: str, runs: Sequence[str]) -> None:
        self._owner = owner
        rows = _live_beside(connection, runs)
        self._live: dict[str, Any] = {row.id: SimpleNamespace(**row._asdict()) for row in rows}
        self._of_identity: dict[str, list[Any]] = defaultdict(list)
        for row in self._live.values():
            self._of_identity[row.identity].append(row)
        # What lives was read before: what ends in between is seen as recorded.
        self._records = recorded_on(connection, list(self._of_identity))
        self._room = Room(connection, runs)
        self._unsettled: set[str] = set()
        self._taken: dict[str, datetime] = {}

    def decide(self, claim: RootClaim) -> Taken | None:
        own = self._live.get(claim.run_id)
        if own is None:
            return None
        record = self._records.get(own.identity)
        up_to_date = record is not None and _is_up_to_date(own, record, claim)
        if not was_taken(own, self._owner, claim.at):
            if not self._is_its_turn(own):
                return None
            # What is skipped takes no room from others.
            if not up_to_date and not self._room.give(own.id):
                return None
            self._take(own, claim.at)
            if not up_to_date:
                self._goes_on(own, record, claim)
        return Taken(self._begun(own), record, up_to_date=up_to_date)

    def write(self, connection: Connection) -> None:
        """Write down what was decided."""
        if self._taken:
            taken = [
                {"run": run_id, "taker": self._owner, "at": at}
                for run_id, at in sorted(self._taken.items())
            ]
            connection.execute(TAKE_RUN, taken)
        if self._unsettled:
            connection.execute(UNSETTLE, {"identities": sorted(self._unsettled)})
        self._room.write(connection)

    def _is_its_turn(self, own: Any) -> bool:
        others = self._of_identity[own.identity]
        return _is_free(own) and row_ahead(others, own, own.rank, own.id) is None

    def _goes_on(self, own: Any, record: Record | None, claim: RootClaim) -> None:
        self._room.goes_on(own.id)
        if record is not None and own.command in claim.changing:
            self._unsettled.add(record.identity)
            self._records[record.identity] = record._replace(settled=False)

    def _begun(self, own: Any) -> Begun:
        # One that was begun before may have left something.
        alone = own.token == 1 and own.parent_id is None and not self._room.has_places(own.id)
        grip = Grip(own.id, own.token)
        return Begun(grip, own.root_id, own.deadline_at, own.rank, alone=alone)

    def _take(self, own: Any, at: datetime) -> None:
        own.state, own.owner, own.taken_at, own.attended = State.RUNNING, self._owner, at, True
        own.token += 1
        self._taken[own.id] = at


def _live_beside(connection: Connection, runs: Sequence[str]) -> Sequence[Any]:
    """Answer these runs and all others of their identities, as far as they live.

    In two questions: asked in one, SQLite would look at all that live.
    """
    identities = set(connection.scalars(IDENTITIES_OF, {"runs": list(runs)}))
    if not identities:
        return ()
    return connection.execute(LIVE_OF_IDENTITIES, {"identities": sorted(identities)}).all()


def _is_free(own: Any) -> bool:
    return (
        own.state in {State.QUEUED, State.RUNNING}
        and own.id == own.root_id
        and not own.paused
        and own.cancelled_by is None
        and not own.attended
    )


def _is_up_to_date(own: Any, record: Record, claim: RootClaim) -> bool:
    # One that began to change anything is not settled any more, nor is one that it was cut off in.
    asked = claim.check and not own.force
    return asked and holds(record, own.command, own.fingerprint)


def _recall(connection: Connection, begun: Sequence[Begun]) -> None:
    """Let runs that were begun before remember their steps."""
    again = [each for each in begun if each.grip.token > 1]
    known = memories_of(connection, [each.grip.run_id for each in again])
    for each in again:
        each.memory.update(known[each.grip.run_id])
