"""How a run is carried out: shared, alone on its identity, skipped where it is up to date.

The same command of the same identity with the same arguments is one run for all who ask for
it while it goes on, wherever they are. Another one waits its turn in the store.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple

import structlog

from bot.engine.happenings import RunBegan, RunEnded
from bot.engine.hooks import carry_out_hooks, new_record
from bot.engine.identifiers import new_id
from bot.engine.interruptions import RunInterrupted
from bot.engine.kinds import Wanted
from bot.engine.live_run import Gate, LiveRun, NoPlace, Place
from bot.engine.outcomes import Failure, Outcome, step_failed
from bot.engine.patience import in_time_for, out_of_patience
from bot.engine.rows import Behind, Claim, End, Joins, Record, StepRow, Taken, UpToDate
from bot.engine.scope import RunScope
from bot.engine.surroundings import Surroundings
from bot.engine.values import (
    BRINGING_ABOUT,
    NOTHING,
    ResultNotStorable,
    ResultType,
    command_result_type,
    result_type,
)
from bot.states import State
from resources.errors import Cancelled, TimedOut
from resources.model.definition import Definition, Steps
from resources.model.resource import Resource
from resources.model.workflow import Workflow

log = structlog.get_logger(__name__)

CHANGING = BRINGING_ABOUT | {"uninstall"}


class Asked(NamedTuple):
    """The step that asks for a run."""

    by: RunScope
    step: str


@dataclass(frozen=True)
class Order:
    """A command of a definition that is to be carried out; `asked` is `None` for a root."""

    definition: Definition
    wanted: Wanted
    asked: Asked | None = None


class Commands:
    """The runs that go on in this process."""

    def __init__(self, around: Surroundings, gate: Gate) -> None:
        self._around = around
        self._gate = gate
        self.live: dict[str, LiveRun] = {}
        self.closing = False
        """Whether the process ends: what is cancelled then goes on elsewhere."""

    # A resource as a step

    async def as_step(
        self, parent: RunScope, row: StepRow, resource: Resource, wanted: Wanted, *, force: bool
    ) -> Outcome:
        """Carry the command out as a step of `parent`, or join the equal one that goes on."""
        order = Order(resource, wanted, Asked(parent, row.name))
        # Who joins a run that was not what is wanted after all asks anew.
        unwanted = {State.CANCELLED, State.SKIPPED} if force else {State.CANCELLED}
        while True:
            answer = await self._claimed(order, force=force)
            if isinstance(answer, Outcome):
                await parent.remember(row, answer)
                return answer
            if isinstance(answer, Taken):
                outcome = await self._own(order, answer, parent.run)
            else:
                outcome = await self._elsewhere(parent.run, answer.run_id)
            if (
                outcome.failure is None
                and outcome.state in unwanted
                and not isinstance(answer, Taken)
            ):
                continue
            if answer.of_asker:
                parent.tell_step(row.name, outcome.state)
            else:
                await parent.remember(row, outcome)
            return outcome

    async def _claimed(self, order: Order, *, force: bool) -> Outcome | Taken | Joins:
        """Answer the recorded output, the run to be carried out, or the one to be joined."""
        claim = self._claim(order, check=not force)
        began = self._around.clock.now()
        while True:
            claimed = await self._around.journal.claim(claim)
            match claimed:
                case UpToDate(record):
                    skipped = await skipped_as(order, record)
                    if skipped is not None:
                        return skipped
                    claim = replace(claim, check=False)
                case Behind(run_id, ahead):
                    claim = replace(claim, run_id=run_id, check=False)
                    await self._in_line(order, run_id, ahead, began)
                case Taken() | Joins():
                    return claimed

    def _claim(self, order: Order, *, check: bool) -> Claim:
        now = self._around.clock.now()
        resource, asked = order.definition, order.asked
        run = asked.by.run if asked else None
        lanes = None
        if isinstance(resource, Resource) and resource.queued:
            lanes = self._around.limits.places(resource.lanes())
        return Claim(
            wanted=order.wanted,
            run_id=new_id(now),
            at=now,
            parent=run.begun if run else None,
            parent_step=asked.step if asked else None,
            check=check,
            changes=order.wanted.command in CHANGING,
            lanes=lanes,
            rank=run.rank if run else 0,
            deadline_at=deadline_of(order.definition, now),
        )

    async def _in_line(self, order: Order, run_id: str, ahead: str, began: Any) -> None:
        """Wait until the run ahead has gone; raises `IdentityBusy` when patience is at its end."""
        if order.asked is None:
            return
        run = order.asked.by.run
        run.waited = True
        around = self._around
        until = began + around.patience
        try:
            async with run.waiting():
                await in_time_for(around.watch.change(ahead), around.clock, until)
        except BaseException as error:
            if not self.closing:
                await self._leave(run, run_id)
            if isinstance(error, TimeoutError):
                holder = await around.journal.run(ahead)
                raise out_of_patience(order.wanted, around.patience, holder) from None
            raise

    async def _own(self, order: Order, taken: Taken, parent: LiveRun) -> Outcome:
        """Carry out a nested run in a task of its own: others may come to wait for it."""
        run = self._live_run(order, taken, parent)
        run.task = asyncio.create_task(
            self._carried_out(order, run, taken.record), name=f"{run.identity} {run.run_id}"
        )
        try:
            with parent.leaving_it_to_another():
                return await asyncio.shield(run.task)
        except asyncio.CancelledError:
            if self.closing:
                run.task.cancel()
                await asyncio.wait([run.task])
            elif not run.task.done() and await self._leave(parent, run.run_id):
                self.cancel(run.run_id, "")
                await asyncio.wait([run.task])
            raise

    async def _elsewhere(self, waiter: LiveRun, run_id: str) -> Outcome:
        """Answer the outcome of a run that somebody else carries out, or is to carry out.

        `CANCELLED` where nobody does any more: then it is to be asked for anew.
        """
        waiter.waited = True
        try:
            async with waiter.waiting():
                return await self._end_of(run_id)
        except asyncio.CancelledError:
            if not self.closing:
                await self._leave(waiter, run_id)
            raise

    async def _end_of(self, run_id: str) -> Outcome:
        while True:
            row = await self._around.journal.run(run_id)
            if row is None:
                return Outcome(State.CANCELLED)
            if State(row.state).terminal:
                return Outcome.stored(State(row.state), row.result, row.failure)
            await self._around.watch.change(run_id)
            row = await self._around.journal.run(run_id)
            if row is not None and row.id != row.root_id and not State(row.state).terminal:
                # Whoever worked on it is gone: who waits for it may take it up.
                return Outcome(State.CANCELLED)

    async def _leave(self, waiter: LiveRun, run_id: str) -> bool:
        with suppress(RunInterrupted):
            now = self._around.clock.now()
            return await self._around.journal.leave(waiter.run_id, run_id, now)
        return False

    # Roots

    async def as_root(self, order: Order, taken: Taken, place: Place) -> Outcome:
        """Carry out a run of its own."""
        run = self._live_run(order, taken, None)
        run.place, run.waited = place, True
        run.task = asyncio.current_task()
        return await self._carried_out(order, run, taken.record)

    async def skip_root(self, order: Order, taken: Taken, outcome: Outcome) -> None:
        """End a run of its own that was up to date."""
        run = self._live_run(order, taken, None)
        run.waited = True
        await self._end(order, run, taken.record, outcome)

    # What goes on

    def cancel(self, run_id: str, by: str) -> None:
        """End a run that goes on here, between two of its awaits."""
        run = self.live.get(run_id)
        if run is not None and run.cancelled_by is None and run.task is not None:
            run.cancelled_by = by
            run.task.cancel()

    def _live_run(self, order: Order, taken: Taken, parent: LiveRun | None) -> LiveRun:
        identity = order.wanted.identity or taken.begun.grip.run_id
        above = parent.gates if parent else (self._gate,)
        run = LiveRun(
            begun=taken.begun,
            identity=identity,
            gates=(*above, Gate()),
            place=parent.place if parent else NoPlace(),
            rank=parent.rank if parent else 0,
            last_good=taken.record.last_good if taken.record else None,
        )
        self.live[run.run_id] = run
        return run

    async def _carried_out(self, order: Order, run: LiveRun, record: Record | None) -> Outcome:
        """Answer what became of a run, when its end is durable."""
        resumed = bool(run.begun.memory)
        self._around.tell(RunBegan(run.run_id, run.identity, order.wanted.command, resumed))
        deadline = self._deadline(run)
        try:
            outcome = await self._perform(order, run, record)
        except asyncio.CancelledError:
            if run.cancelled_by is None and not run.out_of_time:
                self.live.pop(run.run_id, None)
                raise
            outcome = self._cut_short(order, run)
        except BaseException:
            self.live.pop(run.run_id, None)
            raise
        finally:
            if deadline is not None:
                deadline.cancel()
        ending = asyncio.ensure_future(self._end(order, run, record, outcome))
        try:
            await asyncio.shield(ending)
        except asyncio.CancelledError:
            # It is over: whoever wanted to end it gets its outcome.
            await asyncio.wait([ending])
            ending.result()
        return outcome

    def _deadline(self, run: LiveRun) -> "asyncio.Task[None] | None":
        if run.begun.deadline_at is None:
            return None
        return asyncio.create_task(self._end_in_time(run), name=f"deadline {run.run_id}")

    async def _end_in_time(self, run: LiveRun) -> None:
        if run.begun.deadline_at is not None:
            await self._around.clock.sleep_until(run.begun.deadline_at)
            run.out_of_time = True
            if run.task is not None:
                run.task.cancel()

    def _cut_short(self, order: Order, run: LiveRun) -> Outcome:
        """Answer the outcome of a run that was ended before it was done."""
        name = f"{run.identity} ({order.wanted.command})"
        if run.out_of_time:
            error: Exception = TimedOut(
                f"{name} was not done by its deadline, {run.begun.deadline_at:%Y-%m-%d %H:%M:%S} "
                f"UTC, and was ended. Finished steps are kept: `orbits retry {run.run_id}`."
            )
            return self._failed(order, run, error, State.FAILED)
        if not run.cancelled_by:
            return Outcome(State.CANCELLED)
        error = Cancelled(
            f"{name} was cancelled by {run.cancelled_by}. Finished steps are kept: "
            f"`orbits retry {run.run_id}`."
        )
        return self._failed(order, run, error, State.CANCELLED)

    def _failed(self, order: Order, run: LiveRun, error: Exception, state: State) -> Outcome:
        step = order.asked.step if order.asked else order.wanted.command
        failed = step_failed(error, step=step, identity=run.identity, run_id=run.run_id)
        return Outcome(state, failure=Failure.of(failed, self._around.masks.mask))

    async def _perform(self, order: Order, run: LiveRun, record: Record | None) -> Outcome:
        scope = RunScope(run, self._around, self)
        body, results = _body(order, scope, record)
        # What fails outside a step of its own is known by the name that its author gave it.
        by, name = scope, order.wanted.command
        if order.asked is not None:
            by, name = order.asked.by, order.asked.step
        return await scope.outcome_of(body, results, lambda error: by.failed(error, name))

    async def _end(
        self, order: Order, run: LiveRun, record: Record | None, outcome: Outcome
    ) -> None:
        at = self._around.clock.now()
        wanted = order.wanted
        new = forget = None
        if outcome.state is State.SUCCEEDED and isinstance(order.definition, Resource):
            if wanted.command in BRINGING_ABOUT:
                new = new_record(order.definition, wanted, record, outcome)
                new |= {"run_id": run.run_id, "updated_at": at}
            elif wanted.command == "uninstall":
                forget = wanted.identity
        end = End(
            grip=run.begun.grip,
            identity=run.identity,
            outcome=outcome,
            at=at,
            record=new,
            forget=forget,
            has_parent=isinstance(order.definition, Resource),
            leaves=run.waited,
        )
        try:
            if run.printing:
                await self._around.logs.settle(run.run_id)
            await self._around.journal.end(end)
        finally:
            self.live.pop(run.run_id, None)
        self._around.watch.tell([run.run_id])
        self._around.tell(RunEnded(run.run_id, run.identity, wanted.command, outcome))


def deadline_of(definition: Definition, now: Any) -> Any:
    """Answer when a run of `definition` that is asked for now must be done, if ever."""
    deadline = definition.deadline if isinstance(definition, Steps) else None
    return now + deadline if deadline is not None else None


def _body(
    order: Order, scope: RunScope, record: Record | None
) -> tuple[Any, Callable[[], ResultType]]:
    """Answer what is to be carried out, and how its result is stored."""
    definition = order.definition
    if isinstance(definition, Resource):
        bound = definition.bound_to(scope)
        return (
            partial(carry_out_hooks, bound, order.wanted, record),
            lambda: command_result_type(definition, order.wanted.command),
        )
    if isinstance(definition, Workflow):
        return definition.bound_to(scope).define, lambda: result_type(definition)
    return partial(scope.do, "run", definition, None, {}), lambda: result_type(definition)


async def skipped_as(order: Order, record: Record) -> Outcome | None:
    """Answer the recorded output where what is wanted holds already, and can be read."""
    resource = order.definition
    if not isinstance(resource, Resource):
        return None
    results = command_result_type(resource, order.wanted.command)
    try:
        results.from_json(record.output or NOTHING)
        intact = await resource.intact()
    except ResultNotStorable:
        return None  # the code of today answers something else: it is brought about anew
    except Exception:
        log.exception("not_known_whether_intact", identity=order.wanted.identity)
        return None
    return Outcome(State.SKIPPED, record.output) if intact else None
