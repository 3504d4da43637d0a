"""Waiting for what somebody tells a run, such as an approval."""

import asyncio
from datetime import datetime
from typing import Protocol

from bot.engine.live_run import LiveRun
from bot.engine.surroundings import Surroundings
from resources.errors import TimedOut
from resources.model.time_limit import in_time_for
from resources.model.values import ResultType


class Waiting(Protocol):
    """The run that waits."""

    run: LiveRun
    around: Surroundings


async def signalled(scope: Waiting, name: str, results: ResultType, until: datetime | None) -> str:
    """Answer what the signal holds, as JSON, when it has come.

    Raises `TimedOut` at `until`, and `ResultNotStorable` where it holds something else.
    """
    run_id, clock = scope.run.run_id, scope.around.clock
    while (sent := await scope.around.journal.signal(run_id, name)) is None:
        waiting = scope.around.watch.signal(run_id, name)
        try:
            await (in_time_for(waiting, clock, until) if until else waiting)
        except TimeoutError:
            raise TimedOut(
                f"Nobody sent the signal `{name}` to {scope.run.identity} in time. Retry to wait "
                "for it again."
            ) from None
        await asyncio.sleep(0)
    results.from_json(sent.payload)
    return sent.payload
