"""Who may carry out what: each claim of a run is decided here, in one transaction of the store.

One command works on an identity at a time, and an equal one that is live is joined: the unique
indexes of the table hold both, whatever processes there are. What is in the way is named, so
that a claim can be made again when it has gone. Claims that meet others are decided one after
another in the whole fleet, so that no two of them can wait for each other unseen.
"""

from collections.abc import Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection

from bot.engine.interruptions import LeaseLost
from bot.engine.journal.asking import enqueue_places, queued_values
from bot.engine.journal.circles import demand_no_circle
from bot.engine.journal.grounds import (
    holds,
    is_alive,
    memories_of,
    one_after_another,
    recorded_on,
    row_ahead,
    was_taken,
)
from bot.engine.journal.lanes import leave_lanes
from bot.engine.journal.rows import (
    Begun,
    Behind,
    Claim,
    Claimed,
    Done,
    Grip,
    Joins,
    Record,
    StepRow,
    Taken,
    UpToDate,
)
from bot.engine.journal.runs import insert_runs, run_values, those_of
from bot.engine.journal.statements import (
    ADOPT,
    ATTEND,
    FORCE,
    GIVE_UP,
    INSERT_WAIT,
    LIVE_OF_IDENTITIES,
    RUN_ROW,
    STEPS_NAMED,
    TAKE_RUN,
    TRY,
    UNSETTLE,
    WAIT_OF,
)
from bot.states import State
from resources.errors import WaitsForItself

Answer = TypeVar("Answer", Joins, Behind)


class Claims:
    """Decides claims for one process, its `owner`."""

    def __init__(self, owner: str) -> None:
        self._owner = owner

    # What is nested, or asked for directly

    def claim_runs(
        self, connection: Connection, claims: Sequence[Claim]
    ) -> list[Claimed | WaitsForItself | LeaseLost]:
        """Decide claims of steps; most meet nobody, and are begun in one stroke."""
        if not is_alive(connection, self._owner):
            return [LeaseLost(claim.run_id) for claim in claims]
        done = _done_since(connection, claims)
        answers = iter(self._decided(connection, [c for c in claims if c.asker not in done]))
        return [
            Done(done[claim.asker]) if claim.asker in done else next(answers) for claim in claims
        ]

    def _decided(
        self, connection: Connection, claims: Sequence[Claim]
    ) -> list[Claimed | WaitsForItself]:
        # What lives is read before what is recorded: what ends in between is seen as recorded.
        identities = [claim.wanted.identity for claim in claims if claim.wanted.identity]
        live = {row.identity for row in _live(connection, identities)} if identities else set()
        records = recorded_on(connection, [claim.wanted.identity for claim in claims])
        fresh = self._begin_fresh(connection, claims, records, live)
        return [
            self._taken_fresh(claim, records)
            if claim.run_id in fresh
            else self._met(connection, claim)
            for claim in claims
        ]

    def _begin_fresh(
        self,
        connection: Connection,
        claims: Sequence[Claim],
        records: dict[str, Record],
        live: set[str],
    ) -> set[str]:
        """Begin those that meet nobody; answer the ids of the runs that were begun."""
        taken = set(live)
        fresh = []
        for claim in claims:
            identity = claim.wanted.identity
            seen_before = claim.again or claim.lanes is not None
            if identity in taken or seen_before or _up_to_date(claim, records):
                continue
            taken.add(identity) if identity else None
            fresh.append(claim)
        self._insert(connection, fresh)
        begun = _those_begun(connection, fresh)
        _unsettle(connection, [c for c in fresh if c.changes and c.run_id in begun], records)
        return begun

    def _insert(self, connection: Connection, fresh: Sequence[Claim]) -> None:
        # In one order everywhere: two processes that insert the same do not block each other.
        ordered = sorted(fresh, key=lambda claim: claim.wanted.key)
        insert_runs(connection, [self._new(claim, State.RUNNING) for claim in ordered])

    def _new(self, claim: Claim, state: State) -> dict[str, Any]:
        running = state is State.RUNNING
        return run_values(claim.wanted, claim.run_id, claim.at) | {
            "root_id": claim.parent.root_id if claim.parent else claim.run_id,
            "parent_id": claim.parent_id,
            "parent_step": claim.parent_step,
            "rank": claim.rank,
            "deadline_at": claim.deadline_at,
            "force": claim.force,
            "last_try": claim.last_try,
            "taken_at": claim.at if running else None,
            "state": state,
            "owner": self._owner,
            "token": int(running),
            "started_at": claim.at if running else None,
        }

    def _taken_fresh(self, claim: Claim, records: dict[str, Record]) -> Taken:
        root = claim.parent.root_id if claim.parent else claim.run_id
        grip, alone = Grip(claim.run_id, 1), claim.parent is None
        begun = Begun(grip, root, claim.deadline_at, claim.rank, alone=alone)
        return Taken(begun, records.get(claim.wanted.identity))

    def _met(self, connection: Connection, claim: Claim) -> Claimed | WaitsForItself:
        """Decide a claim whose identity is, or was, somebody's."""
        one_after_another(connection)
        rows = self._without_what_changed(connection, claim)
        record = recorded_on(connection, [claim.wanted.identity]).get(claim.wanted.identity)
        own = next((row for row in rows if _key(row) == claim.wanted.key), None)
        if own is None:
            return self._anew(connection, claim, rows, record)
        if was_taken(own, self._owner, claim.at):
            return Taken(self._remembered(connection, own, own.token), record)
        if claim.force and not own.force:
            connection.execute(FORCE, {"run": own.id})
        if _is_somebody_elses(own, claim, self._owner):
            return self._joined(connection, claim, own)
        ahead = row_ahead(rows, own, own.rank, own.id)
        if ahead is None:
            return self._take_over(connection, claim, own, record)
        if own.state == State.WAITING:
            connection.execute(ATTEND, {"run": own.id, "taker": self._owner})
        return _refused_or(connection, claim.parent_id, ahead.id, Behind(own.id, ahead.id))

    def _anew(
        self, connection: Connection, claim: Claim, rows: list[Any], record: Record | None
    ) -> Claimed | WaitsForItself:
        """Decide a claim of what nobody does, or wants, just now."""
        left = connection.execute(RUN_ROW, {"run": claim.run_id}).first() if claim.again else None
        if left is not None:
            # Somebody ended it while it was in line.
            return Joins(claim.run_id, (left.parent_id, left.parent_step) == claim.asker)
        if record is not None and _up_to_date(claim, {record.identity: record}):
            return UpToDate(record)
        return self._new_in_line(connection, claim, rows, record)

    def _new_in_line(
        self, connection: Connection, claim: Claim, rows: list[Any], record: Record | None
    ) -> Claimed | WaitsForItself:
        ahead = row_ahead(rows, None, claim.rank, claim.run_id)
        if claim.lanes is not None:
            refused = ahead and demand_no_circle(connection, claim.parent_id, ahead.id)
            return refused or self._queue(connection, claim)
        if ahead is None:
            self._insert(connection, [claim])
            if claim.changes and record is not None:
                connection.execute(UNSETTLE, {"identities": [record.identity]})
            return self._taken_fresh(claim, {record.identity: record} if record else {})
        refused = demand_no_circle(connection, claim.parent_id, ahead.id)
        if refused is not None:
            return refused
        insert_runs(connection, [self._new(claim, State.WAITING)])
        return Behind(claim.run_id, ahead.id)

    def _queue(self, connection: Connection, claim: Claim) -> Joins:
        """Hand it to the queue: any worker carries it out, and who asked waits for its end."""
        values = self._new(claim, State.QUEUED) | queued_values(claim.run_id)
        insert_runs(connection, [values])
        enqueue_places(connection, claim.run_id, claim.lanes or ())
        return Joins(claim.run_id, of_asker=True)

    def _joined(self, connection: Connection, claim: Claim, own: Any) -> Joins | WaitsForItself:
        of_asker = (own.parent_id, own.parent_step) == claim.asker
        answer = _refused_or(connection, claim.parent_id, own.id, Joins(own.id, of_asker))
        if isinstance(answer, Joins) and not of_asker:
            _wait(connection, claim, own.id)
        return answer

    def _take_over(
        self, connection: Connection, claim: Claim, own: Any, record: Record | None
    ) -> Taken:
        """Take up what was cut off, or what is in line and whose turn has come."""
        of_asker = (own.parent_id, own.parent_step) == claim.asker
        if claim.parent_id is not None and not of_asker:
            if own.id != own.root_id and _parent_has_ended(connection, own):
                connection.execute(
                    ADOPT, {"run": own.id, "parent": claim.parent_id, "step": claim.parent_step}
                )
                of_asker = claim.parent_step is not None
            else:
                _wait(connection, claim, own.id)
        if of_asker:
            connection.execute(TRY, {"run": own.id, "last": claim.last_try})
        if own.id == own.root_id:
            # What is nested takes no place of its own: who asks has one.
            leave_lanes(connection, own.id)
        if claim.changes and record is not None:
            connection.execute(UNSETTLE, {"identities": [record.identity]})
        return Taken(self._take(connection, own, claim), record, of_asker)

    def _take(self, connection: Connection, row: Any, claim: Claim) -> Begun:
        connection.execute(TAKE_RUN, {"run": row.id, "taker": self._owner, "at": claim.at})
        return self._remembered(connection, row, row.token + 1)

    def _remembered(self, connection: Connection, row: Any, token: int) -> Begun:
        memory = memories_of(connection, [row.id])[row.id] if token > 1 else {}
        return Begun(Grip(row.id, token), row.root_id, row.deadline_at, row.rank, memory)

    def _without_what_changed(self, connection: Connection, claim: Claim) -> list[Any]:
        """End what was cut off on the identity where its own root asks for something else now.

        The code has changed since, or another branch came first: nobody will ask for it again
        before this, so waiting for it would never end.
        """
        rows = _live(connection, [claim.wanted.identity])
        if not claim.gives_up:
            return rows
        root = claim.parent.root_id if claim.parent else None
        left = [
            row
            for row in rows
            if row.root_id == root
            and row.id not in {root, claim.parent_id}
            and not row.attended
            and _key(row) != claim.wanted.key
        ]
        for row in left:
            connection.execute(GIVE_UP, {"run": row.id, "end_at": claim.at})
        return [row for row in rows if row not in left]


def _refused_or(
    connection: Connection, waiter: str | None, target: str, answer: Answer
) -> Answer | WaitsForItself:
    return demand_no_circle(connection, waiter, target) or answer


def _done_since(
    connection: Connection, claims: Sequence[Claim]
) -> dict[tuple[str | None, str | None], StepRow]:
    """Answer those asking steps that got an outcome after their run was taken up.

    A child that went on meanwhile wrote it. A run that was never cut off knows all its steps.
    """
    resumed = [c for c in claims if c.parent is not None and c.parent.grip.token > 1]
    if not resumed:
        return {}
    runs = {claim.parent_id for claim in resumed}
    names = {claim.parent_step for claim in resumed}
    rows = connection.execute(STEPS_NAMED, {"runs": list(runs), "names": list(names)})
    found = {(row.run_id, row.name): StepRow.read(row) for row in rows}
    askers = {claim.asker for claim in resumed}
    return {asker: row for asker, row in found.items() if asker in askers and row.finished}


def _live(connection: Connection, identities: Sequence[str]) -> list[Any]:
    return list(connection.execute(LIVE_OF_IDENTITIES, {"identities": list(identities)}))


def _those_begun(connection: Connection, fresh: Sequence[Claim]) -> set[str]:
    """Answer which of the runs are there: another process may have been faster."""
    ids = {claim.run_id for claim in fresh}
    if connection.dialect.name == "sqlite" or not any(c.wanted.identity for c in fresh):
        return ids
    return those_of(connection, sorted(ids))


def _unsettle(connection: Connection, claims: Sequence[Claim], records: dict[str, Record]) -> None:
    settled = [
        claim.wanted.identity
        for claim in claims
        if (record := records.get(claim.wanted.identity)) and record.settled
    ]
    if settled:
        connection.execute(UNSETTLE, {"identities": settled})


def _key(row: Any) -> tuple[str, str, str]:
    return (row.identity, row.command, row.fingerprint)


def _up_to_date(claim: Claim, records: dict[str, Record]) -> bool:
    record = records.get(claim.wanted.identity)
    return claim.check and holds(record, claim.wanted.command, claim.wanted.fingerprint)


def _is_somebody_elses(own: Any, claim: Claim, owner: str) -> bool:
    """Answer whether an equal run is to be waited for, and not to be taken by who asks."""
    if own.id == claim.run_id and own.owner == owner and own.state != State.RUNNING:
        return claim.lanes is not None
    if own.state == State.QUEUED:
        return claim.lanes is not None or own.paused
    return bool(own.attended) or (claim.lanes is not None and own.id == own.root_id)


def _parent_has_ended(connection: Connection, own: Any) -> bool:
    if own.parent_id is None:
        return True
    parent = connection.execute(RUN_ROW, {"run": own.parent_id}).first()
    return parent is None or State(parent.state).terminal


def _wait(connection: Connection, claim: Claim, target: str) -> None:
    """Note that a step waits for a run that another one began."""
    if claim.parent_id is None:
        return
    wait = {"waiter": claim.parent_id, "of_step": claim.parent_step or "", "target": target}
    if connection.execute(WAIT_OF, wait).first() is None:
        connection.execute(INSERT_WAIT, wait)
