"""How a run is carried out: shared, alone on its identity, skipped where it is up to date.

The same command of the same identity with the same arguments is one run for all who ask for
it while it goes on, wherever they are. Another one waits its turn in the store.
"""

import asyncio
from datetime import datetime
from functools import partial

from bot.engine.definitions.kinds import Wanted
from bot.engine.definitions.outcomes import Outcome
from bot.engine.happenings import RunBegan, RunEnded
from bot.engine.journal.rows import (
    Done,
    End,
    Joins,
    Record,
    StepRow,
    Taken,
)
from bot.engine.journal.waits import NOBODY
from bot.engine.live_run import Activity, Gate, LiveRun, NoPlace, Place
from bot.engine.steps.hooks import new_record
from bot.engine.steps.looks import has_drifted, without_secrets
from bot.engine.steps.orders import Asked, Order, body_of
from bot.engine.steps.scope import RunScope
from bot.engine.steps.turns import Turns
from bot.engine.surroundings import Surroundings
from bot.states import State
from resources.errors import Cancelled, TimedOut
from resources.model.failure import Failure, step_failed
from resources.model.resource import Resource
from resources.model.values import (
    BRINGING_ABOUT,
    CHANGING,
)
from resources.model.whole import Whole


class Commands:
    """The runs that go on in this process."""

    def __init__(self, around: Surroundings, gate: Gate) -> None:
        self._around = around
        self._gate = gate
        self.turns = Turns(around)
        self.live: dict[str, LiveRun] = {}

    # A resource as a step

    async def as_step(  # noqa: PLR0913 (what a step asks for)
        self,
        parent: RunScope,
        row: StepRow,
        resource: Resource,
        wanted: Wanted,
        *,
        force: bool,
        last_try: bool,
    ) -> Outcome:
        """Carry the command out as a step of `parent`, or join the equal one that goes on.

        What became of it is remembered, but for a failure that is not the last try's.
        """
        order = Order(resource, wanted, Asked(parent, row.name))
        while True:
            answer = await self.turns.claimed(order, force=force, last_try=last_try)
            if isinstance(answer, Done):
                parent.tell_step(row.name, answer.row.state)
                return Outcome.stored(answer.row.state, answer.row.result, answer.row.failure)
            if isinstance(answer, Outcome):
                outcome = answer
            elif isinstance(answer, Taken):
                outcome = await self._own(order, answer, parent.run)
            else:
                outcome = await self.turns.elsewhere(order, answer.run_id)
            # Who joins a run that was not what is wanted after all asks anew.
            ended = outcome.state is State.CANCELLED and outcome.failure is None
            skipped = outcome.state is State.SKIPPED and isinstance(answer, Joins)
            if not (ended or (force and skipped)):
                break
        if not isinstance(answer, Outcome) and answer.of_asker:
            parent.tell_step(row.name, outcome.state)
        elif last_try or outcome.state is not State.FAILED:
            await parent.remember(row, outcome)
        return outcome

    async def _own(self, order: Order, taken: Taken, parent: LiveRun) -> Outcome:
        """Carry out a nested run in a task of its own: others may come to wait for it."""
        run = self._live_run(order, taken, parent)
        if not taken.of_asker:
            parent.waited = True
        run.task = asyncio.create_task(
            self._carried_out(order, run, taken.record), name=f"{run.identity} {run.run_id}"
        )
        run.task.add_done_callback(_heard)
        try:
            with parent.leaving_it_to_another():
                return await asyncio.shield(run.task)
        except asyncio.CancelledError:
            if not self.turns.gives_up(parent):
                run.interrupted = True
                run.task.cancel()
                await asyncio.wait([run.task])
            elif not run.task.done() and await self.turns.leave(order, run.run_id):
                self.cancel(run.run_id, NOBODY)
                await asyncio.wait([run.task])
            raise

    # Roots

    async def as_root(self, order: Order, taken: Taken, place: Place) -> Outcome:
        """Carry out a run of its own."""
        run = self._live_run(order, taken, None)
        run.place, run.waited = place, not taken.begun.alone
        run.task = asyncio.current_task()
        return await self._carried_out(order, run, taken.record)

    async def skip_root(self, order: Order, taken: Taken, outcome: Outcome) -> None:
        """End a run of its own that was up to date."""
        run = self._live_run(order, taken, None)
        run.waited = not taken.begun.alone
        try:
            await self._end(order, run, taken.record, outcome)
        except BaseException:
            self._is_over(run)
            self.turns.let_go(run.run_id)
            raise

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
            root=parent.root if parent else Activity(),
            last_good=taken.record.last_good if taken.record else None,
            whole=_whole(order, taken.record, parent.whole if parent else None),
        )
        self.live[run.run_id] = run
        return run

    def _is_over(self, run: LiveRun) -> None:
        self.live.pop(run.run_id, None)
        # It may have been paused: what it began and others wait for goes on without it.
        run.gate.resume()

    async def _carried_out(self, order: Order, run: LiveRun, record: Record | None) -> Outcome:
        """Answer what became of a run, when its end is durable."""
        resumed = bool(run.begun.memory)
        self._around.tell(RunBegan(run.run_id, run.identity, order.wanted.command, resumed))
        try:
            outcome = await self._outcome(order, run, record)
            ending = asyncio.ensure_future(self._end(order, run, record, outcome))
            try:
                await asyncio.shield(ending)
            except asyncio.CancelledError:
                # It is over: whoever wanted to end it gets its outcome.
                await asyncio.wait([ending])
                ending.result()
        except BaseException:
            self._is_over(run)
            self.turns.let_go(run.run_id)
            raise
        return outcome

    async def _outcome(self, order: Order, run: LiveRun, record: Record | None) -> Outcome:
        """Answer what became of a run, or how it was cut short."""
        if run.begun.deadline_at is not None and run.begun.deadline_at <= _now(self):
            run.out_of_time = True
            return self._cut_short(order, run)
        deadline = self._deadline(run)
        try:
            return await self._perform(order, run, record)
        except asyncio.CancelledError:
            if run.cancelled_by is None and not run.out_of_time:
                raise
            return self._cut_short(order, run)
        finally:
            if deadline is not None:
                deadline.cancel()

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
        body, results = body_of(order, scope, record)
        if isinstance(order.definition, Resource) and order.wanted.command not in CHANGING:
            body = partial(without_secrets, self._around.masks, body)
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
            drifted=outcome.state is State.SUCCEEDED and has_drifted(wanted.command, outcome),
            has_parent=isinstance(order.definition, Resource) and not run.begun.alone,
            leaves=run.waited,
        )
        if run.printing:
            await self._around.logs.settle(run.run_id)
        await self._around.journal.end(end)
        self._is_over(run)
        self._around.watch.tell([run.run_id])
        self._around.tell(RunEnded(run.run_id, run.identity, wanted.command, outcome))


def _now(commands: Commands) -> datetime:
    return commands._around.clock.now()  # noqa: SLF001 (of this file)


def _whole(order: Order, record: Record | None, above: Whole | None) -> Whole | None:
    """Answer what a run is part of; what is handed to the queue is a whole of its own."""
    resource = order.definition
    if not isinstance(resource, Resource):
        return above
    if above is None or resource.queued:
        above = Whole(record.succeeded_at if record else None)
    return above.carried_on(order.wanted.command)


def _heard(task: "asyncio.Task[Outcome]") -> None:
    """Take note of a failure that nobody waits for any more; it was dealt with where it rose."""
    if not task.cancelled():
        task.exception()
