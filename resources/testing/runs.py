"""How a rehearsal carries out runs: alone on their identity, shared, skipped where up to date."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from resources.errors import TimedOut, WaitsForItself
from resources.model.definition import Definition, Steps
from resources.model.hooks import carry_out_hooks
from resources.model.resource import Resource
from resources.model.values import (
    BRINGING_ABOUT,
    CHANGING,
    NOTHING,
    ResultNotStorable,
    ResultType,
    command_result_type,
    result_type,
)
from resources.model.whole import Whole
from resources.model.workflow import Workflow
from resources.testing.attempts import is_being_cancelled
from resources.testing.crash import Moment
from resources.testing.intact import holds, is_intact
from resources.testing.journal import Ending, Outcome, Record, RunMemory, StepMemory, Wanted
from resources.testing.life import Life, LiveRun
from resources.testing.scope import RehearsedScope

Failed = Callable[[BaseException], Ending]


class Runs:
    """The runs of one life."""

    def __init__(self, life: Life) -> None:
        self._life = life
        self._journal = life.journal

    async def as_root(self, definition: Definition, wanted: Wanted, *, force: bool) -> Ending:
        """Carry out what the test asked for."""
        if not force:
            skipped = await self._skipped(definition, wanted, None)
            if skipped is not None:
                return skipped
        run = self._begun(definition, wanted, None)
        ending = await self._carried_out(definition, run, None)
        await self._life.reach(Moment.IN, run, wanted.command)
        self._end(definition, run, ending)
        return ending

    async def as_step(
        self, asker: RehearsedScope, step: StepMemory, x: Any, wanted: Wanted, *, force: bool
    ) -> Ending:
        """Carry a resource out as a step, or join the equal run that goes on.

        What is no failure is remembered in the asker's run. Raises `WaitsForItself`.
        """
        life, check = self._life, not force
        while True:
            ahead = life.live.get(wanted.identity)
            if ahead is not None:
                ending = await self._after(asker.run, ahead, wanted)
                if ending is None:
                    continue
                return ending if ending.failure else await asker.remember(step, ending)
            skipped = await self._skipped(x, wanted, asker) if check else None
            if skipped is not None:
                return await asker.remember(step, skipped)
            check = False
            if wanted.identity not in life.live:
                return await self._own(asker, step, x, wanted)

    async def _after(self, asker: LiveRun, ahead: LiveRun, wanted: Wanted) -> Ending | None:
        """Wait until a run has ended; answer its ending where it is the one that is wanted."""
        path = _path(ahead, asker)
        if path:
            circle = " → ".join(run.name for run in [asker, *path])
            raise WaitsForItself(
                f"{asker.name} would wait for itself: {circle}. Take one of these steps out of "
                "the other's way."
            )
        with _waiting_for(asker, ahead), self._life.resting():
            await ahead.ended.wait()
        return ahead.ending if ahead.memory.wanted == wanted else None

    async def _own(
        self, asker: RehearsedScope, step: StepMemory, x: Resource, wanted: Wanted
    ) -> Ending:
        run = self._begun(x, wanted, asker.run)
        failed = partial(asker.failed, step=step.name)
        task = asyncio.create_task(self._carried_out(x, run, failed), name=run.name)
        try:
            with _waiting_for(asker.run, run), self._life.resting():
                ending = await asyncio.shield(task)
        except asyncio.CancelledError:
            task.cancel()
            await asyncio.wait([task])
            self._end(x, run, Ending(None))
            raise
        await self._life.reach(Moment.IN, asker.run, step.name)
        self._end(x, run, ending)
        return ending if ending.failure else await asker.remember(step, ending)

    def _begun(self, x: Definition, wanted: Wanted, parent: LiveRun | None) -> LiveRun:
        deadline = x.deadline if isinstance(x, Steps) else None
        until = self._life.clock.now() + deadline if deadline is not None else None
        run = LiveRun(self._journal.run_of(wanted, until), parent)
        run.whole = _whole(x, run.memory, parent.whole if parent else None)
        self._life.live[run.identity] = run
        record = self._journal.records.get(wanted.identity)
        if record is not None and wanted.command in CHANGING:
            record.settled = False
        return run

    async def _carried_out(self, x: Definition, run: LiveRun, failed: Failed | None) -> Ending:
        """Answer what became of a run; `failed` is how its asker tells of a failure."""
        scope = RehearsedScope(run, self._life, self)
        failed = failed or partial(scope.failed, step=run.memory.wanted.command)
        here = asyncio.current_task()
        late = None
        if run.memory.deadline_at is not None and here is not None:
            late = asyncio.create_task(self._end_in_time(run, here))
        try:
            return await self._performed(x, run, scope, failed)
        except asyncio.CancelledError:
            if not run.out_of_time or self._life.over:
                raise
            return failed(_too_late(run))
        finally:
            if late is not None:
                late.cancel()

    async def _end_in_time(self, run: LiveRun, task: "asyncio.Task[Any]") -> None:
        if run.memory.deadline_at is not None:
            await self._life.clock.sleep_until(run.memory.deadline_at)
            run.out_of_time = True
            task.cancel()

    async def _performed(
        self, x: Definition, run: LiveRun, scope: RehearsedScope, failed: Failed
    ) -> Ending:
        wanted, secrets = run.memory.wanted, self._life.secrets
        record = self._journal.records.get(wanted.identity)
        body, results = _body(x, wanted, scope, record)
        try:
            text = results().to_json(await scope.settled(body))
            if isinstance(x, Resource) and wanted.command not in CHANGING:
                text = secrets.masks.mask(text)
            secrets.masks.demand_none_in(text, f"The result of {run.identity}")
        except (Exception, asyncio.CancelledError, SystemExit) as error:
            if is_being_cancelled():
                raise
            return failed(run.flaw or error)
        return failed(run.flaw) if run.flaw else Ending(Outcome.SUCCEEDED, text)

    async def _skipped(
        self, x: Definition, wanted: Wanted, asker: RehearsedScope | None
    ) -> Ending | None:
        """Answer the recorded output where what is wanted holds already, and can be read."""
        record = self._journal.records.get(wanted.identity)
        begun = wanted in self._journal.live
        if not isinstance(x, Resource) or record is None or begun or not holds(record, wanted):
            return None
        try:
            command_result_type(x, wanted.command).from_json(record.output or NOTHING)
        except ResultNotStorable:
            return None
        intact = await is_intact(x, asker.log if asker is not None else None)
        return Ending(Outcome.SKIPPED, record.output) if intact else None

    def _end(self, x: Definition, run: LiveRun, ending: Ending) -> None:
        """Write down that a run has ended, unless the process is dead."""
        if self._life.over:
            return
        wanted = run.memory.wanted
        if isinstance(x, Resource) and ending.outcome is Outcome.SUCCEEDED:
            self._record(x, wanted, ending.result)
        self._journal.live.pop(wanted)
        self._life.live.pop(run.identity)
        run.ending = ending if ending.outcome is not None else None
        run.ended.set()

    def _record(self, x: Resource, wanted: Wanted, result: str | None) -> None:
        records, before = self._journal.records, self._journal.records.get(wanted.identity)
        if wanted.command in BRINGING_ABOUT:
            now = self._life.clock.now()
            new = Record(x.version, wanted.fingerprint, wanted.arguments, result, now)
            if wanted.command == "install" and x.defines("update"):
                # Half of what is desired: an update is still to come.
                kept = before or Record(None, None, None, None, now)
                new = Record(
                    x.version, kept.fingerprint, kept.arguments, kept.output, now, settled=False
                )
            records[wanted.identity] = new
        elif wanted.command == "uninstall":
            self._journal.forget(wanted.identity)
        elif wanted.command == "cycle" and before and json.loads(result or NOTHING):
            before.settled, before.installed_version = False, None


def _body(
    x: Definition, wanted: Wanted, scope: RehearsedScope, record: Record | None
) -> tuple[Callable[[], Awaitable[Any]], Callable[[], ResultType]]:
    """Answer what is to be carried out, and how its result is stored."""
    if isinstance(x, Resource):
        bound = x.bound_to(scope)
        return (
            partial(carry_out_hooks, bound, wanted.command, wanted.fingerprint, record),
            lambda: command_result_type(x, wanted.command),
        )
    if isinstance(x, Workflow):
        return x.bound_to(scope).define, lambda: result_type(x)
    return partial(scope.do, "run", x, None, {}), lambda: result_type(x)


def _whole(x: Definition, run: RunMemory, above: Whole | None) -> Whole | None:
    """Answer what a run is part of; what is handed to the queue is a whole of its own."""
    if not isinstance(x, Resource):
        return above
    if above is None or x.queued:
        above = Whole(run.succeeded_at)
    return above.carried_on(run.wanted.command)


def _too_late(run: LiveRun) -> TimedOut:
    return TimedOut(
        f"{run.name} was not done by its deadline, {run.memory.deadline_at:%Y-%m-%d %H:%M:%S} "
        f"UTC, and was ended. Finished steps are kept: `orbits retry {run.memory.run_id}`."
    )


@contextmanager
def _waiting_for(waiter: LiveRun, other: LiveRun) -> Iterator[None]:
    waiter.waits_for.append(other)
    try:
        yield
    finally:
        waiter.waits_for.remove(other)


def _path(start: LiveRun, goal: LiveRun) -> list[LiveRun]:
    """Answer a chain of waits from `start` to `goal`, both included; empty where none is."""
    if start is goal:
        return [goal]
    for other in start.waits_for:
        rest = _path(other, goal)
        if rest:
            return [start, *rest]
    return []
