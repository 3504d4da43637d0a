"""One step tried again and again, and what an attempt is: in a rehearsal, where no time is lost."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar

from resources.errors import NotRunning, StepFailed, TimedOut
from resources.model.action import LongAction
from resources.model.pending import Pending
from resources.model.retry import Retry
from resources.model.sorts import Sort, sort_of
from resources.model.step_scope import StepScope
from resources.model.time_limit import TimeLimit, in_time_for
from resources.model.values import ResultType, handle_type
from resources.model.whole import Whole
from resources.secrets import Secret
from resources.testing.crash import Moment
from resources.testing.journal import Ending, Outcome, StepMemory
from resources.testing.life import Life, LiveRun

T = TypeVar("T")


class Attempting(Protocol):
    """The scope of the run whose step it is."""

    run: LiveRun
    life: Life

    @property
    def run_id(self) -> str:
        """The id of the run."""

    def given(self, kind: type[T]) -> T:
        """Answer an object that the test gave."""

    def print(self, step: str, text: str) -> None:
        """Keep what a step prints."""

    async def recorded(self, resource: Any) -> Any:
        """Answer the recorded output of a resource, or `None`."""

    async def reveal(self, secret: Secret) -> str:
        """Answer a secret's value."""

    def whole(self) -> Whole | None:
        """Answer what the run is part of."""

    def keep(self, step: StepMemory) -> None:
        """Remember a step as it stands."""

    def failed(self, error: BaseException, step: str) -> Ending:
        """Answer `error` as the failure of a step."""

    def inner(self, step: str) -> Any:
        """Answer the scope of a workflow that is a step."""


async def attempted(
    scope: Attempting,
    step: StepMemory,
    known: StepMemory | None,
    retry: Retry,
    attempt: Callable[[StepMemory, StepMemory | None], Awaitable[Ending]],
) -> Ending:
    """Answer the ending of the last attempt that `retry` allows, or of the first that succeeds."""
    failed = known.attempts if known else 0
    if failed and known is not None and known.until is not None:
        await _wait(scope, known.until)
    while True:
        ending = await attempt(replace(step, attempts=failed), known)
        known = None
        failed += 1
        error = ending.cause
        if ending.outcome is not Outcome.FAILED or error is None or not retry.again(failed, error):
            return ending
        until = scope.life.clock.now() + retry.wait(failed)
        scope.print(step.name, _told(failed, retry, until, error))
        scope.keep(replace(step, runs=False, attempts=failed, until=until))
        await _wait(scope, until)


async def once_more(  # noqa: PLR0913, PLR0917 (what an attempt is made of)
    scope: Attempting,
    x: Any,
    results: ResultType,
    within: timedelta | None,
    step: StepMemory,
    known: StepMemory | None,
) -> Ending:
    """Answer what became of one attempt at what is no resource."""
    try:
        if sort_of(x) is Sort.LONG_ACTION:
            result = await _carry_out_long(scope, x, step, known, within)
        else:
            async with TimeLimit(within, step.name):
                result = await _carry_out(scope, x, step, known)
        text = results.to_json(result)
        scope.life.secrets.masks.demand_none_in(text, f"The result of `{step.name}`")
    except (Exception, asyncio.CancelledError, SystemExit) as error:
        if is_being_cancelled():
            raise
        return scope.failed(error, step.name)
    return Ending(Outcome.SUCCEEDED, text)


def is_being_cancelled() -> bool:
    """Answer whether somebody cancels this task; a step may also raise a cancellation itself."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def _carry_out(scope: Attempting, x: Any, step: StepMemory, known: StepMemory | None) -> Any:
    sort = sort_of(x)
    if sort is Sort.WORKFLOW:
        inner = scope.inner(step.name)
        with scope.life.resting():
            return await inner.settled(x.bound_to(inner).define)
    if sort is Sort.ACTION:
        bound = x.bound_to(_leaf(scope, step))
        if x.repeatable:
            return await bound.run()
        if known is not None and known.runs:
            return await bound.interrupted()
        scope.keep(step)
        return await bound.run()
    if not callable(x):
        raise NotRunning(
            f"`{step.name}` is a {type(x).__name__}: a step is an action, a workflow, a "
            "resource or a coroutine function (not a coroutine that was called already)."
        )
    return await x()


def _leaf(scope: Attempting, step: StepMemory) -> StepScope:
    # The runs of all rehearsals have the same ids, and scripts are found by theirs.
    return StepScope(scope, step.name, among=scope.life.journal.name)


async def _carry_out_long(
    scope: Attempting,
    x: LongAction,
    step: StepMemory,
    known: StepMemory | None,
    within: timedelta | None,
) -> Any:
    clock = scope.life.clock
    action = x.bound_to(_leaf(scope, step))
    since = known.since if known and known.since else clock.now()
    until = since + within if within else None
    step = replace(step, since=since)
    handle = await _handle(scope, action, step, known, until)
    progress = ""
    while isinstance(answer := await _in_time(scope, step, action.check(handle), until), Pending):
        if answer.progress and answer.progress != progress:
            progress = answer.progress
            scope.print(step.name, f"{progress}\n")
        with scope.life.resting():
            then = clock.now() + action.check_every
            await _in_time(scope, step, clock.sleep_until(then), until)
    return answer


async def _handle(
    scope: Attempting,
    action: LongAction,
    step: StepMemory,
    known: StepMemory | None,
    until: datetime | None,
) -> Any:
    """Answer by what the operation is asked about, which is remembered from its start on."""
    handles = handle_type(action)
    if known is not None and known.handle is not None:
        scope.keep(replace(step, handle=known.handle))
        return handles.from_json(known.handle)
    if known is not None and known.runs and not action.repeatable:
        handle = await _in_time(scope, step, action.interrupted(), until)
    else:
        if not action.repeatable:
            scope.keep(step)
        handle = await _in_time(scope, step, action.start(), until)
    # Here, before anybody knows the handle, a crash is worst.
    await scope.life.reach(Moment.IN, scope.run, step.name)
    text = handles.to_json(handle)
    scope.life.secrets.masks.demand_none_in(text, f"The handle of `{step.name}`")
    scope.keep(replace(step, handle=text))
    return handle


async def _in_time(
    scope: Attempting, step: StepMemory, work: Awaitable[T], until: datetime | None
) -> T:
    if until is None:
        return await work
    clock = scope.life.clock
    try:
        return await in_time_for(work, clock, until)
    except TimeoutError:
        if clock.now() < until:
            raise
        began = step.since or clock.now()
        raise TimedOut(
            f"`{step.name}` was started at {began:%Y-%m-%d %H:%M:%S} UTC and is not done "
            "yet, which is longer than it may take. It may still go on: look at what it works "
            "on, and retry."
        ) from None


async def _wait(scope: Attempting, until: datetime) -> None:
    with scope.life.resting():
        await scope.life.clock.sleep_until(until)


def _told(failed: int, retry: Retry, until: datetime, error: BaseException) -> str:
    reason = error.reason if isinstance(error, StepFailed) else str(error)
    return (
        f"Attempt {failed} of {retry.attempts} failed: {reason}\n"
        f"The next one comes at {until:%H:%M:%S}.\n"
    )
