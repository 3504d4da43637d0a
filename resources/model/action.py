"""One mutating operation, the leaf of every run."""

from datetime import timedelta
from typing import Any, ClassVar

from resources.errors import InterruptedOnce, NotRunning
from resources.model.definition import Definition
from resources.model.retry import ONCE, Retry
from resources.model.step_scope import StepScope


class Action(Definition):
    """One operation on the world, with a typed result.

    The engine does it at least once: a crash between the operation and its record means
    that it is done again. Where that would do harm, set `repeatable = False`: the engine
    then writes down that it begins, and after a crash asks `interrupted()` instead.
    """

    repeatable: ClassVar[bool] = True
    retry: ClassVar[Retry] = ONCE
    """How often it is tried, unless the step that does it says otherwise."""
    timeout: ClassVar[timedelta | None] = None
    """How long one attempt may take, unless the step that does it says otherwise."""

    @property
    def script_key(self) -> str:
        """The `Script.key` for the one script of this step, by which a restart finds it again.

        Raises `NotRunning` where it is not carried out as a step.
        """
        if not isinstance(self.scope, StepScope):
            raise NotRunning(
                f"{type(self).__name__} is not carried out as a step, so a script of it has no key "
                "by which it could be found again. Pass it to `self.do(name, ...)`."
            )
        return self.scope.script_key

    async def run(self) -> Any:
        """Do it, and answer the result; its annotation is how the result is read back."""
        raise NotImplementedError(f"{type(self).__name__} defines no run()")

    async def interrupted(self) -> Any:
        """Answer the result of a `run()` that a crash cut off, for what may not be repeated.

        Look at the world: where the operation took place, answer its result; where it did
        not, call `run()`. Raises `InterruptedOnce` where that cannot be told.
        """
        raise InterruptedOnce(
            f"{type(self).__name__} was cut off while it ran, may not be repeated, and does not "
            "define `interrupted()` to find out what became of it. Look at what it works on, "
            "put it right by hand, and retry."
        )


class LongAction(Action):
    """An operation that goes on elsewhere: begun here, then asked about until it is done.

        class OpenAccount(LongAction):
            name: str

            async def start(self) -> str: ...
            async def check(self, handle: str) -> Account | Pending: ...

    What `start()` answers is remembered, and handed to `check()`, also after a crash: it is
    never started twice. Where a crash came between `start()` and its record, `interrupted()`
    is asked for the handle, or `start()` is called again if it is `repeatable`. `timeout` is
    counted from the start, crashes included.
    """

    repeatable: ClassVar[bool] = False
    check_every: ClassVar[timedelta] = timedelta(seconds=10)

    async def start(self) -> Any:
        """Begin it, and answer a handle by which it can be asked about."""
        raise NotImplementedError(f"{type(self).__name__} defines no start()")

    async def check(self, handle: Any) -> Any:
        """Answer the result, or `Pending`; raise where it has failed."""
        raise NotImplementedError(f"{type(self).__name__} defines no check()")
