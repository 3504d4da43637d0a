"""One run's memory of its steps in a rehearsal: what `await self.do(...)` means there."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any, NamedTuple, Protocol, TypeVar

from resources.errors import NotRunning, OrbitsError, ReplayMismatch, StepFailed
from resources.model.branches import Branches
from resources.model.failure import Failure, step_failed
from resources.model.retry import ONCE, Retry
from resources.model.scope import StepOptions
from resources.model.sorts import Sort, sort_of
from resources.model.step_names import StepNames
from resources.model.time_limit import TimeLimit
from resources.model.values import ResultType, command_result_type, result_type
from resources.model.whole import Whole
from resources.secrets import Secret
from resources.testing.attempts import attempted, once_more
from resources.testing.crash import Moment
from resources.testing.intact import holds, is_intact
from resources.testing.journal import SIGNAL, Ending, Outcome, StepMemory, Wanted
from resources.testing.life import Life, LiveRun
from resources.testing.waits import signalled, slept

T = TypeVar("T")

Work = Callable[[StepMemory, StepMemory | None], Awaitable[Ending]]
"""Carries a step out; it gets what is remembered of it, if anything."""

Check = Callable[[Ending], Awaitable[bool]]


class DoesResources(Protocol):
    """What carries out a resource as a step."""

    async def as_step(
        self, asker: "RehearsedScope", step: StepMemory, x: Any, wanted: Wanted, *, force: bool
    ) -> Ending:
        """Answer what became of it; what is not a failure is remembered already."""


class _Asked(NamedTuple):
    """A step as its body asks for it; `given_name` is what its author called it."""

    name: str
    kind: str
    results: ResultType
    arguments: str = ""
    given_name: str | None = None


class RehearsedScope:
    """The scope of a hook or of a workflow's body, as the engine has one."""

    def __init__(
        self, run: LiveRun, life: Life, resources: DoesResources, prefix: str = ""
    ) -> None:
        self.run = run
        self.life = life
        self._resources = resources
        self._prefix = prefix
        self._names = StepNames(prefix, run.identity)
        self._branches = Branches(life.clock)

    @property
    def run_id(self) -> str:
        """The id of the run: `run-1` is the first of a rehearsal."""
        return self.run.memory.run_id

    def given(self, kind: type[T]) -> T:
        """Answer an object that the test gave."""
        return self.life.given(kind)

    def log(self, text: str) -> None:
        """Keep what the body itself prints."""
        self.print(self._prefix.rstrip("/"), text)

    def print(self, step: str, text: str) -> None:
        """Keep what a step prints."""
        self.life.print(self.run, step, text)

    def last_good(self) -> dict[str, Any] | None:
        """Answer the arguments last brought about with success."""
        return self.run.memory.last_good

    def whole(self) -> Whole | None:
        """Answer what the run is part of."""
        return self.run.whole

    async def reveal(self, secret: Secret) -> str:
        """Answer a secret's value, and mask it from now on."""
        return self.life.secrets.reveal(secret)

    async def recorded(self, resource: Any) -> Any:
        """Answer the recorded output of a resource, or `None`."""
        record = self.life.journal.records.get(resource.identity())
        if record is None or record.output is None:
            return None
        return result_type(resource).from_json(record.output)

    # Steps

    async def do(self, name: str, x: Any, command: str | None, options: StepOptions) -> Any:
        """Carry out a step once per run; see `Steps.do`."""
        if sort_of(x) is Sort.RESOURCE:
            return await self._do_resource(name, x, command, options)
        asked = self._asked(name, x)

        async def work(step: StepMemory, known: StepMemory | None) -> Ending:
            return await self.remember(step, await self._tried(x, asked, options, step, known))

        return await self._step(asked, work)

    async def _do_resource(
        self, name: str, x: Any, command: str | None, options: StepOptions
    ) -> Any:
        wanted = Wanted.of(x, command)
        force, timeout = options.get("force", False), options.get("timeout")

        async def attempt(step: StepMemory, _: StepMemory | None) -> Ending:
            try:
                self.life.secrets.masks.demand_none_in(
                    wanted.arguments, f"The arguments of `{step.name}`"
                )
                async with TimeLimit(timeout, step.name):
                    return await self._resources.as_step(self, step, x, wanted, force=force)
            except OrbitsError as error:
                return self.failed(error, step.name)

        async def work(step: StepMemory, known: StepMemory | None) -> Ending:
            ending = await attempted(self, step, known, options.get("retry", ONCE), attempt)
            failed = ending.outcome is Outcome.FAILED
            return await self.remember(step, ending) if failed else ending

        kind, results = f"{wanted.kind}.{wanted.command}", command_result_type(x, wanted.command)
        asked = _Asked(f"{name}[{wanted.identity}]", kind, results, wanted.fingerprint, name)
        return await self._step(asked, work, partial(self._still_there, x, wanted))

    async def _still_there(self, x: Any, wanted: Wanted, ending: Ending) -> bool:
        """Answer whether the world still has what a step is remembered to have brought about."""
        record = self.life.journal.records.get(wanted.identity)
        if ending.outcome is Outcome.FAILED or not holds(record, wanted):
            return True
        return await is_intact(x, self.log)

    async def once(self, name: str, x: Any, options: StepOptions) -> Any:
        """Carry out a step once per identity; see `Steps.once`."""
        if self.run.identity == self.run_id:
            raise NotRunning(
                f"`{name}` is to be done once for an identity, and this run has none. Give the "
                "workflow an `identity()`, or use `do`. Nothing was started."
            )
        asked = self._asked(name, x)
        done = self.life.journal.once

        async def work(step: StepMemory, known: StepMemory | None) -> Ending:
            before = done.get((self.run.identity, step.name))
            if before is not None and before[0] == step.kind:
                return await self.remember(step, Ending(Outcome.SUCCEEDED, before[1]))
            ending = await self._tried(x, asked, options, step, known)
            return await self.remember(step, ending, for_all_runs=True)

        return await self._step(asked, work)

    async def sleep(self, name: str, period: timedelta) -> None:
        """Wait, durably; see `Steps.sleep`."""

        async def work(step: StepMemory, known: StepMemory | None) -> Ending:
            return await self.remember(step, await slept(self, step, known, period))

        await self._step(_Asked(name, "sleep", ResultType(None, name)), work)

    async def wait_for(self, name: str, kind: Any, timeout: timedelta | None) -> Any:  # noqa: ASYNC109
        """Wait for a signal, durably; see `Steps.wait_for`."""
        results = ResultType(kind, f"the signal `{name}`")

        async def work(step: StepMemory, known: StepMemory | None) -> Ending:
            return await self.remember(step, await signalled(self, step, known, results, timeout))

        return await self._step(_Asked(name, SIGNAL, results), work)

    # One step

    def _asked(self, name: str, x: Any) -> _Asked:
        if sort_of(x) is Sort.FUNCTION:
            return _Asked(name, "function", result_type(x))
        kind = f"{type(x).__module__}:{type(x).__qualname__}"
        return _Asked(name, kind, result_type(x), x.model_dump_json())

    async def _tried(
        self,
        x: Any,
        asked: _Asked,
        options: StepOptions,
        step: StepMemory,
        known: StepMemory | None,
    ) -> Ending:
        acts = sort_of(x) in {Sort.ACTION, Sort.LONG_ACTION}
        retry: Retry = options.get("retry", x.retry if acts else ONCE)
        timeout = options.get("timeout", x.timeout if acts else None)
        again = partial(once_more, self, x, asked.results, timeout)
        return await attempted(self, step, known, retry, again)

    async def _step(self, asked: _Asked, work: Work, there: Check | None = None) -> Any:
        """Answer what is remembered of a step, or carry it out.

        What was done is done again where it is not `there` any more.
        """
        if self._branches.ended:
            raise NotRunning(
                f"{self.run.identity} asks for the step `{asked.name}` after its run has ended, so "
                "it could not be remembered. Await what you begin. Nothing was started."
            )
        key = self._names.key(asked.name, asked.given_name)
        known = self._remembered(key, asked)
        if known is not None and known.ending is not None:
            if there is None or await there(known.ending):
                return known.ending.answer(asked.results.from_json)
            known = None
        with self._branches.step():
            await self.life.reach(Moment.BEFORE, self.run, key)
            ending = await work(StepMemory(key, asked.kind, asked.arguments), known)
        return ending.answer(asked.results.from_json)

    def _remembered(self, key: str, asked: _Asked) -> StepMemory | None:
        known = self.run.memory.steps.get(key)
        if known is None or (known.kind == asked.kind and known.arguments == asked.arguments):
            return known
        changed = "another kind of step" if known.kind != asked.kind else "other arguments"
        raise self._flaw(
            f"remembers the step `{key}` as {known.kind}, and its code of today asks for "
            f"{changed} ({asked.kind}) under that name",
            key,
        )

    def _flaw(self, what: str, key: str) -> ReplayMismatch:
        flaw = ReplayMismatch(
            f"{self.run.identity} {what}. Its memory cannot be used: deploy the release that "
            f"began it, or do it again from there with `orbits retry {self.run_id} --from '{key}'`."
        )
        self.run.flaw = flaw
        return flaw

    def inner(self, step: str) -> "RehearsedScope":
        """Answer the scope of a workflow that is a step."""
        return RehearsedScope(self.run, self.life, self._resources, f"{step}/")

    def keep(self, step: StepMemory) -> None:
        """Remember a step as it stands, unless the process is dead."""
        if not self.life.over:
            self.life.journal.keep(self.run.memory, step)

    async def remember(
        self, step: StepMemory, ending: Ending, *, for_all_runs: bool = False
    ) -> Ending:
        """Write the step's end down, unless the process dies before or after it does."""
        await self.life.reach(Moment.IN, self.run, step.name)
        self.keep(replace(step, ending=ending))
        if for_all_runs and ending.outcome is Outcome.SUCCEEDED:
            self.life.journal.once[self.run.identity, step.name] = (step.kind, ending.result)
        await self.life.reach(Moment.AFTER, self.run, step.name)
        return ending

    def failed(self, error: BaseException, step: str) -> Ending:
        """Answer `error` as the failure of a step of this run."""
        failure = self.step_failed(error, step)
        return Ending(Outcome.FAILED, failure=Failure.of(failure, self.life.secrets.masks.mask))

    def step_failed(self, error: BaseException, step: str) -> StepFailed:
        """Answer what a step of this run raises for `error`."""
        step = step.partition("[")[0]
        return step_failed(error, step=step, identity=self.run.identity, run_id=self.run_id)

    # The body

    async def settled(self, body: Callable[[], Awaitable[T]]) -> T:
        """Answer what `body` answers, when the steps that it left going have ended as well.

        Raises `ReplayMismatch` where a step was done before a crash, and not asked for since.
        """
        result = await self._branches.settled(body)
        self._demand_all_asked_for()
        return result

    def _demand_all_asked_for(self) -> None:
        steps = self.run.memory.steps
        forgotten = self._names.forgotten(key for key, step in steps.items() if step.ending)
        if forgotten:
            raise self._flaw(
                f"remembers that the step `{forgotten[0]}` was done, and its code of today does "
                "not ask for it",
                forgotten[0],
            )
