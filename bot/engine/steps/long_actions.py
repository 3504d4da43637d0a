"""Operations that go on elsewhere: started once, and asked about until they are done."""

from collections.abc import Awaitable
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar

from bot.engine.journal.rows import StepRow
from bot.engine.live_run import LiveRun
from bot.engine.steps.underway import Underway
from bot.engine.surroundings import Surroundings
from bot.states import State
from resources.errors import TimedOut
from resources.model.action import LongAction
from resources.model.pending import Pending
from resources.model.time_limit import in_time_for
from resources.model.values import handle_type

T = TypeVar("T")


class Doing(Protocol):
    """The run whose step it is."""

    run: LiveRun
    around: Surroundings

    def print(self, step: str, text: str) -> None:
        """Keep what is told of the step."""


async def carry_out_long(
    scope: Doing,
    row: StepRow,
    known: StepRow | None,
    action: LongAction,
    within: timedelta | None,
) -> Any:
    """Answer the result of `action`, which is bound already.

    `within` is counted from when the attempt was started, across restarts. Raises `TimedOut`.
    """
    before = Underway.of(known)
    since = before.since or scope.around.clock.now()
    until = since + within if within else None
    handle = await _handle(scope, row, known, action, since, until)
    progress = ""
    while isinstance(answer := await _in_time(scope, row, action.check(handle), until), Pending):
        if answer.progress and answer.progress != progress:
            progress = answer.progress
            scope.print(row.name, f"{progress}\n")
        then = scope.around.clock.now() + action.check_every
        # What goes on elsewhere goes on without this process: it need not be waited for.
        with scope.run.leaving_it_to_another():
            await _in_time(scope, row, scope.around.clock.sleep_until(then), until)
    return answer


async def _handle(  # noqa: PLR0913, PLR0917 (what an attempt is made of)
    scope: Doing,
    row: StepRow,
    known: StepRow | None,
    action: LongAction,
    since: datetime,
    until: datetime | None,
) -> Any:
    """Answer by what the operation is asked about, which is remembered from its start on."""
    handles = handle_type(action)
    before = Underway.of(known)
    if before.handle is not None:
        return handles.from_json(before.handle)
    underway = Underway(attempts=Underway.of(row).attempts, since=since)
    cut_off = known is not None and known.state is State.RUNNING
    if cut_off and not action.repeatable:
        handle = await _in_time(scope, row, action.interrupted(), until)
    else:
        if not action.repeatable:
            await _remember(scope, row, underway)
        handle = await _in_time(scope, row, action.start(), until)
    text = handles.to_json(handle)
    scope.around.masks.demand_none_in(text, f"The handle of `{row.name}`")
    await _remember(scope, row, underway.model_copy(update={"handle": text}))
    return handle


async def _remember(scope: Doing, row: StepRow, underway: Underway) -> None:
    begun = row.underway(State.RUNNING, underway.text())
    await scope.around.journal.remember(scope.run.begun.grip, begun)


async def _in_time(scope: Doing, row: StepRow, work: Awaitable[T], until: datetime | None) -> T:
    if until is None:
        return await work
    try:
        return await in_time_for(work, scope.around.clock, until)
    except TimeoutError:
        if scope.around.clock.now() < until:
            raise
        raise TimedOut(
            f"`{row.name}` was started at {row.started_at:%Y-%m-%d %H:%M:%S} UTC and is not done "
            "yet, which is longer than it may take. It may still go on: look at what it works "
            "on, and retry."
        ) from None
