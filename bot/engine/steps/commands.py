"""How a run is carried out: shared, alone on its identity, skipped where it is up to date.

The same command of the same identity with the same arguments is one run for all who ask for
it while it goes on, wherever they are. Another one waits its turn in the store.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

from bot.engine.definitions.kinds import Wanted
from bot.engine.definitions.outcomes import Outcome
from bot.engine.happenings import RunBegan, RunEnded
from bot.engine.identifiers import new_id
from bot.engine.interruptions import RunInterrupted
from bot.engine.journal.rows import (
    Behind,
    Claim,
    Claimed,
    Done,
    End,
    Joins,
    Record,
    StepRow,
    Taken,
    UpToDate,
)
from bot.engine.journal.waits import NOBODY, Fate
from bot.engine.live_run import Activity, Gate, LiveRun, NoPlace, Place
from bot.engine.patience import Limit
from bot.engine.steps.hooks import new_record
from bot.engine.steps.intact import is_intact
from bot.engine.steps.looks import has_drifted, without_secrets
from bot.engine.steps.scope import RunScope
from bot.engine.surroundings import Surroundings
from bot.states import State
from resources.errors import Cancelled, TimedOut
from resources.model.definition import Definition, Steps
from resources.model.failure import Failure, step_failed
from resources.model.hooks import carry_out_hooks
from resources.model.resource import Resource
from resources.model.time_limit import in_time_for
from resources.model.values import (
    BRINGING_ABOUT,
    NOTHING,
    ResultNotStorable,
    ResultType,
    command_result_type,
    result_type,
)
from resources.model.whole import Whole
from resources.model.workflow import Workflow

FIRST_LOOK_SECONDS = 1.0
LAST_LOOK_SECONDS = 15.0
"""Who waits in line looks again ever more seldom: who is ahead may have lost its turn."""

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
        self.in_line: set[str] = set()
        """The runs that somebody here waits with in line."""
        self.closing = False
        """Whether the process ends: what is cancelled then goes on elsewhere."""

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
            claim = self._claim(order, force=force, last_try=last_try)
            answer = await self._claimed(order, claim)
            if isinstance(answer, Done):
                parent.tell_step(row.name, answer.row.state)
                return Outcome.stored(answer.row.state, answer.row.result, answer.row.failure)
            if isinstance(answer, Outcome):
                outcome = answer
            elif isinstance(answer, Taken):
                outcome = await self._own(order, answer, parent.run)
            else:
                outcome = await self._elsewhere(order, answer.run_id)
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

    async def _claimed(self, order: Order, claim: Claim) -> Outcome | Taken | Joins | Done:
        """Answer the recorded output, the run to be carried out, or the one to be joined."""
        began = self._around.clock.now()
        again_after = FIRST_LOOK_SECONDS
        while True:
            claimed = await self._answer_to(order, claim)
            match claimed:
                case UpToDate(record):
                    skipped = await skipped_as(order, record)
                    if skipped is not None:
                        return skipped
                    claim = replace(claim, check=False)
                case Behind(run_id, ahead):
                    limit = Limit(began + self._around.patience, claim.deadline_at)
                    await self._in_line(order, Behind(run_id, ahead), limit, again_after)
                    again_after = min(2 * again_after, LAST_LOOK_SECONDS)
                    # Where nothing else goes on in the root, what it was cut off in and has not
                    # asked for again will not be asked for.
                    nobody_else = order.asked is not None and order.asked.by.run.root.acting <= 1
                    claim = replace(
                        claim, run_id=run_id, check=False, gives_up=nobody_else, again=True
                    )
                case Taken() | Joins() | Done():
                    if claim.lanes is not None:
                        self._around.wake()
                    return claimed

    async def _answer_to(self, order: Order, claim: Claim) -> Claimed:
        """Answer what the journal decides; when nobody waits for that any more, it is undone."""
        claiming = asyncio.ensure_future(self._around.journal.claim(claim))
        try:
            return await asyncio.shield(claiming)
        except asyncio.CancelledError:
            if not self.closing:
                undoing = asyncio.ensure_future(self._undo(order, claiming))
                await asyncio.shield(undoing)
            raise

    async def _undo(self, order: Order, claiming: "asyncio.Future[Claimed]") -> None:
        with suppress(Exception, RunInterrupted):
            claimed = await claiming
            match claimed:
                case Taken(begun=begun):
                    if not await self._leave(order, begun.grip.run_id):
                        self._let_go(begun.grip.run_id)
                        return
                    end = End(
                        begun.grip, order.wanted.identity, Outcome(State.CANCELLED), _now(self)
                    )
                    await self._around.journal.end(end)
                case Joins(run_id=run_id) | Behind(run_id=run_id):
                    await self._leave(order, run_id)

    def _claim(self, order: Order, *, force: bool, last_try: bool) -> Claim:
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
            check=not force,
            changes=order.wanted.command in CHANGING,
            lanes=lanes,
            rank=run.begun.rank if run else 0,
            deadline_at=deadline_of(order.definition, now),
            force=force,
            last_try=last_try,
        )

    async def _in_line(
        self, order: Order, behind: Behind, limit: Limit, again_after: float
    ) -> None:
        """Wait until the run ahead has gone, or for so many seconds.

        Raises `IdentityBusy` when patience is at its end, and `TimedOut` at the deadline.
        """
        if order.asked is None:
            return
        run, around = order.asked.by.run, self._around
        run_id, ahead = behind.run_id, behind.ahead
        run.waited = True
        self.in_line.add(run_id)
        try:
            async with run.waiting():
                waiting = around.watch.end_within([ahead, run_id], again_after)
                await in_time_for(waiting, around.clock, limit.until)
        except BaseException as error:
            if self._gives_up(run):
                await self._leave(order, run_id)
            if isinstance(error, TimeoutError):
                holder = await around.journal.run(ahead)
                raise limit.reached(order.wanted, around.patience, holder) from None
            raise
        finally:
            self.in_line.discard(run_id)

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
            if not self._gives_up(parent):
                run.interrupted = True
                run.task.cancel()
                await asyncio.wait([run.task])
            elif not run.task.done() and await self._leave(order, run.run_id):
                self.cancel(run.run_id, NOBODY)
                await asyncio.wait([run.task])
            raise

    async def _elsewhere(self, order: Order, run_id: str) -> Outcome:
        """Answer the outcome of a run that somebody else carries out, or is to carry out.

        `CANCELLED` where nobody does any more: then it is to be asked for anew.
        """
        if order.asked is None:
            return Outcome(State.CANCELLED)
        waiter = order.asked.by.run
        waiter.waited = True
        try:
            async with waiter.waiting():
                return await self._end_of(run_id)
        except asyncio.CancelledError:
            if self._gives_up(waiter):
                await self._leave(order, run_id)
            raise

    async def _end_of(self, run_id: str) -> Outcome:
        waited = False
        while True:
            row = await self._around.journal.run(run_id)
            if row is None:
                return Outcome(State.CANCELLED)
            if row.state.terminal:
                # Who was skipped by hand counts as done, whatever is asked for.
                by_hand = row.state is State.SKIPPED and row.cancelled_by is not None
                state = State.SUCCEEDED if by_hand else row.state
                return Outcome.stored(state, row.result, row.failure)
            nested = row.id != row.root_id
            if waited and nested:
                # Whoever worked on it is gone: who waits for it may take it up.
                return Outcome(State.CANCELLED)
            watch = self._around.watch
            await (watch.end_or_loss(run_id) if nested else watch.end(run_id))
            waited = True

    def _gives_up(self, run: LiveRun) -> bool:
        """Answer whether a run that is cancelled just now gives up what it waits for.

        One that is interrupted goes on later, and asks for it again.
        """
        return not (self.closing or run.interrupted)

    async def _leave(self, order: Order, run_id: str) -> bool:
        """Let the step wait no more; answer whether the run is to be ended by who works on it."""
        if order.asked is None:
            return False
        waiter, step, now = order.asked.by.run.run_id, order.asked.step, _now(self)
        leave = partial(self._around.journal.leave, waiter, step, run_id, now)
        try:
            fate = await leave()
        except RunInterrupted:
            self._around.background.repair(f"leaving {run_id}", leave)
            return False
        self._around.watch.tell([run_id])
        if fate is Fate.QUEUED:
            self._around.wake()
        return fate is Fate.ENDED

    def _let_go(self, run_id: str) -> None:
        """Give a run back that goes on later, here or elsewhere."""
        give_back = partial(self._around.journal.give_back, run_id)

        async def give_it_back() -> None:
            await give_back()
            self._around.watch.tell([run_id])
            self._around.wake()

        if not self.closing:
            self._around.background.repair(f"giving back {run_id}", give_it_back)

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
            self.live.pop(run.run_id, None)
            self._let_go(run.run_id)
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
            self.live.pop(run.run_id, None)
            self._let_go(run.run_id)
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
        body, results = _body(order, scope, record)
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
        self.live.pop(run.run_id, None)
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


def deadline_of(definition: Definition, now: Any) -> Any:
    """Answer when a run of `definition` that is asked for now must be done, if ever."""
    deadline = definition.deadline if isinstance(definition, Steps) else None
    return now + deadline if deadline is not None else None


def _body(
    order: Order, scope: RunScope, record: Record | None
) -> tuple[Any, Callable[[], ResultType]]:
    """Answer what is to be carried out, and how its result is stored."""
    definition, wanted = order.definition, order.wanted
    if isinstance(definition, Resource):
        bound = definition.bound_to(scope)
        return (
            partial(carry_out_hooks, bound, wanted.command, wanted.fingerprint, record),
            lambda: command_result_type(definition, wanted.command),
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
    except ResultNotStorable:
        return None  # the code of today answers something else: it is brought about anew
    return Outcome(State.SKIPPED, record.output) if await is_intact(resource) else None
