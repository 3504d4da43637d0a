"""The scope of an action: it may print and ask what it was given, and has no steps."""

import re
from datetime import timedelta
from hashlib import sha256
from typing import Any, Protocol, TypeVar

from resources.errors import NotRunning
from resources.model.scope import StepOptions
from resources.model.whole import Whole
from resources.secrets import Secret

T = TypeVar("T")

SHOWN_OF_A_STEP = 50
_NOT_IN_KEYS = re.compile(r"[^A-Za-z0-9_.-]")


class Asking(Protocol):
    """The run whose step the action is."""

    @property
    def run_id(self) -> str:
        """The id of the run."""

    def given(self, kind: type[T]) -> T:
        """Answer an object of the process."""

    def print(self, step: str, text: str) -> None:
        """Keep what a step prints."""

    async def recorded(self, resource: Any) -> Any:
        """Answer the recorded output of a resource, or `None`."""

    async def reveal(self, secret: Secret) -> str:
        """Answer a secret's value."""

    def whole(self) -> Whole | None:
        """Answer what the run is part of."""


class StepScope:
    """What an action may ask for while it runs, under the name of its step.

    `among` tells its run from those of others that have the same id.
    """

    def __init__(self, scope: Asking, step: str, among: str = "") -> None:
        self._scope = scope
        self._step = step
        self._among = among

    @property
    def run_id(self) -> str:
        """The id of the run."""
        return self._scope.run_id

    @property
    def script_key(self) -> str:
        """What `Script.key` may be for the step: another for each, the same after a restart."""
        which = "\0".join((self._among, self.run_id, self._step))
        shown = _NOT_IN_KEYS.sub("-", self._step)[:SHOWN_OF_A_STEP]
        return f"{sha256(which.encode()).hexdigest()[:32]}.{shown}"

    async def do(self, name: str, x: Any, command: str | None, options: StepOptions) -> Any:
        """Refuse: an action is a leaf."""
        raise self._has_no_steps(name)

    async def once(self, name: str, x: Any, options: StepOptions) -> Any:
        """Refuse: an action is a leaf."""
        raise self._has_no_steps(name)

    async def sleep(self, name: str, period: timedelta) -> None:
        """Refuse: an action is a leaf."""
        raise self._has_no_steps(name)

    async def wait_for(self, name: str, kind: Any, timeout: timedelta | None) -> Any:  # noqa: ASYNC109
        """Refuse: an action is a leaf."""
        raise self._has_no_steps(name)

    async def recorded(self, resource: Any) -> Any:
        """Answer the recorded output of a resource, or `None`."""
        return await self._scope.recorded(resource)

    async def reveal(self, secret: Secret) -> str:
        """Answer a secret's value, and mask it from now on."""
        return await self._scope.reveal(secret)

    def given(self, kind: type[T]) -> T:
        """Answer an object of the process."""
        return self._scope.given(kind)

    def log(self, text: str) -> None:
        """Keep what the step prints."""
        self._scope.print(self._step, text)

    def last_good(self) -> dict[str, Any] | None:
        """An action has no recorded state."""
        return None

    def whole(self) -> Whole | None:
        """Answer what the run is part of whose step it is."""
        return self._scope.whole()

    def _has_no_steps(self, name: str) -> NotRunning:
        return NotRunning(
            f"The action of step `{self._step}` asks for the step `{name}`: an action has no steps "
            "of its own. Make it a workflow."
        )
