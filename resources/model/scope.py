"""What a definition may ask of whoever runs it; the engine is the one that answers."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, Protocol, TypedDict, TypeVar

from resources.model.pending import Pending
from resources.model.retry import Retry
from resources.model.whole import Whole
from resources.secrets import Secret

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

CoroutineFunction = Callable[[], Awaitable[T]]


class StepOptions(TypedDict, total=False):
    """How a step is carried out: `force` does what is up to date as well."""

    force: bool
    retry: Retry
    timeout: timedelta


class Scope(Protocol):
    """One run's memory of its steps, bound to the definition that is being run."""

    @property
    def run_id(self) -> str:
        """The id of the run."""

    async def do(self, name: str, x: Any, command: str | None, options: StepOptions) -> Any:
        """Carry out a durable step once per run; see `Steps.do`."""

    async def once(self, name: str, x: Any, options: StepOptions) -> Any:
        """Carry out a durable step once per identity; see `Steps.once`."""

    async def sleep(self, name: str, period: timedelta) -> None:
        """Wait, durably; see `Steps.sleep`."""

    async def wait_for(self, name: str, kind: Any, timeout: timedelta | None) -> Any:  # noqa: ASYNC109
        """Wait for a signal, durably; see `Steps.wait_for`."""

    async def recorded(self, resource: Any) -> Any:
        """Answer the recorded output of a resource, or `None`."""

    async def reveal(self, secret: Secret) -> str:
        """Answer a secret's value."""

    def given(self, kind: type[T]) -> T:
        """Answer the process's object of that type; raise `NotGiven` where there is none."""

    def log(self, text: str) -> None:
        """Keep a piece of the output of the step in flight."""

    def last_good(self) -> dict[str, Any] | None:
        """Answer the arguments last brought about with success, or `None`."""

    def whole(self) -> Whole | None:
        """Answer what the run is part of, or `None` where that is no resource."""


class Checks(Protocol[T_co]):
    """A long action, as far as `do` needs to know its result."""

    async def check(self, handle: Any) -> T_co | Pending:
        """Answer the result, or that there is none yet."""


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
