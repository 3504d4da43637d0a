"""Named steps in an order that ordinary Python decides."""

from typing import Any

from resources.model.definition import Steps


class Workflow(Steps):
    """A coroutine of durable steps, run once.

    `define` must reach the same steps from the same results: what is read from the world
    (a clock, a random number, a file) is itself a step.
    """

    def identity(self) -> str | None:
        """Answer what two runs of this workflow must not work on at once, or `None`."""
        return None

    async def define(self) -> Any:
        """Carry out the steps, and answer the result."""
        raise NotImplementedError(f"{type(self).__name__} defines no define()")
