"""Telling a run what it waits for, such as an approval."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import insert, select
from sqlmodel import col

from bot.engine.control.forgetting import steps_of
from bot.engine.control.intervention import Answer, Intervention, has_come, moment, named
from bot.engine.control.step_results import demand_fits
from bot.engine.identifiers import short
from bot.engine.steps.underway import Underway
from bot.states import State
from bot.store.tables import LIVE_ROWS, Run, Signal
from resources.errors import Refused


class Awaited(NamedTuple):
    """A signal that a run waits for; `expects` names the class of what it is to hold."""

    run: Any
    name: str
    expects: str | None = None


def signal(
    hand: Intervention, typed: str, name: str | None, payload: str, *, force: bool = False
) -> Answer:
    """Send a signal, with `payload` as JSON, to a run; the first one of a name counts.

    Without a `name` it is the one that is waited for, by the run or what is nested in it. With
    `force` it is sent ahead, where nobody waits for it yet. Raises `Refused`.
    """
    row = hand.run(typed)
    if State(row.state).terminal:
        raise Refused(f"{named(row)} {has_come(row)}, and waits for nothing. Nothing was sent.")
    if name is not None:
        _demand_is_the_first(hand, Awaited(row, name))
    there = _awaited(hand, row)
    awaited = _chosen(row, there, name)
    if awaited is None and force and name is not None:
        _send(hand, Awaited(row, name), payload)
        return Answer(row.id, f"Sent `{name}` to {named(row)}, ahead of its waiting for it.")
    if awaited is None:
        raise _not_awaited(row, there, name)
    _send(hand, awaited, payload)
    return Answer(
        awaited.run.id,
        f"Sent `{awaited.name}` to {named(awaited.run)}; it goes on within about a second.",
    )


def _awaited(hand: Intervention, row: Any) -> list[Awaited]:
    """Answer what a run waits for to be told, and what is nested in it."""
    found = [
        Awaited(row, step.name, Underway.of(step).expects)
        for step in steps_of(hand.connection, row.id)
        if step.kind == "signal" and step.state is State.WAITING
    ]
    for child in hand.rows(col(Run.parent_id) == row.id, LIVE_ROWS):
        found += _awaited(hand, child)
    return found


def _chosen(row: Any, there: Sequence[Awaited], name: str | None) -> Awaited | None:
    """Answer the signal that is meant; raises `Refused` where it may be one of several."""
    meant = [each for each in there if name in {None, each.name}]
    own = [each for each in meant if each.run.id == row.id]
    if name is not None and own:
        return own[0]
    if len(meant) > 1:
        raise Refused(
            f"{named(row)} waits for several signals: {_listed(meant)}. Name one, and the run "
            "that waits for it. Nothing was sent."
        )
    return meant[0] if meant else None


def _not_awaited(row: Any, there: Sequence[Awaited], name: str | None) -> Refused:
    waits = f"it waits for {_listed(there)}" if there else "it waits for none"
    if name is None:
        return Refused(f"{named(row)} waits for no signal. Nothing was sent.")
    return Refused(
        f"{named(row)} waits for no signal `{name}`: {waits}. To send it ahead: `orbits approve "
        f"{short(row.id)} {name} --ahead`. Nothing was sent."
    )


def _listed(signals: Sequence[Awaited]) -> str:
    return ", ".join(
        f"`{each.name}` ({each.run.identity}, run {short(each.run.id)})" for each in signals
    )


def _demand_is_the_first(hand: Intervention, awaited: Awaited) -> None:
    query = select(Signal.__table__)  # type: ignore[attr-defined]
    key = (col(Signal.run_id) == awaited.run.id, col(Signal.name) == awaited.name)
    first = hand.connection.execute(query.where(*key)).first()
    if first is not None:
        raise Refused(
            f"`{awaited.name}` was sent to {named(awaited.run)} by {first.sent_by} at "
            f"{moment(first.sent_at)} already, and the first one counts. Nothing was sent."
        )


def _send(hand: Intervention, awaited: Awaited, payload: str) -> None:
    _demand_is_the_first(hand, awaited)
    demand_fits(payload, awaited.expects, f"What was to be sent as `{awaited.name}`")
    hand.connection.execute(
        insert(Signal).values(
            run_id=awaited.run.id,
            name=awaited.name,
            payload=payload,
            sent_by=hand.by,
            sent_at=hand.at,
        )
    )
    hand.bell.ring(hand.connection, [awaited.run.id])
