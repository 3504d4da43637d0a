"""One run's memory of its steps: what `await self.do(...)` means.

A definition is bound to a `RunScope`, and an action to the `StepScope` of its step. Resources
are handed to `Commands`, as each is a run of its own.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from bot.engine.clock import Clock
from bot.engine.happenings import Listener, StepEnded, StepPrinted
from bot.engine.journal import Journal
from bot.engine.kinds import Wanted, fingerprint, kind_of
from bot.engine.locks import Node
from bot.engine.names import StepNames
from bot.engine.outcomes import Failure, Outcome, step_failed
from bot.engine.rows import Begun, StepRow
from bot.engine.values import ResultType, command_result_type, result_type
from bot.states import State
from resources.errors import NotGiven, NotRunning, ReplayMismatch, StepFailed
from resources.model.action import Action
from resources.model.resource import Resource
from resources.model.workflow import Workflow

T = TypeVar("T")


class Given:
    """The objects that the process offers to definitions, by type."""

    def __init__(self, *objects: object) -> None:
        self._objects = objects

    def get(self, kind: type[T]) -> T:
        """Answer the object of that type; raises `NotGiven`."""
        for candidate in self._objects:
            if isinstance(candidate, kind):
                return candidate
        raise NotGiven(
            f"A definition asks for a {kind.__name__}, which this process was not given. "
            "Whoever builds the engine passes it in."
        )


@dataclass(frozen=True)
class Surroundings:
    """What every scope of an engine shares."""

    journal: Journal
    clock: Clock
    given: Given
    tell: Listener


@dataclass(eq=False)
class LiveRun:
    """A run that goes on in this process."""

    begun: Begun
    identity: str
    node: Node
    last_good: dict[str, Any] | None = None
    flaw: Exception | None = None
    """An error that a workflow may not swallow, such as a memory that does not fit its code."""

    @property
    def run_id(self) -> str:
        """The run's id."""
        return self.begun.grip.run_id


class DoesResources(Protocol):
    """What carries out a resource as a step: a run of its own, shared with who asks the same."""

    async def as_step(
        self, parent: "RunScope", row: StepRow, resource: Resource, wanted: Wanted, *, force: bool
    ) -> Outcome:
        """Answer what became of it, after the parent's step was remembered."""


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
        self._in_flight: set[asyncio.Future[None]] = set()
        self._ended = False

    def given(self, kind: type[T]) -> T:
        """Answer an object of the process."""
        return self.around.given.get(kind)

    def log(self, text: str) -> None:
        """Tell listeners what the body itself prints."""
        step = self._prefix.rstrip("/")
        self.around.tell(StepPrinted(self.run.run_id, self.run.identity, step, text))

    def last_good(self) -> dict[str, Any] | None:
        """Answer the arguments last brought about with success."""
        return self.run.last_good

    async def do(
        self, name: str, x: Any, *, command: str | None = None, force: bool = False
    ) -> Any:
        """Carry out a step once per run; see `Definition.do`."""
        if self._ended:
            raise NotRunning(
                f"{self.run.identity} asks for the step `{name}` after its run has ended, so it "
                "could not be remembered. Await what you begin. Nothing was started."
            )
        key = self._names.key(name, x)
        settled: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._in_flight.add(settled)
        try:
            if isinstance(x, Resource):
                return await self._do_resource(key, x, command or x.digest(), force=force)
            return await self._do_here(key, x)
        finally:
            self._in_flight.discard(settled)
            settled.set_result(None)

    async def settled(self, body: Callable[[], Awaitable[T]]) -> T:
        """Answer what `body` answers, when the steps that it left going have ended as well.

        A failure in one branch of a `gather` leaves the others going: none outlives the run.
        Raises `ReplayMismatch` where a step was done before a restart, and not asked for since.
        """
        try:
            result = await body()
        finally:
            while self._in_flight and not _is_being_cancelled():
                await asyncio.wait(set(self._in_flight))
            self._ended = True
        self._demand_all_asked_for()
        return result

    def _demand_all_asked_for(self) -> None:
        memory = self.run.begun.memory
        forgotten = self._names.forgotten(key for key, row in memory.items() if row.finished)
        if forgotten:
            self.run.flaw = ReplayMismatch(
                f"{self.run.identity} remembers that the step `{forgotten[0]}` was done, and its "
                "code of today does not ask for it. Its memory cannot be used: deploy the release "
                f"that began it, or start it anew. (run {self.run.run_id})"
            )
            raise self.run.flaw

    async def _do_resource(self, key: str, x: Resource, command: str, *, force: bool) -> Any:
        wanted = Wanted.of(x, command, x.identity())
        remembered = self._remembered(key, *_described_resource(wanted))
        results = command_result_type(x, command)
        if remembered is not None and remembered.finished:
            return _outcome(remembered).answer(results.from_json)
        row = StepRow.begun(key, *_described_resource(wanted), self.around.clock.now())
        outcome = await self._resources.as_step(self, row, x, wanted, force=force)
        return outcome.answer(results.from_json)

    async def _do_here(self, key: str, x: Any) -> Any:
        kind, print_of_x = _described(x)
        remembered = self._remembered(key, kind, print_of_x)
        results = result_type(x)
        if remembered is not None and remembered.finished:
            return _outcome(remembered).answer(results.from_json)
        row = StepRow.begun(key, kind, print_of_x, self.around.clock.now())
        try:
            result = await self._carry_out(row, x, interrupted=remembered is not None)
            text = results.to_json(result)
        except (Exception, asyncio.CancelledError, SystemExit) as error:
            if _is_being_cancelled():
                raise
            failed = self.failed(error, key)
            await self.remember(row, Outcome(State.FAILED, failure=Failure.of(failed)))
            if failed is error:
                raise
            raise failed from error
        await self.remember(row, Outcome(State.SUCCEEDED, text))
        return result if results.exact else results.from_json(text)

    async def _carry_out(self, row: StepRow, x: Any, *, interrupted: bool) -> Any:
        if isinstance(x, Action):
            return await self._act(row, x, interrupted=interrupted)
        if isinstance(x, Workflow):
            inner = RunScope(self.run, self.around, self._resources, f"{row.name}/")
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

    def _remembered(self, key: str, kind: str, print_of_x: str) -> StepRow | None:
        row = self.run.begun.memory.get(key)
        if row is None or (row.kind == kind and row.fingerprint == print_of_x):
            return row
        changed = "another kind of step" if row.kind != kind else "other arguments"
        self.run.flaw = ReplayMismatch(
            f"{self.run.identity} remembers the step `{key}` as {row.kind}, and its code of today "
            f"asks for {changed} ({kind}) under that name. Its memory cannot be used: deploy the "
            f"release that began it, or start it anew. (run {self.run.run_id})"
        )
        raise self.run.flaw

    async def outcome_of(
        self,
        body: Callable[[], Awaitable[Any]],
        results: Callable[[], ResultType],
        failed: Callable[[BaseException], StepFailed],
    ) -> Outcome:
        """Answer what became of the whole body of a run; `failed` names its own failures."""
        try:
            result = await self.settled(body)
            text = results().to_json(result)
        except (Exception, asyncio.CancelledError, SystemExit) as error:
            if _is_being_cancelled():
                raise
            return Outcome(State.FAILED, failure=Failure.of(failed(error)))
        if self.run.flaw is not None:
            return Outcome(State.FAILED, failure=Failure.of(failed(self.run.flaw)))
        return Outcome(State.SUCCEEDED, text)

    def failed(self, error: BaseException, step: str) -> StepFailed:
        """Answer `error` as the failure of a step of this run."""
        step = step.partition("[")[0]
        return step_failed(error, step=step, identity=self.run.identity, run_id=self.run.run_id)

    async def remember(self, row: StepRow, outcome: Outcome) -> None:
        """Write the step's outcome, and tell listeners when it is durable."""
        ended = row.ended(outcome, self.around.clock.now())
        await self.around.journal.remember(self.run.begun.grip, ended)
        self.tell_step(row.name, outcome.state)

    def tell_step(self, step: str, state: State) -> None:
        """Tell listeners that a step's outcome is durable."""
        self.around.tell(StepEnded(self.run.run_id, self.run.identity, step, state))


class StepScope:
    """The scope of an action: it may print and ask what it was given, and has no steps."""

    def __init__(self, scope: RunScope, step: str) -> None:
        self._scope = scope
        self._step = step

    async def do(
        self, name: str, x: Any, *, command: str | None = None, force: bool = False
    ) -> Any:
        """Refuse: an action is a leaf."""
        raise NotRunning(
            f"The action of step `{self._step}` asks for the step `{name}`: an action has no steps "
            "of its own. Make it a workflow."
        )

    def given(self, kind: type[T]) -> T:
        """Answer an object of the process."""
        return self._scope.given(kind)

    def log(self, text: str) -> None:
        """Tell listeners what the step prints."""
        run = self._scope.run
        self._scope.around.tell(StepPrinted(run.run_id, run.identity, self._step, text))

    def last_good(self) -> dict[str, Any] | None:
        """An action has no recorded state."""
        return None


def _described(x: Any) -> tuple[str, str]:
    """Answer what a step is, and a fingerprint of what it was asked with."""
    if isinstance(x, (Action, Workflow)):
        kind = kind_of(type(x))
        return kind, fingerprint(kind, 0, x.model_dump_json())
    return "function", ""


def _described_resource(wanted: Wanted) -> tuple[str, str]:
    return f"{wanted.kind}.{wanted.command}", wanted.fingerprint


def _outcome(row: StepRow) -> Outcome:
    return Outcome.stored(row.state, row.result, row.failure)


def _is_being_cancelled() -> bool:
    """Answer whether somebody cancels this task; a step may also raise a cancellation itself."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
