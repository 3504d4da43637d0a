"""What a run forgets before it goes on: its failure, and what may have followed from it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from difflib import get_close_matches

from sqlalchemy import Connection, delete, update
from sqlmodel import col

from bot.engine.journal.rows import StepRow
from bot.engine.journal.statements import STEPS_OF_RUNS
from bot.states import State
from bot.store.tables import Signal, Step
from resources.errors import Refused

FAILURES = frozenset({State.FAILED, State.CANCELLED})


@dataclass(frozen=True)
class Forgotten:
    """What a run still remembers of its steps, and what it does not.

    `since` is set where everything from a time on is done again, whatever became of it.
    """

    kept: Sequence[StepRow] = ()
    failed: Sequence[StepRow] = ()
    followed: Sequence[StepRow] = ()
    asked: Sequence[StepRow] = ()
    since: datetime | None = None
    kept_names: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "kept_names", frozenset(step.name for step in self.kept))

    @property
    def done(self) -> list[str]:
        """The finished steps that are not done again."""
        return [step.name for step in self.kept if step.finished]

    @property
    def gone(self) -> list[str]:
        """The steps that are forgotten, in the order in which they began."""
        steps = {step.name: step for step in (*self.failed, *self.followed, *self.asked)}
        return sorted(steps, key=lambda name: (steps[name].started_at, name))


def forget(
    connection: Connection, run_id: str, from_step: str | None = None, left_out: str | None = None
) -> Forgotten:
    """Forget the failed steps of a run and what began after the first of them had ended.

    What began then may have followed from the failure, such as a record of it: a replay, in
    which it does not happen, would find it in its way. What was cut off while it ran is kept, so
    that what may not be repeated is asked what became of it. With `from_step`, that step and all
    that began since are forgotten as well. `left_out` has failed, and is kept.
    """
    steps = steps_of(connection, run_id)
    failed = [step for step in steps if step.state in FAILURES]
    ended = min((step.finished_at for step in failed if step.finished_at), default=None)
    followed = [
        step
        for step in steps
        if ended is not None and step.started_at >= ended and step.state is not State.RUNNING
    ]
    since = named_step(steps, from_step).started_at if from_step is not None else None
    asked = [step for step in steps if since is not None and step.started_at >= since]
    forgotten = {step.name for step in (*failed, *followed, *asked) if step.name != left_out}
    _delete(connection, run_id, forgotten)
    return Forgotten(
        kept=[step for step in steps if step.name not in forgotten],
        failed=[step for step in failed if step.name != left_out],
        followed=[step for step in followed if step.name != left_out],
        asked=asked,
        since=since,
    )


def leave_out(connection: Connection, run_id: str, step: str, result: str) -> None:
    """Let a failed step count as done with a result."""
    row = (col(Step.run_id) == run_id, col(Step.name) == step)
    values = {"state": State.SKIPPED, "result": result, "failure": None}
    connection.execute(update(Step).where(*row).values(**values))


def steps_of(connection: Connection, run_id: str) -> list[StepRow]:
    """Answer what a run remembers, in the order in which it began."""
    rows = connection.execute(STEPS_OF_RUNS, {"runs": [run_id]})
    return sorted(map(StepRow.read, rows), key=lambda step: (step.started_at, step.name))


def named_step(steps: Sequence[StepRow], typed: str) -> StepRow:
    """Answer the step that somebody typed, in full or without the identity behind it.

    The first of several; raises `Refused` with those that there are.
    """
    exact = [step for step in steps if step.name == typed]
    known = exact or [step for step in steps if is_called(step.name, typed)]
    if known:
        return known[0]
    names = list(dict.fromkeys(step.name for step in steps))
    short_names = list(dict.fromkeys(name.partition("[")[0] for name in names))
    near = get_close_matches(typed, [*short_names, *names], 1)
    meant = f" Did you mean `{near[0]}`?" if near else ""
    there = ", ".join(f"`{name}`" for name in names) or "none"
    raise Refused(
        f"The run remembers no step `{typed}`.{meant} It remembers: {there}. Nothing was changed."
    )


def is_called(step: str, typed: str) -> bool:
    """Answer whether a step is what somebody typed, in full or without what stands in brackets."""
    return typed in {step, step.partition("[")[0]}


def _delete(connection: Connection, run_id: str, names: set[str]) -> None:
    # What was told to a step that is forgotten was meant for the time before.
    for table in (Step, Signal):
        its = (col(table.run_id) == run_id, col(table.name).in_(sorted(names)))
        connection.execute(delete(table).where(*its))
