"""What actions, workflows and resources share: typed arguments, and a scope while they run."""

from datetime import timedelta
from typing import Any, ClassVar, Literal, Self, TypeVar, Unpack, overload

from pydantic import BaseModel, ConfigDict

from resources.errors import NotRunning
from resources.model.scope import (
    Checks,
    CoroutineFunction,
    Cycles,
    Defines,
    Outputs,
    Plans,
    Runs,
    Scope,
    StepOptions,
)
from resources.secrets import Secret

T = TypeVar("T")


class Definition(BaseModel):
    """Typed arguments and what to do with them.

    The arguments are pydantic fields. They are stored as JSON and read back after a
    restart, so they hold no secret, no open file and no connection.
    """

    # A slot and no private field: it is no part of what the definition is, and read at each step.
    __slots__ = ("_scope",)

    model_config = ConfigDict(frozen=True, extra="forbid")

    def bound_to(self, scope: Scope) -> Self:
        """Answer a copy that runs in `scope`; for the engine."""
        bound = self.model_copy()
        object.__setattr__(bound, "_scope", scope)
        return bound

    @property
    def scope(self) -> Scope:
        """The scope in which this definition runs; raises `NotRunning` outside a run."""
        try:
            scope: Scope = object.__getattribute__(self, "_scope")
        except AttributeError:
            raise NotRunning(
                f"{type(self).__name__} is not running, so it has no steps and nobody to ask. "
                "Pass it to `self.do(name, ...)` of a workflow, or to the engine. What a resource "
                "answered when it was last brought about is `await self.recorded(resource)`."
            ) from None
        return scope

    def given(self, kind: type[T]) -> T:
        """Answer the object of type `kind` that the process was given when it was built.

        For what is not an argument because it cannot be stored: a client, a cache, a store.
        Raises `NotGiven` where there is none.
        """
        return self.scope.given(kind)

    async def reveal(self, secret: Secret) -> str:
        """Answer the value of a secret; it is never stored, and masked where it is printed.

        Raises `SecretNotFound`.
        """
        return await self.scope.reveal(secret)

    @property
    def run_id(self) -> str:
        """The id of the run in which this definition is carried out."""
        return self.scope.run_id

    def log(self, text: str) -> None:
        """Add `text` to the log of the step in flight."""
        self.scope.log(text)


class Steps(Definition):
    """A definition that is made of durable steps."""

    deadline: ClassVar[timedelta | None] = None
    """How long a run may take from when it was asked for, crashes included."""

    @overload
    async def do(self, name: str, x: Checks[T], **options: Unpack[StepOptions]) -> T: ...
    @overload
    async def do(self, name: str, x: Runs[T], **options: Unpack[StepOptions]) -> T: ...
    @overload
    async def do(self, name: str, x: Defines[T], **options: Unpack[StepOptions]) -> T: ...
    @overload
    async def do(self, name: str, x: Outputs[T], **options: Unpack[StepOptions]) -> T: ...
    @overload
    async def do(self, name: str, x: CoroutineFunction[T], **options: Unpack[StepOptions]) -> T: ...
    @overload
    async def do(
        self,
        name: str,
        x: Outputs[T],
        *,
        command: Literal["rollback"],
        **options: Unpack[StepOptions],
    ) -> T: ...
    @overload
    async def do(
        self, name: str, x: Plans[T], *, command: Literal["plan"], **options: Unpack[StepOptions]
    ) -> T: ...
    @overload
    async def do(
        self, name: str, x: Cycles[T], *, command: Literal["cycle"], **options: Unpack[StepOptions]
    ) -> T: ...
    @overload
    async def do(
        self, name: str, x: Any, *, command: str, **options: Unpack[StepOptions]
    ) -> Any: ...

    async def do(
        self, name: str, x: Any, *, command: str | None = None, **options: Unpack[StepOptions]
    ) -> Any:
        """Carry out `x` as the durable step `name`, and answer its result.

        `x` is an action, a workflow, a resource (`command` names one of its commands; without
        it `digest()` decides) or a coroutine function of no arguments. The step is done once
        per run: after a restart the recorded result, or the recorded failure, comes back.
        `force` does what is up to date as well; `retry` tries again what failed; `timeout` is
        how long one attempt may take.

        Steps are remembered by name. `asyncio.gather` of steps is fine. A name may return in
        a loop: the identity of the resource, or the number of the turn, tells them apart.

        Raises:
            StepFailed: the step failed, now or before a restart.
            AmbiguousStep: another step of this name is going on in another task.
            WaitsForItself: the step would wait for a run that waits for this one.
        """
        return await self.scope.do(name, self.transform(name, x), command, options)

    def transform(self, name: str, x: Any) -> Any:
        """Answer what is done as the step `name` in place of `x`.

        The place where a class changes single steps of the class that it is derived from,
        such as the executor of a script. It is asked in every replay, so it must answer the same.
        """
        return x

    async def once(
        self, name: str, x: CoroutineFunction[T] | Runs[T], **options: Unpack[StepOptions]
    ) -> T:
        """Carry out `x` once for this identity, in whichever run comes first.

        Later runs get its recorded result, until the resource is uninstalled. A failure is
        not recorded for them: they try again.
        """
        result: T = await self.scope.once(name, self.transform(name, x), options)
        return result

    async def sleep(self, name: str, period: timedelta) -> None:
        """Wait, and hold no place of a worker meanwhile; a restart does not begin it anew."""
        await self.scope.sleep(name, period)

    async def wait_for(
        self,
        name: str,
        kind: type[T],
        timeout: timedelta | None = None,  # noqa: ASYNC109 (durable: counted across restarts)
    ) -> T:
        """Wait until somebody sends the signal `name` to this run, and answer what it holds.

        `kind` is what it must hold: a pydantic model, a dataclass or a plain JSON type.
        Raises `StepFailed` caused by `TimedOut` when `timeout` has passed since it began.
        """
        answer: T = await self.scope.wait_for(name, kind, timeout)
        return answer

    async def recorded(self, resource: Outputs[T]) -> T | None:
        """Answer the output that `resource` was last brought about with; `None`: never.

        For a plan or a cycle, which look at what there is. It is no step: what follows from
        it in a command that changes something belongs in one.
        """
        answer: T | None = await self.scope.recorded(resource)
        return answer
