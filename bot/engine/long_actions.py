"""Operations that go on elsewhere: started once, and asked about until they are done."""

import asyncio
from datetime import datetime, timedelta
from typing import Any, Protocol

from bot.engine.live_run import LiveRun
from bot.engine.rows import StepRow
from bot.engine.surroundings import Surroundings
from bot.engine.underway import Underway
from bot.engine.values import handle_type
from bot.states import State
from resources.errors import TimedOut
from resources.model.action import LongAction
from resources.model.pending import Pending


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
    timeout: timedelta | None,  # noqa: ASYNC109 (counted from the start, across restarts)
) -> Any:
    """Answer the result of `action`, which is bound already."""
    handle = await _handle(scope, row, known, action)
    until = row.started_at + timeout if timeout else None
    progress = ""
    while isinstance(answer := await action.check(handle), Pending):
        if answer.progress and answer.progress != progress:
            progress = answer.progress
            scope.print(row.name, f"{progress}\n")
        await _pause(scope, row, action, until)
    return answer


async def _handle(scope: Doing, row: StepRow, known: StepRow | None, action: LongAction) -> Any:
    """Answer by what the operation is asked about, which is remembered from its start on."""
    handles = handle_type(action)
    remembered = Underway.of(known).handle
    if remembered is not None:
        return handles.from_json(remembered)
    journal, grip = scope.around.journal, scope.run.begun.grip
    cut_off = known is not None and known.state is State.RUNNING
    if cut_off and not action.repeatable:
        handle = await action.interrupted()
    else:
        if not action.repeatable:
            await journal.remember(grip, row)
        handle = await action.start()
    underway = Underway(handle=handles.to_json(handle))
    await journal.remember(grip, row.underway(State.RUNNING, underway.text()))
    return handle


async def _pause(scope: Doing, row: StepRow, action: LongAction, until: datetime | None) -> None:
    now = scope.around.clock.now()
    if until is not None and now >= until:
        raise TimedOut(
            f"`{row.name}` was started at {row.started_at:%Y-%m-%d %H:%M:%S} UTC and is not done "
            "yet, which is longer than it may take. It may still go on: look at what it works "
            "on, and retry."
        )
    then = now + action.check_every
    await scope.around.clock.sleep_until(min(then, until) if until else then)
    await asyncio.sleep(0)
