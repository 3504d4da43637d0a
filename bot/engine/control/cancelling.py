"""Ending runs by hand: at once where nobody works on them, or through whoever does."""

from typing import Any

from sqlalchemy import select
from sqlmodel import col

from bot.engine.control.intervention import Answer, Intervention, has_come, named
from bot.engine.definitions.outcomes import Outcome
from bot.engine.identifiers import short
from bot.engine.journal import waits
from bot.engine.journal.statements import RECORDS, WAITED_FOR
from bot.states import State
from bot.store.tables import LIVE_ROWS, Run, Wait
from resources.errors import Cancelled, Refused
from resources.model.failure import Failure, step_failed
from resources.model.values import NOTHING


def cancel(hand: Intervention, typed: str) -> Answer:
    """End a run, and what only it wanted; raises `Refused` where it has ended or is ending."""
    row = hand.run(typed)
    if State(row.state).terminal:
        raise Refused(f"{named(row)} {has_come(row)}. Nothing was changed.")
    if row.state != State.RUNNING or not row.attended:
        ended = _end_with_children(hand, row)
        return Answer(row.id, f"Cancelled {named(row)}{_with(ended[1:])}; {_how_to_retry(row)}")
    if row.cancelled_by is not None:
        why = f"{row.cancelled_by} cancelled it" if row.cancelled_by else "nobody waits for it"
        raise Refused(f"{named(row)} is being ended already: {why}. Nothing was changed.")
    _mark(hand, row)
    return Answer(
        row.id,
        f"{named(row)} ends within about a second, with what its scripts have started; "
        f"{_how_to_retry(row)}",
    )


def skip_run(hand: Intervention, row: Any, result: str | None) -> Answer:
    """End a run that waits, or has failed, as one that was left out."""
    state = State(row.state)
    if state not in {State.QUEUED, State.FAILED, State.CANCELLED}:
        advice = f" Cancel it first: `orbits cancel {short(row.id)}`." if not state.terminal else ""
        raise Refused(
            f"{named(row)} {has_come(row)}: only a run that is queued, or has failed, can be left "
            f"out.{advice} Nothing was changed."
        )
    if result is None:
        record = hand.connection.execute(RECORDS, {"identities": [row.identity]}).first()
        result = (record.output if record else None) or NOTHING
    hand.end(row, Outcome(State.SKIPPED, result))
    return Answer(row.id, f"Left out {named(row)}: it counts as skipped, with {result}.")


def _end_with_children(hand: Intervention, row: Any) -> list[Any]:
    """End a run and what only it wanted; answer all that was ended or will be."""
    error = Cancelled(
        f"{named(row)} was cancelled by {hand.by}. Finished steps are kept: "
        f"`orbits retry {row.id}`."
    )
    step = row.parent_step or row.command
    failed = step_failed(error, step=step, identity=row.identity, run_id=row.id)
    # From here on it wants nothing any more; whom it waits for is forgotten at its end.
    hand.change(row.id, state=State.CANCELLED)
    joined = hand.connection.scalars(
        select(col(Wait.target_id)).where(col(Wait.waiter_id) == row.id)
    ).all()
    ended = [row, *_end_children(hand, row)]
    hand.end(row, Outcome(State.CANCELLED, failure=Failure.of(failed)))
    for target in joined:
        _leave(hand, row, target)
    return ended


def _end_children(hand: Intervention, row: Any) -> list[Any]:
    its = (col(Run.parent_id) == row.id, LIVE_ROWS)
    only_its = hand.rows(*its, ~col(Run.asked), ~WAITED_FOR)
    for child in hand.rows(*its, col(Run.id).not_in([child.id for child in only_its])):
        _leave(hand, row, child.id)
    ended = []
    for child in only_its:
        if child.state == State.RUNNING and child.attended:
            _mark(hand, child)
            ended.append(child)
        else:
            ended += _end_with_children(hand, child)
    return ended


def _leave(hand: Intervention, row: Any, target: str) -> None:
    """Let go of a run that others want as well, perhaps: it goes on without `row`, or ends."""
    waits.leave(hand.connection, row.id, target, hand.at)
    hand.announce(hand.rows(col(Run.id) == target))


def _mark(hand: Intervention, row: Any) -> None:
    """Ask whoever works on a run to end it."""
    hand.change(row.id, cancelled_by=hand.by)
    hand.bell.ring(hand.connection, [row.id])


def _with(children: list[Any]) -> str:
    return f", with {', '.join(named(child) for child in children)}" if children else ""


def _how_to_retry(row: Any) -> str:
    return f"`orbits retry {short(row.id)}` goes on with it, and keeps its finished steps."
