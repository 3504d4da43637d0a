"""What a definition may ask of whoever runs it; the engine is the one that answers."""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeVar

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

CoroutineFunction = Callable[[], Awaitable[T]]


class Scope(Protocol):
    """One run's memory of its steps, bound to the definition that is being run."""

    async def do(self, name: str, x: Any, *, command: str | None, force: bool) -> Any:
        """Carry out a durable step once per run; see `Definition.do`."""

    def given(self, kind: type[T]) -> T:
        """Answer the process's object of that type; raise `NotGiven` where there is none."""

    def log(self, text: str) -> None:
        """Keep a piece of the output of the step in flight."""

    def last_good(self) -> dict[str, Any] | None:
        """Answer the arguments last brought about with success, or `None`."""


class Runs(Protocol[T_co]):
    """An action, as far as `do` needs to know its result."""

    async def run(self) -> T_co:
        """Carry out the action."""


class Defines(Protocol[T_co]):
    """A workflow, as far as `do` needs to know its result."""

    async def define(self) -> T_co:
        """Carry out the steps."""


class Outputs(Protocol[T_co]):
    """A resource, as far as `do` needs to know its result."""

    async def output(self) -> T_co:
        """Answer what others may know of the resource."""


class Plans(Protocol[T_co]):
    """A resource, as far as its plan's type is concerned."""

    async def define_plan(self) -> T_co:
        """Answer what would be done."""


class Cycles(Protocol[T_co]):
    """A resource, as far as the type of what its cycle finds is concerned."""

    async def define_cycle(self) -> T_co:
        """Answer where the world is not as desired."""
