"""One mutating operation, the leaf of every run."""

from typing import Any, ClassVar

from resources.errors import InterruptedOnce
from resources.model.definition import Definition


class Action(Definition):
    """One operation on the world, with a typed result.

    The engine does it at least once: a crash between the operation and its record means
    that it is done again. Where that would do harm, set `repeatable = False`: the engine
    then writes down that it begins, and after a crash asks `interrupted()` instead.
    """

    repeatable: ClassVar[bool] = True

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
