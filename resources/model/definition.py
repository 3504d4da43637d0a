"""What actions, workflows and resources share: typed arguments, and a scope while they run."""

from typing import Any, Literal, Self, TypeVar, overload

from pydantic import BaseModel, ConfigDict

from resources.errors import NotRunning
from resources.model.scope import CoroutineFunction, Cycles, Defines, Outputs, Plans, Runs, Scope

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
                f"{type(self).__name__} is not running, so its steps cannot be remembered. "
                "Pass it to `self.do(name, ...)` of a workflow, or to the engine."
            ) from None
        return scope

    def given(self, kind: type[T]) -> T:
        """Answer the object of type `kind` that the process was given when it was built.

        For what is not an argument because it cannot be stored: a client, a cache, a store.
        Raises `NotGiven` where there is none.
        """
        return self.scope.given(kind)

    def log(self, text: str) -> None:
        """Add `text` to the log of the step in flight."""
        self.scope.log(text)


class Steps(Definition):
    """A definition that is made of durable steps."""

    @overload
    async def do(self, name: str, x: Runs[T], *, force: bool = False) -> T: ...
    @overload
    async def do(self, name: str, x: Defines[T], *, force: bool = False) -> T: ...
    @overload
    async def do(self, name: str, x: Outputs[T], *, force: bool = False) -> T: ...
    @overload
    async def do(self, name: str, x: CoroutineFunction[T], *, force: bool = False) -> T: ...
    @overload
    async def do(
        self, name: str, x: Outputs[T], *, command: Literal["rollback"], force: bool = False
    ) -> T: ...
    @overload
    async def do(
        self, name: str, x: Plans[T], *, command: Literal["plan"], force: bool = False
    ) -> T: ...
    @overload
    async def do(
        self, name: str, x: Cycles[T], *, command: Literal["cycle"], force: bool = False
    ) -> T: ...
    @overload
    async def do(self, name: str, x: Any, *, command: str, force: bool = False) -> Any: ...

    async def do(
        self, name: str, x: Any, *, command: str | None = None, force: bool = False
    ) -> Any:
        """Carry out `x` as the durable step `name`, and answer its result.

        `x` is an action, a workflow, a resource (`command` names one of its commands; without
        it `digest()` decides) or a coroutine function of no arguments. The step is done once
        per run: after a restart the recorded result, or the recorded failure, comes back.
        `force` does what is up to date as well.

        Steps are remembered by name. `asyncio.gather` of steps is fine. A name may return in
        a loop: the identity of the resource, or the number of the turn, tells them apart.

        Raises:
            StepFailed: the step failed, now or before a restart.
            AmbiguousStep: another step of this name is going on in another task.
            WaitsForItself: the step would wait for a run that waits for this one.
        """
        return await self.scope.do(name, x, command=command, force=force)
