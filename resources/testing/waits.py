"""Waiting in a rehearsal, for a time or for a signal."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Protocol

from resources.errors import OrbitsError, TimedOut
from resources.model.values import ResultType
from resources.testing.journal import Ending, Outcome, StepMemory
from resources.testing.life import Life, LiveRun


class Waiting(Protocol):
    """The scope of the run that waits."""

    run: LiveRun
    life: Life

    def keep(self, step: StepMemory) -> None:
        """Remember a step as it stands."""

    def failed(self, error: BaseException, step: str) -> Ending:
        """Answer `error` as the failure of a step."""


async def slept(
    scope: Waiting, step: StepMemory, known: StepMemory | None, period: timedelta
) -> Ending:
    """Let the period pass, counted from when the step was first begun."""
    until = known.until if known and known.until else scope.life.clock.now() + period
    scope.keep(replace(step, runs=False, until=until))
    with scope.life.resting():
        await scope.life.clock.sleep_until(until)
    return Ending(Outcome.SUCCEEDED)


async def signalled(
    scope: Waiting,
    step: StepMemory,
    known: StepMemory | None,
    results: ResultType,
    within: timedelta | None,
) -> Ending:
    """Answer what the signal of the step's name holds, or why it cannot be had."""
    until = known.until if known else None
    if until is None and within is not None:
        until = scope.life.clock.now() + within
    step = replace(step, runs=False, until=until)
    scope.keep(step)
    try:
        payload = await _payload(scope, step)
        results.from_json(payload)
    except OrbitsError as error:
        return scope.failed(error, step.name)
    return Ending(Outcome.SUCCEEDED, payload)


async def _payload(scope: Waiting, step: StepMemory) -> str:
    life, run = scope.life, scope.run
    sent = life.journal.signals.get(step.name)
    with life.resting():
        if sent is not None and (step.until is None or sent.sent_at <= step.until):
            await life.clock.sleep_until(sent.sent_at)
            return sent.payload
        if step.until is None:
            life.waiting[step.name] = run.name
            await asyncio.Event().wait()
        else:
            await life.clock.sleep_until(step.until)
    raise TimedOut(
        f"Nobody sent the signal `{step.name}` to {run.identity} in time. Retry to wait for it "
        "again."
    )
