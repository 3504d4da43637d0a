"""Runs that failed go on: the same rows again, with what they had finished."""

from typing import Any

from sqlalchemy import select, update
from sqlmodel import col

from bot.engine.control.forgetting import (
    FAILURES,
    Forgotten,
    forget,
    leave_out,
    named_step,
    steps_of,
)
from bot.engine.control.intervention import (
    Answer,
    Intervention,
    counted,
    has_come,
    named,
    named_with_id,
)
from bot.engine.control.step_results import demand_result_fits
from bot.engine.definitions.kinds import KindNotFound, revived
from bot.engine.identifiers import short
from bot.engine.journal.asking import enqueue_places
from bot.engine.journal.statements import LEAVE_PLACES, RUN_TABLE
from bot.engine.steps.orders import deadline_of
from bot.states import State
from bot.store.tables import Recorded, Run
from resources.errors import Refused
from resources.model.definition import Definition
from resources.model.resource import Resource


def retry(hand: Intervention, typed: str, from_step: str | None = None) -> Answer:
    """Let a run that failed or was ended go on, at what it has not finished; see `forget`.

    What is nested in it, and failed with it, goes on as well, and keeps what it had finished.
    """
    row = hand.run(typed)
    _demand_may_be_retried(hand, row)
    forgotten = forget(hand.connection, row.id, from_step)
    others = _revive(hand, row, forgotten)
    return Answer(row.id, _told(hand, row, forgotten, others))


def skip_step(hand: Intervention, row: Any, typed: str, result: str) -> Answer:
    """Let a failed step count as done with `result`, as JSON, and the run go on from there."""
    _demand_may_be_retried(hand, row)
    steps = steps_of(hand.connection, row.id)
    step = named_step([step for step in steps if step.state in FAILURES] or steps, typed)
    if step.state not in FAILURES:
        raise Refused(
            f"The step `{step.name}` of {named(row)} has not failed, so there is nothing to leave "
            "out. Nothing was changed."
        )
    demand_result_fits(step, result)
    forgotten = forget(hand.connection, row.id, left_out=step.name)
    leave_out(hand.connection, row.id, step.name, result)
    others = _revive(hand, row, forgotten)
    words = _told(hand, row, forgotten, others)
    return Answer(row.id, f"The step `{step.name}` counts as done, with {result}. {words}")


def _demand_may_be_retried(hand: Intervention, row: Any) -> None:
    by_hand = row.state == State.SKIPPED and row.cancelled_by is not None
    if row.state not in FAILURES and not by_hand:
        raise Refused(
            f"{named(row)} {has_come(row)}: there is nothing to retry. Nothing was changed."
        )
    equal = hand.live_equal(row)
    if equal is not None:
        raise Refused(
            f"{named(row)} was asked for anew meanwhile: run {short(equal.id)} "
            f"{has_come(equal)}. Follow it with `orbits status {short(equal.id)}`. Nothing was "
            "changed."
        )


def _revive(hand: Intervention, row: Any, forgotten: Forgotten) -> list[Any]:
    """Let a run go back to the queue, and answer the others that go on with it."""
    _do_anew(hand, row, forgotten)
    _to_the_queue(hand, row, asked=True)
    others = _revive_nested(hand, row, row.id, forgotten)
    queued = [other for other in others if other.id == other.root_id]
    hand.announce([row, *queued])
    return others


def _revive_nested(hand: Intervention, row: Any, root: str, forgotten: Forgotten) -> list[Any]:
    """Let what failed in steps that are done again go on; a replay of `row` takes it up."""
    found = []
    for child in _to_go_on(hand, row, forgotten):
        if hand.live_equal(child) is not None:
            continue
        found.append(child)
        if child.id == child.root_id:
            _to_the_queue(hand, child, asked=child.asked)
        else:
            hand.change(child.id, state=State.WAITING, root_id=root, **_anew(hand, child))
        below = child.id if child.id == child.root_id else root
        found += _revive_nested(hand, child, below, forget(hand.connection, child.id))
    return found


def _to_go_on(hand: Intervention, row: Any, forgotten: Forgotten) -> list[Any]:
    """Answer what a run began and had not finished; of equal ones the last."""
    conditions = [col(Run.parent_id) == row.id, col(Run.state).in_(FAILURES)]
    if forgotten.since is not None:
        conditions.append(col(Run.created_at) < forgotten.since)
    conditions.append(col(Run.parent_step).not_in(forgotten.kept_names))
    children = hand.rows(*conditions)
    return list({(c.identity, c.command, c.fingerprint): c for c in children}.values())


def _do_anew(hand: Intervention, row: Any, forgotten: Forgotten) -> None:
    """See to it that what was asked to be done again is not skipped as up to date."""
    asked = [step.name for step in forgotten.asked]
    its = select(col(Run.id)).where(col(Run.parent_id) == row.id, col(Run.parent_step).in_(asked))
    hand.connection.execute(
        update(Recorded).where(col(Recorded.run_id).in_(its)).values(settled=False)
    )


def _to_the_queue(hand: Intervention, row: Any, *, asked: bool) -> None:
    definition = _definition(row)
    hand.change(row.id, state=State.QUEUED, root_id=row.id, asked=asked, **_anew(hand, row))
    hand.connection.execute(LEAVE_PLACES, {"runs": [row.id]})
    lanes = definition.lanes() if isinstance(definition, Resource) else ()
    enqueue_places(hand.connection, row.id, hand.limits.places(lanes))


def _anew(hand: Intervention, row: Any) -> dict[str, Any]:
    """Answer what a row has that goes on; its new token shuts out whoever had it before."""
    return {
        "owner": None,
        "token": RUN_TABLE.c.token + 1,
        "result": None,
        "failure": None,
        "cancelled_by": None,
        "paused": False,
        "started_at": None,
        "finished_at": None,
        "deadline_at": deadline_of(_definition(row), hand.at),
    }


def _definition(row: Any) -> Definition:
    try:
        return revived(row.kind, row.arguments)
    except KindNotFound as error:
        raise Refused(f"{named(row)} cannot go on: {error} Nothing was changed.") from error


def _told(hand: Intervention, row: Any, forgotten: Forgotten, others: list[Any]) -> str:
    words = f"{named(row)} goes on as run {short(row.id)}"
    if others:
        words += f", with {', '.join(named(other) for other in others)}"
    done = counted(len(forgotten.done), "finished step")
    words += f"; {done} {'is' if len(forgotten.done) == 1 else 'are'} kept"
    if forgotten.gone:
        words += f", done again: {', '.join(f'`{name}`' for name in forgotten.gone)}"
    return f"{words}.{_of_its_parent(hand, row)}"


def _of_its_parent(hand: Intervention, row: Any) -> str:
    parents = hand.rows(col(Run.id) == row.parent_id) if row.parent_id else ()
    if not parents or parents[0].state not in FAILURES:
        return ""
    parent = parents[0]
    return (
        f" It was begun by {named_with_id(parent)}, which {has_come(parent)} and stays so: "
        f"`orbits retry {short(parent.id)}` goes on with both."
    )
