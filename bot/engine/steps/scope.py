"""One run's memory of its steps: what `await self.do(...)` means.

A definition is bound to a `RunScope`, and an action to the `StepScope` of its step. Resources
are handed to `Commands`, as each is a run of its own.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from typing import Any, NamedTuple, Protocol, TypeVar

from bot.engine.definitions.kinds import Wanted, fingerprint, kind_of
from bot.engine.definitions.outcomes import Outcome
from bot.engine.happenings import StepEnded
from bot.engine.interruptions import Drained, RunInterrupted
from bot.engine.journal.grounds import holds
from bot.engine.journal.rows import StepRow
from bot.engine.live_run import LiveRun
from bot.engine.steps.attempts import attempted
from bot.engine.steps.intact import is_intact, looks_whether_intact
from bot.engine.steps.long_actions import carry_out_long
from bot.engine.steps.signals import signalled
from bot.engine.steps.underway import Underway
from bot.engine.surroundings import Surroundings
from bot.states import State
from resources.errors import NotRunning, OrbitsError, ReplayMismatch, StepFailed
from resources.model.action import Action
from resources.model.branches import Branches
from resources.model.failure import Failure, step_failed
from resources.model.resource import Resource
from resources.model.retry import ONCE, Retry
from resources.model.scope import StepOptions
from resources.model.sorts import Sort, sort_of
from resources.model.step_names import StepNames
from resources.model.step_scope import StepScope
from resources.model.time_limit import TimeLimit
from resources.model.values import (
    ResultType,
    command_result_type,
    result_type,
    type_named,
)
from resources.model.whole import Whole
from resources.secrets import Secret, Secrets

T = TypeVar("T")

Step = Callable[[StepRow, StepRow | None], Awaitable[Outcome]]
"""Carries a step out and answers what became of it; it gets what is remembered of it, if anything.

What it answers is durable.
"""


Check = Callable[[StepRow], Awaitable[bool]]


class DoesResources(Protocol):
    """What carries out a resource as a step: a run of its own, shared with who asks the same."""

    async def as_step(  # noqa: PLR0913 (what a step asks for)
        self,
        parent: "RunScope",
        row: StepRow,
        resource: Resource,
        wanted: Wanted,
        *,
        force: bool,
        last_try: bool,
    ) -> Outcome:
        """Answer what became of it, after the parent's step was remembered.

        A failure is not remembered unless it is that of the last try.
        """


class _Asked(NamedTuple):
    """A step as its body asks for it; `given_name` is what its author called it."""

    name: str
    kind: str
    results: ResultType
    fingerprint: str = ""
    given_name: str | None = None


class RunScope:
    """The scope of a hook or of a workflow's body."""

    def __init__(
        self, run: LiveRun, around: Surroundings, resources: DoesResources, prefix: str = ""
    ) -> None:
        self.run = run
        self.around = around
        self._resources = resources
        self._prefix = prefix
        self._names = StepNames(prefix, run.identity)
        self._branches = Branches(run)

    @property
    def run_id(self) -> str:
        """The id of the run."""
        return self.run.begun.grip.run_id

    def given(self, kind: type[T]) -> T:
        """Answer an object of the process."""
        return self.around.given.get(kind)

    def log(self, text: str) -> None:
        """Keep what the body itself prints."""
        self.print(self._prefix.rstrip("/"), text)

    def print(self, step: str, text: str) -> None:
        """Keep what a step prints."""
        self.run.printing.add(step)
        self.around.logs.take(self.run_id, step, text)

    def last_good(self) -> dict[str, Any] | None:
        """Answer the arguments last brought about with success."""
        return self.run.last_good

    def whole(self) -> Whole | None:
        """Answer what the run is part of."""
        return self.run.whole

    async def reveal(self, secret: Secret) -> str:
        """Answer a secret's value, and mask it from now on."""
        value = await self.given(Secrets).reveal(secret)
        self.around.masks.add(value)
        return value

    async def recorded(self, resource: Any) -> Any:
        """Answer the recorded output of a resource, or `None`."""
        record = await self.around.journal.recorded(resource.identity())
        if record is None or record.output is None:
            return None
        return result_type(resource).from_json(record.output)

    # Steps

    async def do(self, name: str, x: Any, command: str | None, options: StepOptions) -> Any:
        """Carry out a step once per run; see `Steps.do`."""
        if sort_of(x) is Sort.RESOURCE:
            return await self._do_resource(name, x, command or x.digest(), options)
        kind, print_of_x = _described(x)
        retry, timeout = _pace(x, options)
        results = result_type(x)
        once = partial(self._once_more, x, results, timeout)

        async def step(row: StepRow, known: StepRow | None) -> Outcome:
            outcome = await attempted(self, row, known, retry, once)
            await self.remember(row, outcome)
            return outcome

        return await self._step(_Asked(name, kind, results, print_of_x), step)

    async def _do_resource(self, name: str, x: Resource, command: str, options: StepOptions) -> Any:
        wanted = Wanted.of(x, command, x.identity())
        retry, timeout = options.get("retry", ONCE), options.get("timeout")
        force = options.get("force", False)

        async def attempt(now: StepRow, _: StepRow | None) -> Outcome:
            last = Underway.of(now).attempts + 1 >= retry.attempts
            try:
                self._without_secrets(wanted.arguments, now, "arguments")
                async with TimeLimit(timeout, now.name):
                    return await self._resources.as_step(
                        self, now, x, wanted, force=force, last_try=last
                    )
            except OrbitsError as error:
                outcome = self._outcome_of(error, now)
                if last:
                    await self.remember(now, outcome)
                return outcome

        async def step(row: StepRow, known: StepRow | None) -> Outcome:
            outcome = await attempted(self, row, known, retry, attempt)
            if outcome.state is State.FAILED and retry.attempts > 1:
                # It may have failed in a way that is not tried again, before the last try.
                await self.remember(row, outcome)
            return outcome

        kind, results = f"{wanted.kind}.{command}", command_result_type(x, command)
        asked = _Asked(f"{name}[{wanted.identity}]", kind, results, wanted.fingerprint, name)
        return await self._step(asked, step, partial(self._still_there, x, wanted))

    async def _still_there(self, x: Resource, wanted: Wanted, known: StepRow) -> bool:
        """Answer whether the world still has what a step is remembered to have brought about.

        It may have been on a machine that another one takes the run over from, or be cleared away.
        """
        if known.state is State.FAILED or not looks_whether_intact(x):
            return True
        record = await self.around.journal.recorded(wanted.identity)
        return not holds(record, wanted.command, wanted.fingerprint) or await is_intact(x)

    async def once(self, name: str, x: Any, options: StepOptions) -> Any:
        """Carry out a step once per identity; see `Steps.once`."""
        if self.run.identity == self.run_id:
            raise NotRunning(
                f"`{name}` is to be done once for an identity, and this run has none. Give the "
                "workflow an `identity()`, or use `do`. Nothing was started."
            )
        kind, print_of_x = _described(x)
        retry, timeout = _pace(x, options)
        results = result_type(x)
        once = partial(self._once_more, x, results, timeout)

        async def step(row: StepRow, known: StepRow | None) -> Outcome:
            before = await self.around.journal.done_once(self.run.identity, row.name)
            if before is not None and before.kind == row.kind:
                outcome = Outcome(State.SUCCEEDED, before.result)
                await self.remember(row, outcome)
                return outcome
            outcome = await attempted(self, row, known, retry, once)
            await self.remember(row, outcome, for_all_runs=outcome.state is State.SUCCEEDED)
            return outcome

        return await self._step(_Asked(name, kind, results, print_of_x), step)

    async def sleep(self, name: str, period: timedelta) -> None:
        """Wait, durably; see `Steps.sleep`."""

        async def step(row: StepRow, known: StepRow | None) -> Outcome:
            until = Underway.of(known).until or self.around.clock.now() + period
            await self._begin_to_wait(row, known, Underway(until=until))
            async with self.run.waiting():
                await self.around.clock.sleep_until(until)
            await self.remember(row, Outcome(State.SUCCEEDED))
            return Outcome(State.SUCCEEDED)

        await self._step(_Asked(name, "sleep", result_type(_nothing)), step)

    async def wait_for(
        self,
        name: str,
        kind: Any,
        timeout: timedelta | None,  # noqa: ASYNC109 (it is counted across restarts)
    ) -> Any:
        """Wait for a signal, durably; see `Steps.wait_for`."""
        results = ResultType(kind, f"the signal `{name}`")

        async def step(row: StepRow, known: StepRow | None) -> Outcome:
            until = Underway.of(known).until
            if until is None and timeout is not None:
                until = self.around.clock.now() + timeout
            await self._begin_to_wait(row, known, Underway(until=until, expects=type_named(kind)))
            try:
                async with self.run.waiting():
                    payload = await signalled(self, row.name, results, until)
            except OrbitsError as error:
                outcome = self._outcome_of(error, row)
            else:
                outcome = Outcome(State.SUCCEEDED, payload)
            await self.remember(row, outcome)
            return outcome

        return await self._step(_Asked(name, "signal", results), step)

    async def _begin_to_wait(self, row: StepRow, known: StepRow | None, underway: Underway) -> None:
        if known is None:
            waiting = row.underway(State.WAITING, underway.text())
            await self.around.journal.remember(self.run.begun.grip, waiting)

    async def _step(self, asked: "_Asked", step: Step, there: Check | None = None) -> Any:
        """Answer what is remembered of a step, or carry it out.

        What was done is done again where it is not `there` any more.
        """
        if self._branches.ended:
            raise NotRunning(
                f"{self.run.identity} asks for the step `{asked.name}` after its run has ended, so "
                "it could not be remembered. Await what you begin. Nothing was started."
            )
        key = self._names.key(asked.name, asked.given_name)
        known = self._remembered(key, asked.kind, asked.fingerprint)
        if known is not None and known.finished:
            if there is None or await there(known):
                return _outcome(known).answer(asked.results.from_json)
            await self.around.journal.forget(self.run.begun.grip, key)
            known = None
        with self._branches.step():
            await self.run.may_begin_a_step()
            if known is None:
                now = self.around.clock.now()
                outcome = await step(StepRow.begun(key, asked.kind, asked.fingerprint, now), None)
            else:
                outcome = await step(known._replace(state=State.RUNNING, result=None), known)
        return outcome.answer(asked.results.from_json)

    async def _once_more(
        self,
        x: Any,
        results: ResultType,
        within: timedelta | None,
        row: StepRow,
        known: StepRow | None,
    ) -> Outcome:
        """Answer what became of one attempt at what is done here."""
        try:
            if sort_of(x) is Sort.LONG_ACTION:
                bound = x.bound_to(StepScope(self, row.name))
                result = await carry_out_long(self, row, known, bound, within)
            elif within is None:
                result = await self._carry_out(row, x, interrupted=_interrupted(known))
            else:
                async with TimeLimit(within, row.name):
                    result = await self._carry_out(row, x, interrupted=_interrupted(known))
            text = self._without_secrets(results.to_json(result), row, "result")
        except (Exception, asyncio.CancelledError, SystemExit) as error:
            if _is_being_cancelled():
                raise
            return self._outcome_of(error, row)
        return Outcome(State.SUCCEEDED, text)

    def _outcome_of(self, error: BaseException, row: StepRow) -> Outcome:
        return self._failure(self.failed(error, row.name))

    def _without_secrets(self, text: str, row: StepRow, what: str) -> str:
        return self.around.masks.demand_none_in(text, f"The {what} of `{row.name}`")

    async def _carry_out(self, row: StepRow, x: Any, *, interrupted: bool) -> Any:
        sort = sort_of(x)
        if sort is Sort.ACTION:
            return await self._act(row, x, interrupted=interrupted)
        if sort is Sort.WORKFLOW:
            inner = RunScope(self.run, self.around, self._resources, f"{row.name}/")
            with self.run.leaving_it_to_another():
                return await inner.settled(x.bound_to(inner).define)
        if not callable(x):
            raise NotRunning(
                f"`{row.name}` is a {type(x).__name__}: a step is an action, a workflow, a "
                "resource or a coroutine function (not a coroutine that was called already)."
            )
        step: Callable[[], Awaitable[Any]] = x
        return await step()

    async def _act(self, row: StepRow, action: Action, *, interrupted: bool) -> Any:
        bound = action.bound_to(StepScope(self, row.name))
        if action.repeatable:
            return await bound.run()
        if interrupted:
            return await bound.interrupted()
        await self.around.journal.remember(self.run.begun.grip, row)
        return await bound.run()

    # Memory

    def _remembered(self, key: str, kind: str, print_of_x: str) -> StepRow | None:
        row = self.run.begun.memory.get(key)
        if row is None or (row.kind == kind and row.fingerprint == print_of_x):
            return row
        changed = "another kind of step" if row.kind != kind else "other arguments"
        self.run.flaw = ReplayMismatch(
            f"{self.run.identity} remembers the step `{key}` as {row.kind}, and its code of today "
            f"asks for {changed} ({kind}) under that name. Its memory cannot be used: deploy the "
            "release that began it, or do it again from there with "
            f"`orbits retry {self.run_id} --from '{key}'`."
        )
        raise self.run.flaw

    async def settled(self, body: Callable[[], Awaitable[T]]) -> T:
        """Answer what `body` answers, when the steps that it left going have ended as well.

        Raises `ReplayMismatch` where a step was done before a restart, and not asked for since.
        """
        result = await self._branches.settled(partial(self._unless_cut_off, body))
        self._demand_all_asked_for()
        return result

    async def _unless_cut_off(self, body: Callable[[], Awaitable[T]]) -> T:
        """Answer what `body` answers; where the run is cut off in it, end its other branches."""
        try:
            return await body()
        except Drained:
            raise
        except RunInterrupted:
            self.run.interrupted = True
            await self._branches.end()
            raise

    def _demand_all_asked_for(self) -> None:
        memory = self.run.begun.memory
        forgotten = self._names.forgotten(key for key, row in memory.items() if row.finished)
        if forgotten:
            self.run.flaw = ReplayMismatch(
                f"{self.run.identity} remembers that the step `{forgotten[0]}` was done, and its "
                "code of today does not ask for it. Its memory cannot be used: deploy the release "
                "that began it, or do it again from there with "
                f"`orbits retry {self.run_id} --from '{forgotten[0]}'`."
            )
            raise self.run.flaw

    async def outcome_of(
        self,
        body: Callable[[], Awaitable[Any]],
        results: Callable[[], ResultType],
        failed: Callable[[BaseException], StepFailed],
    ) -> Outcome:
        """Answer what became of the body of a run, with all its steps."""
        try:
            text = results().to_json(await self.settled(body))
            self.around.masks.demand_none_in(text, f"The result of {self.run.identity}")
        except (Exception, asyncio.CancelledError, SystemExit) as error:
            if _is_being_cancelled():
                raise
            return self._failure(failed(self.run.flaw or error))
        if self.run.flaw is not None:
            return self._failure(failed(self.run.flaw))
        return Outcome(State.SUCCEEDED, text)

    def _failure(self, failed: StepFailed) -> Outcome:
        return Outcome(State.FAILED, failure=Failure.of(failed, self.around.masks.mask))

    def failed(self, error: BaseException, step: str) -> StepFailed:
        """Answer `error` as the failure of a step of this run."""
        step = step.partition("[")[0]
        return step_failed(error, step=step, identity=self.run.identity, run_id=self.run_id)

    async def remember(self, row: StepRow, outcome: Outcome, *, for_all_runs: bool = False) -> None:
        """Write the step's outcome, and tell listeners when it is durable."""
        if row.name in self.run.printing:
            await self.around.logs.settle(self.run_id, row.name)
        at = self.around.clock.now()
        once = None
        if for_all_runs:
            once = {
                "identity": self.run.identity,
                "name": row.name,
                "kind": row.kind,
                "result": outcome.result,
                "run_id": self.run_id,
                "done_at": at,
            }
        await self.around.journal.remember(self.run.begun.grip, row.ended(outcome, at), once)
        self.tell_step(row.name, outcome.state)

    def tell_step(self, step: str, state: State) -> None:
        """Tell listeners that a step's outcome is durable."""
        self.around.tell(StepEnded(self.run_id, self.run.identity, step, state))


async def _nothing() -> None:
    """Answer what a sleep does."""


def _pace(x: Any, options: StepOptions) -> tuple[Retry, timedelta | None]:
    """Answer how often a step is tried and how long each attempt may take."""
    acts = sort_of(x) in {Sort.ACTION, Sort.LONG_ACTION}
    retry, timeout = (x.retry, x.timeout) if acts else (ONCE, None)
    return options.get("retry", retry), options.get("timeout", timeout)


def _interrupted(known: StepRow | None) -> bool:
    """Answer whether a crash cut the step off while it ran, and not while it waited."""
    return known is not None and known.state is State.RUNNING


def _described(x: Any) -> tuple[str, str]:
    """Answer what a step is, and a fingerprint of what it was asked with."""
    if sort_of(x) is Sort.FUNCTION:
        return "function", ""
    kind = kind_of(x.__class__)
    return kind, fingerprint(kind, 0, x.model_dump_json())


def _outcome(row: StepRow) -> Outcome:
    return Outcome.stored(row.state, row.result, row.failure)


def _is_being_cancelled() -> bool:
    """Answer whether somebody cancels this task; a step may also raise a cancellation itself."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
