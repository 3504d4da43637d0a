"""One step tried again and again: what failed is remembered, and so is until when is waited."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from bot.engine.definitions.outcomes import Outcome
from bot.engine.journal.rows import StepRow
from bot.engine.live_run import LiveRun
from bot.engine.steps.underway import Underway
from bot.engine.surroundings import Surroundings
from bot.states import State
from resources.errors import StepFailed
from resources.model.retry import Retry


class Attempting(Protocol):
    """The run whose step it is."""

    run: LiveRun
    around: Surroundings

    def print(self, step: str, text: str) -> None:
        """Keep what is told of the step."""


async def attempted(
    scope: Attempting,
    row: StepRow,
    known: StepRow | None,
    retry: Retry,
    attempt: Callable[[StepRow, StepRow | None], Awaitable[Outcome]],
) -> Outcome:
    """Answer the outcome of the last attempt that `retry` allows, or of the first that succeeds.

    `known` is what was remembered before a restart: attempts count on, and a wait goes on.
    """
    if known is None and retry.attempts == 1:
        return await attempt(row, None)
    before = Underway.of(known)
    failed = before.attempts
    if failed and before.until is not None:
        await _wait(scope, before)
    while True:
        outcome = await attempt(_counted(row, failed), known)
        known = None
        failed += 1
        error = outcome.cause
        if outcome.state is not State.FAILED or error is None or not retry.again(failed, error):
            return outcome
        until = scope.around.clock.now() + retry.wait(failed)
        underway = Underway(attempts=failed, until=until)
        scope.print(row.name, _told(failed, retry, underway, error))
        waiting = row.underway(State.WAITING, underway.text())
        await scope.around.journal.remember(scope.run.begun.grip, waiting)
        await _wait(scope, underway)


def _counted(row: StepRow, failed: int) -> StepRow:
    """Answer the row of an attempt, which knows how many have failed before it."""
    return row._replace(result=Underway(attempts=failed).text()) if failed else row


async def _wait(scope: Attempting, underway: Underway) -> None:
    if underway.until is not None:
        async with scope.run.waiting():
            await scope.around.clock.sleep_until(underway.until)


def _told(failed: int, retry: Retry, underway: Underway, error: BaseException) -> str:
    reason = error.reason if isinstance(error, StepFailed) else str(error)
    at = f"{underway.until:%H:%M:%S}" if underway.until else "once"
    return f"Attempt {failed} of {retry.attempts} failed: {reason}\nThe next one comes at {at}.\n"
